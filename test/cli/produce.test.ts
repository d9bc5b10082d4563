import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { nativeFrameBytesMax } from "../../src/limits.ts";
import { FakeNativeServer } from "../client/fake-native-server.ts";
import { MemoryWorld } from "../fake/world.ts";
import { call, callIn, callTyping, type Called } from "../support/call.ts";
import { expectGolden } from "../support/golden.ts";
import { TestServer } from "../support/server.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";

type Way = "Kafka's protocol" | "the original's";
const ways = ["Kafka's protocol", "the original's"] as const;

/** Where a server is, as arguments. */
const to = (server: TestServer, way: Way): string[] =>
  way === "the original's" ? ["--native", "-b", server.address] : ["-b", server.kafkaAddress];

/** `obelisk produce` with these arguments, to a server. */
const produce = (
  server: TestServer,
  args: readonly string[],
  stdin = "",
  way: Way = "Kafka's protocol",
): Promise<Called> => call(["produce", ...args, ...to(server, way)], { stdin });

/** All records of a topic's only partition, as `key=value`. */
async function told(server: TestServer, topic: string): Promise<string[]> {
  return (await server.records(topic)).map(({ key, value }) => `${key ?? "-"}=${value}`);
}

test("its help", async () => {
  expectGolden("cli/help-produce.txt", (await call(["help", "produce"])).out);
});

describe.each(ways)("a new user of %s", (way) => {
  test("sends a line with a key", async () => {
    await using server = await TestServer.start();
    const { code, error } = await produce(
      server,
      ["-t", "greetings", "-K", ":"],
      "user1:Hello\n",
      way,
    );
    expect(await told(server, "greetings")).toEqual(["user1=Hello"]);
    expect(error).toMatch(/^1 record stored, 10 B in \d+ ms \(.*\)\n$/);
    expect(code).toBe(0);
  });

  test("sends lines, of which empty ones are none", async () => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "lines"], "one\n\ntwo\nthree", way);
    expect(await told(server, "lines")).toEqual(["-=one", "-=two", "-=three"]);
  });

  test("gives all records a key, but those that have one", async () => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "keys", "-k", "all", "-K", "=>"], "a=>b\nc\n", way);
    expect(await told(server, "keys")).toEqual(["a=b", "all=c"]);
  });

  test("chooses what stands between records", async () => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "paths", "-D", "\\0"], "a\nb\0c\0\0d", way);
    expect(await told(server, "paths")).toEqual(["-=a\nb", "-=c", "-=d"]);
  });

  test("sends files, line by line, and standard input among them", async () => {
    using directory = temporaryDirectory();
    const [one = "", two = ""] = ["one", "two"].map((name) => join(directory.path, name));
    writeFileSync(one, "a\nb");
    writeFileSync(two, "e\n");
    await using server = await TestServer.start();
    await produce(server, ["-t", "files", one, "-", two], "c\nd", way);
    expect(await told(server, "files")).toEqual(["-=a", "-=b", "-=c", "-=d", "-=e"]);
  });

  test("sends whole files", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "image");
    const bytes = Buffer.from(Array.from({ length: 600 }, (_, at) => at % 256));
    writeFileSync(path, bytes);
    await using server = await TestServer.start();
    await produce(server, ["-t", "images", "--whole-files", path, "-k", "image"], "", way);
    expect(await told(server, "images")).toEqual([`image=${bytes.toString("latin1")}`]);
  });

  test("sets the time of the records", async () => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "past", "--timestamp", "1754705528480"], "then\n", way);
    expect(await server.records("past")).toMatchObject([{ timestamp: 1_754_705_528_480 }]);
  });

  test("sends no more than so many", async () => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "some", "-c", "2"], "a\nb\nc\n", way);
    expect(await told(server, "some")).toEqual(["-=a", "-=b"]);
  });

  test("types records on a terminal, and is told how to end", async () => {
    await using server = await TestServer.start();
    const args = ["produce", "-t", "typed", ...to(server, way)];
    const { error } = await callTyping(args, "a\nb\n");
    expect(error).toMatch(/^Type one record a line; Ctrl-D ends\.\n2 records stored, /);
    expect(await told(server, "typed")).toEqual(["-=a", "-=b"]);
    const quiet = await callTyping([...args, "--quiet"], "a\n");
    expect(quiet.error).toBe("");
  });

  test("names the broker in the environment", async () => {
    await using server = await TestServer.start();
    const broker = way === "the original's" ? server.address : server.kafkaAddress;
    const environment = { OBELISK_BROKER: broker, OBELISK_TOPIC: "t", OBELISK_QUIET: "1" };
    const args = ["produce", ...to(server, way).slice(0, -2)];
    expect(await call(args, { environment, stdin: "a\n" })).toEqual({
      code: 0,
      out: "",
      error: "",
    });
    expect(await told(server, "t")).toEqual(["-=a"]);
  });
});

