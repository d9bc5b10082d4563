import { expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { leaveNothing } from "../e2e/support/leave-nothing.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { KafkaBroker } from "./support/kafka-broker.ts";
import { endPrograms, output, Program, runProgram } from "./support/program.ts";

leaveNothing();
endPrograms();

const testKcat = skipUnless(Bun.which("kcat") !== null, "kcat is not installed");

/** Each record as `offset key value`; what is null says NULL. */
const format = ["-Z", "-f", "%o %k %s\\n"];

/** `-X` before each setting. */
const settings = (...of: readonly string[]): string[] => of.flatMap((each) => ["-X", each]);

const produce = (broker: KafkaBroker, stdin: string, ...args: string[]): Promise<string> =>
  output(["kcat", "-b", broker.address, "-t", "orders", "-P", ...args], { stdin });

/** Everything from `offset` to the end. */
async function consume(broker: KafkaBroker, offset: string, ...args: string[]): Promise<string[]> {
  const command = ["kcat", "-b", broker.address, "-t", "orders", "-C", "-e", "-q", "-o", offset];
  const text = await output([...command, ...format, ...args]);
  return text.split("\n").slice(0, -1);
}

/** A member of the group `workers`, and how many partitions it has. */
class Member extends Program {
  constructor(broker: KafkaBroker) {
    super([
      ...["kcat", "-b", broker.address, "-G", "workers", "-u", ...format],
      ...settings("session.timeout.ms=6000", "heartbeat.interval.ms=100"),
      ...settings("auto.offset.reset=earliest"),
      "orders",
    ]);
  }

  get partitions(): string[] {
    const changes = this.stderr.matchAll(
      /^% Group workers rebalanced .*: (assigned|revoked): (.*)$/gm,
    );
    const [, change, list = ""] = [...changes].at(-1) ?? [];
    if (change !== "assigned") return [];
    return [...list.matchAll(/orders \[(\d+)\]/g)].map(([, partition = ""]) => partition);
  }
}

for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"] as const) {
  testKcat(`kcat: records compressed with ${codec} come back as they were`, async () => {
    await using broker = await KafkaBroker.start();
    // Long, since librdkafka sends as it is what gains nothing by compression.
    const long = "0123456789".repeat(30);
    const values = Array.from({ length: 1000 }, (_, at) => `key${at}:value${at} ${long}`);
    await produce(broker, `${values.join("\n")}\n`, "-K:", "-p", "0", "-z", codec);
    const found = await consume(broker, "beginning");
    expect(found).toEqual(values.map((line, at) => `${at} ${line.replace(":", " ")}`));
    expect(broker.codecs("orders")).toEqual([codec]);
  });
}

testKcat("kcat: null keys and values, empty ones, and headers", async () => {
  await using broker = await KafkaBroker.start();
  await produce(broker, "key:\n:value\n:\nwithout\n", "-K:", "-Z", "-p", "0");
  await produce(broker, "with\n", "-p", "0", "-H", "trace=1", "-H", "other=ä ✓", "-H", "empty=");
  const found = await consume(broker, "beginning");
  expect(found).toEqual([
    "0 key NULL",
    "1 NULL value",
    "2 NULL NULL",
    "3 NULL without",
    "4 NULL with",
  ]);
  const command = [
    "kcat",
    "-b",
    broker.address,
    "-t",
    "orders",
    "-C",
    "-e",
    "-q",
    "-o",
    "-1",
    "-J",
  ];
  const envelope = JSON.parse(await output(command)) as Record<string, unknown>;
  expect(envelope["headers"]).toEqual(["trace", "1", "other", "ä ✓", "empty", ""]);
});

testKcat("kcat: an idempotent producer's records are there once, in order", async () => {
  await using broker = await KafkaBroker.start();
  const values = Array.from({ length: 5000 }, (_, at) => String(at));
  const options = settings("enable.idempotence=true", "batch.num.messages=50", "linger.ms=0");
  await produce(broker, `${values.join("\n")}\n`, "-p", "0", ...options);
  expect(await consume(broker, "beginning", "-f", "%s\\n")).toEqual(values);
});

for (const acks of ["all", "1", "0"]) {
  testKcat(`kcat: records sent with acks=${acks} arrive`, async () => {
    await using broker = await KafkaBroker.start();
    await produce(broker, "first\n", "-p", "0");
    await produce(broker, "second\n", "-p", "0", ...settings(`acks=${acks}`));
    let found: string[] = [];
    while (found.length < 2) found = await consume(broker, "beginning");
    expect(found).toEqual(["0 NULL first", "1 NULL second"]);
  });
}

