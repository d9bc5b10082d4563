/**
 * Apache Kafka's own console tools, as people run them, and through them its Java client. A tool
 * takes half a second to a second, most of it the start of its virtual machine.
 */
import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { leaveNothing } from "../e2e/support/leave-nothing.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { KafkaBroker } from "./support/kafka-broker.ts";
import { endPrograms, output, Program, runProgram } from "./support/program.ts";
import { kit } from "./support/kits.ts";

leaveNothing();
endPrograms();

const packages = await kit("java");
const isThere = "folder" in packages;
const register = skipUnless(isThere, isThere ? "" : packages.missing);
/** For a dozen tools, one after another, on a machine that is busy. */
const testJava = (name: string, body: () => Promise<void>): void => register(name, body, 120_000);
const jars = isThere ? join(packages.folder, "lib", "*") : "";

/** A tool by its class, below `org.apache.kafka.tools` unless it has a package of its own. */
function tool(broker: KafkaBroker, name: string, ...args: string[]): string[] {
  const machine = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"];
  const className = name.startsWith("kafka.") ? name : `org.apache.kafka.tools.${name}`;
  return [
    "java",
    ...machine,
    "-cp",
    jars,
    className,
    "--bootstrap-server",
    broker.address,
    ...args,
  ];
}

const topics = "TopicCommand";
const configs = "kafka.admin.ConfigCommand";
const groups = "consumer.group.ConsumerGroupCommand";
const consoleConsumer = "consumer.ConsoleConsumer";

/** The words of each line. */
const wordsIn = (text: string): string[][] =>
  text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));

const numbered = (count: number): string =>
  Array.from({ length: count }, (_, at) => `key${at}:value${at}\n`).join("");

/** With keys, into partitions that the keys say. */
async function produce(broker: KafkaBroker, stdin: string, ...args: string[]): Promise<void> {
  const properties = ["--reader-property", "parse.key=true"];
  const separator = ["--reader-property", "key.separator=:"];
  const command = tool(broker, "ConsoleProducer", "--topic", "orders", ...properties, ...separator);
  await output([...command, ...args], { stdin });
}

for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"] as const) {
  testJava(`Java: console producer and consumer, compressed with ${codec}`, async () => {
    await using broker = await KafkaBroker.start();
    await produce(broker, numbered(100), "--compression-codec", codec);
    const key = ["--formatter-property", "print.key=true"];
    const all = ["--from-beginning", "--max-messages", "100"];
    const text = await output(tool(broker, consoleConsumer, "--topic", "orders", ...key, ...all));
    expect(text).toBe(numbered(100).replaceAll(":", "\t"));
    expect(broker.codecs("orders")).toEqual([codec]);
  });
}

testJava("Java: headers, null keys and null values", async () => {
  await using broker = await KafkaBroker.start();
  const properties = ["parse.headers=true", "parse.key=true", "null.marker=NULL"];
  const reader = properties.flatMap((each) => ["--reader-property", each]);
  const stdin = "trace:1,other:2\tkey\tvalue\nNULL\tNULL\tNULL\n";
  await output(tool(broker, "ConsoleProducer", "--topic", "orders", ...reader), { stdin });
  const printed = ["print.headers=true", "print.key=true", "null.literal=NULL"];
  const formatter = printed.flatMap((each) => ["--formatter-property", each]);
  const all = ["--from-beginning", "--max-messages", "2"];
  const command = tool(broker, consoleConsumer, "--topic", "orders", ...formatter, ...all);
  expect(await output(command)).toBe("trace:1,other:2\tkey\tvalue\nNO_HEADERS\tNULL\tNULL\n");
});

testJava("Java: topics are created, described, grown, listed and deleted", async () => {
  await using broker = await KafkaBroker.start();
  const named = ["--topic", "orders"];
  const kept = ["--config", "retention.ms=100000"];
  await output(tool(broker, topics, "--create", ...named, "--partitions", "2", ...kept));
  const again = await runProgram(tool(broker, topics, "--create", ...named));
  expect([again.code, again.stdout]).toEqual([1, expect.stringContaining("exists")]);
  await output(tool(broker, topics, "--alter", ...named, "--partitions", "4"));
  const described = await output(tool(broker, topics, "--describe", ...named));
  expect(described).toContain("PartitionCount: 4\tReplicationFactor: 1");
  expect(described).toContain("Configs: retention.ms=100000");
  expect(described.match(/Leader: 1\tReplicas: 1\tIsr: 1/g)?.length).toBe(4);
  expect(await output(tool(broker, topics, "--list"))).toBe("orders\n");
  await output(tool(broker, topics, "--delete", ...named));
  expect((await output(tool(broker, topics, "--list"))).trim()).toBe("");
});