describe("a workload", () => {
  test.each(ways)("of many records goes to three topics, by %s", async (way) => {
    await using server = await TestServer.start();
    const { error } = await produce(server, ["--workload", "size"], "", way);
    expect(error).toStartWith("150 records stored, ");
    for (const topic of [0, 1, 2]) {
      const expected = Array.from({ length: 50 }, (_, at) => {
        const number = at * 3 + topic;
        return `batch-user${number}=Size test message ${number}`;
      });
      expect(await told(server, `topic-${topic}`)).toEqual(expected);
    }
  });

  test.each([
    ["time", 5],
    ["realistic", 20],
  ])("%s at another pace", async (name, count) => {
    await using server = await TestServer.start();
    const world = new MemoryWorld();
    // A pace needs a clock that runs.
    Object.defineProperty(world, "clock", { value: systemClock });
    const args = ["--workload", name, "--rate", "100000", "--json", "-b", server.kafkaAddress];
    const { out } = await callIn(world, ["produce", ...args]);
    expect(JSON.parse(out)).toMatchObject({ stored: count, refused: 0, unknown: 0 });
  });

  test("of another length", async () => {
    await using server = await TestServer.start();
    const { out } = await produce(server, ["--workload", "size", "-c", "1000", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ stored: 1000 });
  });
});

describe("a record that is too large", () => {
  const limit = nativeFrameBytesMax - 20 - "t".length;

  test("is told with its line, and the others are stored", async () => {
    await using server = await TestServer.start();
    const stdin = `a\n${"x".repeat(limit + 1)}\nb\n`;
    const { code, error } = await produce(server, ["-t", "t"], stdin, "the original's");
    const [reason, summary] = error.split("\n");
    expect(reason).toBe(
      "obelisk produce: line 2: not sent: with the topic's name it has more than 10,485,760 bytes",
    );
    expect(summary).toMatch(/^2 records stored, .*; 1 not stored$/);
    expect(code).toBe(1);
    expect(await told(server, "t")).toEqual(["-=a", "-=b"]);
  });

  test("begins one byte behind the largest one", async () => {
    await using server = await TestServer.start();
    const stdin = `k:${"x".repeat(limit - 1)}\n`;
    const { code } = await produce(server, ["-t", "t", "-K", ":"], stdin, "the original's");
    expect(code).toBe(0);
    const [record] = await server.records("t");
    expect([record?.key, record?.value.length]).toEqual(["k", limit - 1]);
  });
});

test("by the original's protocol, a broker that makes no topics refuses each record", async () => {
  await using server = await TestServer.start("--no-auto-create-topics");
  const { code, error } = await produce(server, ["-t", "nowhere"], "a\nb\n", "the original's");
  const [first, second, summary] = error.split("\n");
  expect([first, second]).toEqual([
    "obelisk produce: line 1: the broker refused: PUBLISH_FAILED",
    "obelisk produce: line 2: the broker refused: PUBLISH_FAILED",
  ]);
  expect(summary).toMatch(/^0 records stored, .*; 2 not stored$/);
  expect(code).toBe(1);
});

