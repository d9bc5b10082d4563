import { describe, expect, test } from "bun:test";
import os from "node:os";
import { join } from "node:path";
import { Consumer } from "../../src/client/kafka/consumer.ts";
import { Program, endPrograms, output, runProgram } from "../clients/support/program.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { type StartedBroker, startBroker } from "./support/broker-process.ts";
import { executable } from "./support/executable.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { untilWithin, within } from "./support/within.ts";

leaveNothing();
endPrograms();

const testKcat = skipUnless(Bun.which("kcat") !== null, "kcat is not installed");

/** For something that takes a second or two, on a machine that is busy. */
const waitMs = 60_000;

const noDelay = ["--group-initial-rebalance-delay-ms", "0"];

const addressOf = ({ kafkaPort }: StartedBroker): string => `127.0.0.1:${kafkaPort}`;

/** A command of ours, as a program and its arguments. */
const obelisk = (broker: string, ...args: string[]): string[] => [
  ...[executable(), ...args],
  ...["-b", broker],
];

/** `<partition>/<offset>` of every message that was printed. */
const placesIn = (text: string): string[] => text.split("\n").slice(0, -1);

/** Lines `<from>` to `<to>`, exclusive. */
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join("");

/** Records with texts, nothing, headers and times, into all partitions of the topic. */
async function fill(broker: string, topic: string): Promise<void> {
  const produce = (stdin: string, ...args: string[]): Promise<string> =>
    output(obelisk(broker, "produce", "-t", topic, "-q", ...args), { stdin });
  await produce(lines(0, 1_000), "-K", " ");
  await produce("a:1\n:2\nc:\n", "-K", ":", "-Z", "-H", "trace=a1", "-H", "trace=");
  for (const partition of ["0", "1", "2"]) {
    await produce("then\n", "--timestamp", "1754705528480", "-p", partition, "-z", "zstd");
  }
}

/** Records with bytes, empty texts and nanoseconds. */
async function fillBytes(broker: string, topic: string): Promise<void> {
  const binary = { value: "/wD+", valueEncoding: "base64", key: "", timestamp: 5 };
  const header = { key: "bytes", value: "gA==", valueEncoding: "base64" };
  const nanoseconds = "2025-08-09T02:12:08.480123456Z";
  const both = [
    { ...binary, headers: [header] },
    { ...binary, timestamp: nanoseconds },
  ];
  const stdin = both.map((each) => `${JSON.stringify(each)}\n`).join("");
  await output(obelisk(broker, "produce", "-t", topic, "-q", "-J"), { stdin });
}

/** Everything in the topic, its name left out, partition by partition. */
async function contentOf(broker: string, topic: string): Promise<string[]> {
  const text = await output(obelisk(broker, "consume", "-t", topic, "-J"));
  return text.replaceAll(`{"topic":"${topic}",`, "{").split("\n").sort();
}

describe("a topic that is printed and sent again is the same, byte for byte", () => {
  test.each(["-J", "--json"])(
    "%s",
    async (format) => {
      using directory = temporaryDirectory();
      const broker = await startBroker(directory.path, ["--partitions", "3"]);
      await using _ = broker.process;
      const address = addressOf(broker);
      await fill(address, "first");
      await fillBytes(address, "first");
      const printed = await output(obelisk(address, "consume", "-t", "first", format));
      await output(obelisk(address, "produce", "-t", "second", "-J", "-q"), { stdin: printed });
      const first = await contentOf(address, "first");
      expect(first.length).toBe(1_000 + 3 + 3 + 2 + 1);
      expect(await contentOf(address, "second")).toEqual(first);
    },
    60_000,
  );
});

testKcat(
  "kcat agrees with both commands",
  async () => {
    using directory = temporaryDirectory();
    const broker = await startBroker(directory.path, ["--partitions", "3"]);
    await using _ = broker.process;
    const address = addressOf(broker);
    await fill(address, "first");
    for (const partition of ["0", "1", "2"]) {
      const format = ["-Z", "-f", "%t %p %o %K %S %T %h\\t%k\\x41%s\\n"];
      const args = ["-t", "first", "-p", partition, "-e", ...format];
      const ours = await output(obelisk(address, "consume", ...args));
      expect(ours).toBe(await output(["kcat", "-b", address, "-C", "-q", ...args]));
      expect(ours).not.toBe("");
    }
    await output(["kcat", "-b", address, "-P", "-t", "third", "-K", ":", "-H", "a=1"], {
      stdin: "k:v\n",
    });
    expect(await output(obelisk(address, "consume", "-t", "third", "-f", "%k %s %h"))).toBe(
      "k v a=1",
    );
  },
  60_000,
);