testJava("Java: configurations are described, altered, refused and taken back", async () => {
  await using broker = await KafkaBroker.start();
  await output(tool(broker, topics, "--create", "--topic", "orders"));
  const named = ["--entity-type", "topics", "--entity-name", "orders"];
  const alter = (...args: string[]): string[] =>
    tool(broker, configs, "--alter", ...named, ...args);
  await output(alter("--add-config", "retention.ms=100000,cleanup.policy=[compact,delete]"));
  const described = await output(tool(broker, configs, "--describe", ...named));
  expect(described).toContain("retention.ms=100000 sensitive=false");
  expect(described).toContain("cleanup.policy=compact,delete sensitive=false");
  for (const refused of ["retention.ms=soon", "no.such.thing=1"]) {
    const ended = await runProgram(alter("--add-config", refused));
    expect([ended.code, ended.stdout + ended.stderr]).toEqual([
      1,
      expect.stringContaining("InvalidConfigurationException"),
    ]);
  }
  await output(alter("--delete-config", "retention.ms,cleanup.policy"));
  const plain = await output(tool(broker, configs, "--describe", ...named));
  expect(plain).toBe("Dynamic configs for topic orders are:\n");
});

testJava("Java: a group's lag, its members, and its offsets set back", async () => {
  await using broker = await KafkaBroker.start("--partitions", "2");
  await produce(broker, numbered(100));
  const group = ["--group", "workers"];
  const read = ["--topic", "orders", "--from-beginning", ...group];
  await using member = new Program(tool(broker, consoleConsumer, ...read));
  await until(() => member.stdout.split("\n").length > 100);
  const members = await output(tool(broker, groups, "--describe", ...group, "--members"));
  expect(wordsIn(members).at(-1)?.slice(-1)).toEqual(["2"]);
  const state = await output(tool(broker, groups, "--describe", ...group, "--state"));
  expect(wordsIn(state).at(-1)?.slice(-3)).toEqual(["range", "Stable", "1"]);
  await member.end();
  const lags = async (): Promise<number> => {
    const rows = wordsIn(await output(tool(broker, groups, "--describe", ...group)));
    const found = rows.filter(([name, topic]) => name === "workers" && topic === "orders");
    expect(found.length).toBe(2);
    return found.reduce((sum, row) => sum + Number(row[5]), 0);
  };
  expect(await lags()).toBe(0);
  const reset = (...to: string[]): Promise<string> =>
    output(
      tool(broker, groups, ...group, "--topic", "orders", "--reset-offsets", ...to, "--execute"),
    );
  await reset("--to-earliest");
  expect(await lags()).toBe(100);
  await reset("--shift-by", "10");
  expect(await lags()).toBe(80);
  await reset("--to-datetime", "2099-01-01T00:00:00.000");
  expect(await lags()).toBe(0);
  await reset("--to-offset", "5");
  expect(await lags()).toBe(90);
  expect(await output(tool(broker, groups, "--list"))).toBe("workers\n");
  await output(tool(broker, groups, ...group, "--topic", "orders", "--delete-offsets"));
  await output(tool(broker, groups, ...group, "--delete"));
  expect((await output(tool(broker, groups, "--list"))).trim()).toBe("");
});