describe("a wrong call ends with 2 and sends nothing", () => {
  test.each([
    ["no topic", [], "--topic is needed: where the records go (or a --workload)."],
    ["a name that no topic has", ["-t", "a b"], '-t is "a b", which no topic can be called: it c'],
    ["no port", ["-t", "t", "-b", "localhost:"], '-b is "localhost:": expected brokers that '],
    ["no header", ["-t", "t", "-H", "trace"], '-H is "trace": expected a name and a value, as tr'],
    ["an unknown escape", ["-t", "t", "-D", "\\q"], '-D is "\\\\q": expected a text that is not '],
    ["an unknown workload", ["--workload", "big"], '--workload is "big": expected one of size, '],
    ["a workload and a topic", ["--workload", "size", "-t", "t"], "-t has no effect with --workl"],
    ["a workload and a key", ["--workload", "size", "-k", "k"], "-k has no effect with --workloa"],
    ["a workload and files", ["--workload", "size", "f"], "a --workload reads no files."],
    ["keys in whole files", ["-t", "t", "--whole-files", "-K", ":"], "-K has no effect with --who"],
    [
      "whole files taken apart",
      ["-t", "t", "--whole-files", "-D", ":"],
      "-D has no effect with --",
    ],
    ["standard input twice", ["-t", "t", "-", "-"], "standard input can be read only once."],
  ])("%s", async (_, args, error) => {
    const called = await call(["produce", ...args], { stdin: "a\n" });
    expect(called.error).toStartWith(`obelisk produce: ${error}`);
    expect([called.code, called.out]).toEqual([2, ""]);
  });
});

describe("a file that can't be read is told before anything is sent", () => {
  test.each([
    ["one that is not there", "none", "can't be read: ENOENT"],
    ["a directory", "folder", "is a directory"],
  ])("%s", async (_, name, reason) => {
    using directory = temporaryDirectory();
    using server = new FakeNativeServer();
    mkdirSync(join(directory.path, "folder"));
    writeFileSync(join(directory.path, "good"), "a\n");
    const paths = ["good", name].map((each) => join(directory.path, each));
    const args = ["produce", "--native", "-t", "t", "-b", `127.0.0.1:${server.port}`, ...paths];
    expect(await call(args)).toEqual({
      code: 1,
      out: "",
      error: `obelisk produce: ${paths[1]} ${reason}\n`,
    });
    expect(server.connections).toEqual([]);
  });
});

test.each(ways)("a large file is sent whole, in its order, by %s", async (way) => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "lines");
  const lines = Array.from({ length: 50_000 }, (_, number) => `line ${number}`);
  writeFileSync(path, lines.join("\n"));
  await using server = await TestServer.start("--fsync", "never");
  await produce(server, ["-t", "many", path], "", way);
  const values = (await server.records("many")).map(({ value }) => value);
  expect(values).toEqual(lines);
});

/** All that is in a topic, in kcat's envelope; numbers and times of its own left out. */
async function envelopes(server: TestServer, topic: string): Promise<unknown[]> {
  const { out } = await call(["consume", "-t", topic, "-J", "-b", server.kafkaAddress]);
  const lines = out.split("\n").slice(0, -1);
  return lines.map((line) => ({ ...JSON.parse(line), ts: 0, offset: 0 }));
}

const blank = { topic: "t", offset: 0, tstype: "create", ts: 0, broker: -1 };