test("members of a group share a topic, and what a killed one leaves the other reads", async () => {
  using directory = temporaryDirectory();
  const broker = await startBroker(directory.path, ["--partitions", "4", ...noDelay]);
  await using _ = broker.process;
  const address = addressOf(broker);
  const produce = (stdin: string): Promise<string> =>
    output(obelisk(address, "produce", "-t", "t", "-q", "-K", " "), { stdin });
  /** Lines with keys of their own come to all partitions. */
  const keyed = (from: number, to: number): string =>
    lines(from, to).replaceAll("line ", "").replaceAll("\n", " x\n");
  await produce(keyed(0, 200));
  const args = ["consume", "-t", "t", "--group", "g", "--mode", "continuous", "-v"];
  const shape = ["--session-timeout", "6s", "-f", "%p/%o\\n"];
  const member = (): Program => new Program(obelisk(address, ...args, ...shape));
  const partitionsOf = ({ stderr }: Program): number => {
    const last = stderr.split("\n").findLast((line) => line.includes(": "));
    return last?.endsWith("read here from now on") === true ? last.split(", ").length : 0;
  };
  await using one = member();
  await untilWithin(waitMs, "all is read", () => placesIn(one.stdout).length === 200);
  await using other = member();
  await untilWithin(waitMs, "both have two partitions", () =>
    [one, other].every((each) => partitionsOf(each) === 2),
  );
  await produce(keyed(200, 400));
  await untilWithin(
    waitMs,
    "all is read by both",
    () => placesIn(one.stdout + other.stdout).length >= 400,
  );
  await other.end("SIGKILL");
  await produce(keyed(400, 600));
  const places = (): Set<string> => new Set(placesIn(one.stdout + other.stdout));
  await untilWithin(waitMs, "all is read by the one that is left", () => places().size === 600);
  expect(partitionsOf(one)).toBe(4);
  expect((await one.end("SIGINT")).code).toBe(130);
  expect(await output(obelisk(address, "consume", "-t", "t", "--group", "g"))).toBe("");
}, 180_000);

test("a broker that is killed in the middle of produce costs nothing", async () => {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  const first = await startBroker(data);
  await using _ = first.process;
  const address = addressOf(first);
  const count = 200_000;
  const child = Bun.spawn(obelisk(address, "produce", "-t", "t"), {
    cwd: os.tmpdir(),
    env: {},
    stdio: ["pipe", "pipe", "pipe"],
  });
  try {
    const stderr = child.stderr.text();
    void child.stdin.write(lines(0, count));
    const watch = await Consumer.open({ brokers: [address], topics: ["t"] });
    await untilWithin(waitMs, "some is stored", async () => (await watch.endOffset("t")) > 0);
    await first.process.end("SIGKILL");
    await watch.close();
    const second = await startBroker(data, ["--kafka-port", String(first.kafkaPort)]);
    await using _second = second.process;
    void child.stdin.write(lines(count, count + 1_000));
    await child.stdin.end();
    const code = await within(waitMs, "the end of produce", child.exited);
    const said = await stderr;
    expect(said).toMatch(/^obelisk produce: warning: the connection broke \(.*\); trying again /);
    expect(said).toContain("\nobelisk produce: warning: connected again\n");
    expect(said).toContain("\n201,000 records stored, ");
    expect(code).toBe(0);
    // At least once is the promise; numbered as they are, they are there once and in order.
    const found = await output(obelisk(address, "consume", "-t", "t", "-f", "%s\\n"));
    expect(found === lines(0, count + 1_000)).toBeTrue();
  } finally {
    child.kill("SIGKILL");
    await child.exited;
  }
}, 180_000);

describe("consume --group", () => {
  test("commits what it has printed when it is interrupted, and goes on there", async () => {
    using directory = temporaryDirectory();
    const broker = await startBroker(directory.path, noDelay);
    await using _ = broker.process;
    const address = addressOf(broker);
    const stdin = lines(0, 5_000);
    await output(obelisk(address, "produce", "-t", "t", "-q"), { stdin });
    const args = ["consume", "-t", "t", "--group", "g", "-f", "%s\\n"];
    await using running = new Program(obelisk(address, ...args, "--mode", "continuous"));
    await untilWithin(waitMs, "the lines", () => running.stdout === stdin);
    const { code, stderr } = await running.end("SIGINT");
    expect([code, stderr]).toEqual([130, ""]);
    await output(obelisk(address, "produce", "-t", "t", "-q"), { stdin: "more\n" });
    expect(await output(obelisk(address, ...args))).toBe("more\n");
  }, 60_000);

  test("whose output is closed ends, and prints the rest the next time", async () => {
    using directory = temporaryDirectory();
    const broker = await startBroker(directory.path, noDelay);
    await using _ = broker.process;
    const address = addressOf(broker);
    await output(obelisk(address, "produce", "-t", "t", "-q"), { stdin: lines(0, 50_000) });
    const args = ["consume", "-t", "t", "--group", "g", "-f", "%s\\n"];
    const command = obelisk(address, ...args).map((each) => `'${each}'`);
    const { code, stdout } = await runProgram(["sh", "-c", `${command.join(" ")} | head -1`]);
    expect([code, stdout]).toEqual([0, "line 0\n"]);
    const rest = placesIn(await output(obelisk(address, ...args)));
    expect(rest.at(-1)).toBe("line 49999");
    // Nothing is left out, wherever it begins.
    expect(rest).toEqual(placesIn(lines(50_000 - rest.length, 50_000)));
  }, 60_000);
});