testJava(
  "Java: verifiable producer and two verifiable consumers, one of which leaves",
  async () => {
    await using broker = await KafkaBroker.start("--partitions", "4");
    await output(tool(broker, topics, "--create", "--topic", "orders"));
    const read = ["--topic", "orders", "--group-id", "workers", "--reset-policy", "earliest"];
    const consumer = (): Program => new Program(tool(broker, "VerifiableConsumer", ...read));
    await using first = consumer();
    await until(() => assigned(first) === 4);
    await using second = consumer();
    await until(() => assigned(first) === 2 && assigned(second) === 2);
    const write = ["--topic", "orders", "--max-messages", "20000", "--acks", "-1"];
    const written = await output(tool(broker, "VerifiableProducer", ...write));
    expect(written).toContain('"acked":20000');
    await until(() => consumed(first) + consumed(second) === 20_000);
    expect((await second.end()).code).toBe(143);
    await until(() => assigned(first) === 4);
    expect((await first.end()).code).toBe(143);
    expect(consumed(first) + consumed(second)).toBe(20_000);
  },
);

/** What a verifiable consumer says of itself, a line of JSON each time. */
const saidBy = (program: Program, name: string): Record<string, unknown>[] =>
  program.stdout
    .split("\n")
    .slice(0, -1)
    .filter((line) => line.includes(`"name":"${name}"`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const assigned = (consumer: Program): number =>
  (saidBy(consumer, "partitions_assigned").at(-1)?.["partitions"] as unknown[] | undefined)
    ?.length ?? 0;

const consumed = (consumer: Program): number =>
  saidBy(consumer, "records_consumed").reduce((sum, line) => sum + Number(line["count"]), 0);

testJava("Java: performance tools write and read 200,000 records", async () => {
  await using broker = await KafkaBroker.start();
  const load = ["--topic", "orders", "--num-records", "200000"];
  const shape = ["--record-size", "100", "--throughput", "-1"];
  const settings = ["--command-property", "acks=all"];
  const written = await output(tool(broker, "ProducerPerformance", ...load, ...shape, ...settings));
  expect(written).toContain("200000 records sent");
  // It takes what it has got as all there is once nothing came for so many milliseconds.
  const patience = ["--timeout", "120000"];
  const read = await output(tool(broker, "ConsumerPerformance", ...load, ...patience));
  expect(Number(read.trim().split("\n").at(-1)?.split(", ")[4])).toBe(200_000);
});

testJava("Java: offsets are listed, records deleted, log directories described", async () => {
  await using broker = await KafkaBroker.start();
  await produce(broker, numbered(10));
  using directory = temporaryDirectory();
  const file = join(directory.path, "offsets.json");
  const partitions = [{ topic: "orders", partition: 0, offset: 4 }];
  writeFileSync(file, JSON.stringify({ version: 1, partitions }));
  const deleted = await output(tool(broker, "DeleteRecordsCommand", "--offset-json-file", file));
  expect(deleted).toContain("partition: orders-0\tlow_watermark: 4");
  const offset = (time: string): Promise<string> =>
    output(tool(broker, "GetOffsetShell", "--topic", "orders", "--time", time));
  expect(await offset("earliest")).toBe("orders:0:4\n");
  expect(await offset("latest")).toBe("orders:0:10\n");
  const directories = await output(tool(broker, "LogDirsCommand", "--describe"));
  expect(directories).toContain('"partition":"orders-0"');
});

testJava("Java: endpoints, the quorum, and producers are described", async () => {
  await using broker = await KafkaBroker.start();
  await produce(broker, numbered(10));
  const [java = "", ...rest] = tool(broker, "ClusterTool");
  const at = rest.indexOf("--bootstrap-server");
  const endpoints = [java, ...rest.slice(0, at), "list-endpoints", ...rest.slice(at)];
  expect(
    wordsIn(await output(endpoints))
      .at(-1)
      ?.slice(0, 2),
  ).toEqual(["1", "127.0.0.1"]);
  const quorum = await output(tool(broker, "MetadataQuorumCommand", "describe", "--status"));
  expect(quorum).toMatch(/LeaderId: +1\n/);
  const producing = ["describe-producers", "--topic", "orders", "--partition", "0"];
  const producers = await output(tool(broker, "TransactionsCommand", ...producing));
  expect(wordsIn(producers).at(-1)?.slice(1, 4)).toEqual(["0", "-1", "9"]);
});

testJava("Java: what the broker can't do is said by name", async () => {
  await using broker = await KafkaBroker.start();
  const ended = await runProgram(tool(broker, "AclCommand", "--list"));
  expect([ended.code, ended.stdout]).toEqual([1, expect.stringContaining("DESCRIBE_ACLS")]);
});