describe("Kafka's protocol has room for", () => {
  test("a partition, headers and nulls", async () => {
    await using server = await TestServer.start("--partitions", "4");
    const args = ["-t", "t", "-p", "2", "-H", "a=1", "-H", "b=x=y", "-K", ":", "-Z"];
    await produce(server, args, "gone:\n:kept\n");
    const common = { ...blank, partition: 2, headers: ["a", "1", "b", "x=y"] };
    expect(await envelopes(server, "t")).toEqual([
      { ...common, key: "gone", payload: null },
      { ...common, key: null, payload: "kept" },
    ]);
  });

  test.each(["gzip", "snappy", "lz4", "zstd"])("records packed by %s", async (codec) => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "t", "-z", codec, "--linger", "5ms"], "a\n".repeat(1_000));
    expect((await told(server, "t")).length).toBe(1_000);
    const bytes = server.server.broker.topic("t")?.partitions[0]?.log.sizeBytes ?? Infinity;
    expect(bytes).toBeLessThan(5_000);
  });

  test.each([
    [["--acks", "1"], "3 records stored, "],
    [["--acks", "0"], "3 records sent, "],
    [["--no-idempotent"], "3 records stored, "],
  ])("%p", async (args, said) => {
    await using server = await TestServer.start();
    const { code, error } = await produce(server, ["-t", "t", ...args], "a\nb\nc\n");
    expect(error).toStartWith(said);
    expect(code).toBe(0);
    await until(() => server.server.broker.topic("t")?.partitions[0]?.log.visibleOffset === 3);
    expect(await told(server, "t")).toEqual(["-=a", "-=b", "-=c"]);
  });

  test("a record that the topic is too small for, which is told with its line", async () => {
    await using server = await TestServer.start();
    await server.server.broker.createTopic({
      name: "t",
      config: { "max.message.bytes": "1000" },
    });
    const stdin = `a\n${"x".repeat(2_000)}\nb\n`;
    const { code, error } = await produce(server, ["-t", "t"], stdin);
    expect(error).toMatch(
      /^obelisk produce: line 2: .*MESSAGE_TOO_LARGE.*\n2 records stored.*; 1 not stored\n/,
    );
    expect(code).toBe(1);
    expect(await told(server, "t")).toEqual(["-=a", "-=b"]);
  });
});

describe("what can't come to be ends the run at once", () => {
  test("a topic that the broker does not make", async () => {
    await using server = await TestServer.start("--no-auto-create-topics");
    const { code, error } = await produce(server, ["-t", "nowhere"], "a\nb\n");
    expect(error).toStartWith(
      'obelisk produce: there is no topic "nowhere", and the broker makes none by itself: ' +
        "obelisk topics create does\n0 records stored, ",
    );
    expect(code).toBe(1);
  }, 20_000);

  test("a partition that is not there", async () => {
    await using server = await TestServer.start("--partitions", "2");
    const { code, error } = await produce(server, ["-t", "t", "-p", "2"], "a\n");
    expect(error).toStartWith(
      "obelisk produce: topic t has partitions 0 to 1 and no 2: -p -1 leaves the choice to the key",
    );
    expect(code).toBe(1);
  });
});

describe("lines in JSON", () => {
  test("go where they say, or where the call says", async () => {
    await using server = await TestServer.start("--partitions", "2");
    const line = '{"topic":"t","partition":1,"key":"k","payload":"v","headers":["a","1"]}\n';
    await produce(server, ["-J"], line);
    await produce(server, ["-J", "-t", "u", "-p", "0"], line);
    const common = { ...blank, headers: ["a", "1"], key: "k", payload: "v" };
    expect(await envelopes(server, "t")).toEqual([{ ...common, partition: 1 }]);
    expect(await envelopes(server, "u")).toEqual([{ ...common, topic: "u", partition: 0 }]);
  });

  test("that are none are told, and the others are stored", async () => {
    await using server = await TestServer.start();
    const stdin = '{"payload":"a"}\n{"payload":5}\nnothing\n{"value":"b"}\n';
    const { code, error } = await produce(server, ["-J", "-t", "t"], stdin);
    expect(error.split("\n").slice(0, 2)).toEqual([
      'obelisk produce: line 2: not sent: its "payload" is no text and not null',
      "obelisk produce: line 3: not sent: the line is no JSON",
    ]);
    expect(error).toContain("2 records stored, ");
    expect(error).toContain("; 2 not stored\n");
    expect(code).toBe(1);
    expect(await told(server, "t")).toEqual(["-=a", "-=b"]);
  });
});