testKcat(
  "kcat: consumes from an offset, from so many before the end, and from the end",
  async () => {
    await using broker = await KafkaBroker.start();
    await produce(broker, "a\nb\nc\nd\n", "-p", "0");
    expect(await consume(broker, "2")).toEqual(["2 NULL c", "3 NULL d"]);
    expect(await consume(broker, "-1")).toEqual(["3 NULL d"]);
    expect(await consume(broker, "end")).toEqual([]);
  },
);

testKcat(
  "kcat: consumes what came at a time or later, and finds the offset of a time",
  async () => {
    await using broker = await KafkaBroker.start();
    await produce(broker, "a\nb\n", "-p", "0");
    const [last = ""] = (await consume(broker, "-1", "-f", "%T\\n")).slice(-1);
    const after = Number(last) + 1;
    await until(() => Date.now() >= after);
    await produce(broker, "c\nd\n", "-p", "0");
    expect(await consume(broker, `s@${after}`)).toEqual(["2 NULL c", "3 NULL d"]);
    const command = ["kcat", "-b", broker.address, "-Q", "-t", `orders:0:${after}`];
    expect(await output(command)).toBe("orders [0] offset 2\n");
  },
);

testKcat("kcat: lists brokers, topics and partitions", async () => {
  await using broker = await KafkaBroker.start("--partitions", "3");
  await produce(broker, "a\n");
  const text = await output(["kcat", "-b", broker.address, "-L", "-J"]);
  const { brokers, topics } = JSON.parse(text) as Record<string, unknown>;
  expect(brokers).toEqual([{ id: 1, name: broker.address }]);
  const isrs = [{ id: 1 }];
  const partitions = [0, 1, 2].map((partition) => {
    return { partition, leader: 1, replicas: isrs, isrs };
  });
  expect(topics).toEqual([{ topic: "orders", partitions }]);
});

testKcat("kcat: two members share a topic; one leaves, and the other has it all", async () => {
  await using broker = await KafkaBroker.start("--partitions", "4");
  await produce(broker, "a\n", "-p", "0");
  await using first = new Member(broker);
  await until(() => first.partitions.length === 4);
  await until(() => first.stdout !== "");
  await using second = new Member(broker);
  await until(() => first.partitions.length === 2 && second.partitions.length === 2);
  expect([...first.partitions, ...second.partitions].sort()).toEqual(["0", "1", "2", "3"]);
  expect((await second.end()).code).toBe(0);
  await until(() => first.partitions.length === 4);
  expect((await first.end()).code).toBe(0);
  expect(first.stdout + second.stdout).toBe("0 NULL a\n");
});

testKcat("kcat: a member that is killed loses its partitions to the other", async () => {
  await using broker = await KafkaBroker.start("--partitions", "4");
  await produce(broker, "a\n", "-p", "0");
  await using first = new Member(broker);
  await until(() => first.partitions.length === 4);
  await using second = new Member(broker);
  await until(() => first.partitions.length === 2 && second.partitions.length === 2);
  await first.end("SIGKILL");
  await until(() => second.partitions.length === 4);
});

testKcat("kcat: what was committed is where the next member resumes", async () => {
  await using broker = await KafkaBroker.start();
  await produce(broker, "a\nb\nc\nd\ne\n", "-p", "0");
  const take = (count: number): Promise<string> =>
    output([
      ...["kcat", "-b", broker.address, "-G", "workers", "-q", "-c", String(count), ...format],
      ...settings("auto.offset.reset=earliest"),
      "orders",
    ]);
  expect(await take(2)).toBe("0 NULL a\n1 NULL b\n");
  expect(await take(3)).toBe("2 NULL c\n3 NULL d\n4 NULL e\n");
});

testKcat("kcat: a record larger than the topic takes is refused by its name", async () => {
  await using broker = await KafkaBroker.start();
  using directory = temporaryDirectory();
  const file = join(directory.path, "record");
  writeFileSync(file, new Uint8Array(11_000_000).fill(120));
  const large = settings("message.max.bytes=12000000");
  const command = ["kcat", "-b", broker.address, "-t", "orders", "-P", "-p", "0", ...large, file];
  const ended = await runProgram(command);
  expect(ended.stderr).toContain("Message size too large");
});
