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

/** `obelisk produce` with these arguments, to a server. */
const produce = (server: TestServer, args: readonly string[], stdin = ""): Promise<Called> =>
  call(["produce", ...args, "-b", server.address], { stdin });

/** All records of a topic's only partition, as `key=value`. */
async function told(server: TestServer, topic: string): Promise<string[]> {
  return (await server.records(topic)).map(({ key, value }) => `${key ?? "-"}=${value}`);
}

test("its help", async () => {
  expectGolden("cli/help-produce.txt", (await call(["help", "produce"])).out);
});

describe("a new user", () => {
  test("sends a line with a key", async () => {
    await using server = await TestServer.start();
    const { code, error } = await produce(server, ["-t", "greetings", "-K", ":"], "user1:Hello\n");
    expect(await told(server, "greetings")).toEqual(["user1=Hello"]);
    expect(error).toMatch(/^1 record stored, 10 B in \d+ ms \(.*\)\n$/);
    expect(code).toBe(0);
  });

  test("sends lines, of which empty ones are none", async () => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "lines"], "one\n\ntwo\nthree");
    expect(await told(server, "lines")).toEqual(["-=one", "-=two", "-=three"]);
  });

  test("gives all records a key, but those that have one", async () => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "keys", "-k", "all", "-K", "=>"], "a=>b\nc\n");
    expect(await told(server, "keys")).toEqual(["a=b", "all=c"]);
  });

  test("chooses what stands between records", async () => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "paths", "-D", "\\0"], "a\nb\0c\0\0d");
    expect(await told(server, "paths")).toEqual(["-=a\nb", "-=c", "-=d"]);
  });

  test("sends files, line by line, and standard input among them", async () => {
    using directory = temporaryDirectory();
    const [one = "", two = ""] = ["one", "two"].map((name) => join(directory.path, name));
    writeFileSync(one, "a\nb");
    writeFileSync(two, "e\n");
    await using server = await TestServer.start();
    await produce(server, ["-t", "files", one, "-", two], "c\nd");
    expect(await told(server, "files")).toEqual(["-=a", "-=b", "-=c", "-=d", "-=e"]);
  });

  test("sends whole files", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "image");
    const bytes = Buffer.from(Array.from({ length: 600 }, (_, at) => at % 256));
    writeFileSync(path, bytes);
    await using server = await TestServer.start();
    await produce(server, ["-t", "images", "--whole-files", path, "-k", "image"]);
    expect(await told(server, "images")).toEqual([`image=${bytes.toString("latin1")}`]);
  });

  test("sets the time of the records", async () => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "past", "--timestamp", "1754705528480"], "then\n");
    expect(await server.records("past")).toMatchObject([{ timestamp: 1_754_705_528_480 }]);
  });

  test("sends no more than so many", async () => {
    await using server = await TestServer.start();
    await produce(server, ["-t", "some", "-c", "2"], "a\nb\nc\n");
    expect(await told(server, "some")).toEqual(["-=a", "-=b"]);
  });

  test("types records on a terminal, and is told how to end", async () => {
    using server = new FakeNativeServer();
    server.acknowledges = true;
    const args = ["produce", "-t", "typed", "-b", `127.0.0.1:${server.port}`];
    const { error } = await callTyping(args, "a\nb\n");
    expect(error).toMatch(/^Type one record a line; Ctrl-D ends\.\n2 records stored, /);
    expect((await server.connection(0)).values).toEqual(["a", "b"]);
    const quiet = await callTyping([...args, "--quiet"], "a\n");
    expect(quiet.error).toBe("");
  });

  test("names the broker in the environment", async () => {
    await using server = await TestServer.start();
    const environment = { OBELISK_BROKER: server.address, OBELISK_TOPIC: "t", OBELISK_QUIET: "1" };
    expect(await call(["produce"], { environment, stdin: "a\n" })).toEqual({
      code: 0,
      out: "",
      error: "",
    });
    expect(await told(server, "t")).toEqual(["-=a"]);
  });
});

describe("a workload", () => {
  test("of many records goes to three topics", async () => {
    await using server = await TestServer.start();
    const { error } = await produce(server, ["--workload", "size"]);
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
    const args = ["--workload", name, "--rate", "100000", "--json", "-b", server.address];
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
    const { code, error } = await produce(server, ["-t", "t"], stdin);
    const [reason, summary] = error.split("\n");
    expect(reason).toBe(
      "obelisk produce: line 2: not sent: with the topic's name it has more than 10,485,760 bytes",
    );
    expect(summary).toMatch(/^2 records stored, .*; 1 refused$/);
    expect(code).toBe(1);
    expect(await told(server, "t")).toEqual(["-=a", "-=b"]);
  });

  test("begins one byte behind the largest one", async () => {
    await using server = await TestServer.start();
    const stdin = `k:${"x".repeat(limit - 1)}\n`;
    const { code } = await produce(server, ["-t", "t", "-K", ":"], stdin);
    expect(code).toBe(0);
    const [record] = await server.records("t");
    expect([record?.key, record?.value.length]).toEqual(["k", limit - 1]);
  });
});

test("a broker that makes no topics refuses each record", async () => {
  await using server = await TestServer.start("--no-auto-create-topics");
  const { code, error } = await produce(server, ["-t", "nowhere"], "a\nb\n");
  const [first, second, summary] = error.split("\n");
  expect([first, second]).toEqual([
    "obelisk produce: line 1: the broker refused: PUBLISH_FAILED",
    "obelisk produce: line 2: the broker refused: PUBLISH_FAILED",
  ]);
  expect(summary).toMatch(/^0 records stored, .*; 2 refused$/);
  expect(code).toBe(1);
});

describe("a wrong call ends with 2 and sends nothing", () => {
  test.each([
    ["no topic", [], "--topic is needed: where the records go (or a --workload)."],
    ["a name that no topic has", ["-t", "a b"], '-t is "a b", which no topic can be called: it c'],
    ["no port", ["-t", "t", "-b", "localhost"], '-b is "localhost": expected a host and the port '],
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
    const args = ["produce", "-t", "t", "-b", `127.0.0.1:${server.port}`, ...paths];
    expect(await call(args)).toEqual({
      code: 1,
      out: "",
      error: `obelisk produce: ${paths[1]} ${reason}\n`,
    });
    expect(server.connections).toEqual([]);
  });
});

test("a large file is sent whole, in its order", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "lines");
  const lines = Array.from({ length: 50_000 }, (_, number) => `line ${number}`);
  writeFileSync(path, lines.join("\n"));
  await using server = await TestServer.start("--fsync", "never");
  await produce(server, ["-t", "many", path]);
  const values = (await server.records("many")).map(({ value }) => value);
  expect(values).toEqual(lines);
});
