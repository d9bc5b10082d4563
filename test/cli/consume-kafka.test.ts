import { readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { systemClock } from "../../src/base/clock.ts";
import { Admin, Consumer, Producer } from "../../src/client/kafka/index.ts";
import { pollMessagesDefault } from "../../src/limits.ts";
import { MemoryOutput, MemoryWorld } from "../fake/world.ts";
import { call, callIn, type Called } from "../support/call.ts";
import { TestServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { flipBit, logPathOf } from "./read-fixture.ts";

/** Records `k<from>` to `k<to>`, exclusive, in one partition; a record a second since 1970. */
async function write(server: TestServer, from: number, to: number, partition = 0, topic = "t") {
  await using producer = await Producer.open({ brokers: [server.kafkaAddress] });
  const numbers = Array.from({ length: to - from }, (_, at) => from + at);
  await producer.sendBatch(
    numbers.map((number) => ({
      topic,
      partition,
      key: `k${number}`,
      value: `v${number}`,
      timestamp: number * 1_000,
    })),
  );
}

/** A server with a topic of so many partitions, the first of which has so many records. */
async function started(records: number, partitions = 1): Promise<TestServer> {
  // A new group waits for nobody.
  const delay = ["--group-initial-rebalance-delay-ms", "0"];
  const server = await TestServer.start("--partitions", String(partitions), ...delay);
  await write(server, 0, records);
  return server;
}

const consume = (
  server: TestServer,
  args: readonly string[],
  world = new MemoryWorld(),
): Promise<Called> =>
  callIn(world, ["consume", "-t", "t", "-b", server.kafkaAddress, "-f", "%k ", ...args]);

/** What these arguments print. */
const keysOf = async (server: TestServer, ...args: string[]): Promise<string> =>
  (await consume(server, args)).out;

/** What a group has committed of the first partition; `null`: nothing. */
async function committed(server: TestServer, group: string): Promise<number | null> {
  const admin = await Admin.open({ brokers: [server.kafkaAddress] });
  const [found] = await admin.committedOffsets(group);
  await admin.close();
  return found?.offset ?? null;
}

/** A world whose clock runs. */
const livingWorld = (): MemoryWorld =>
  Object.defineProperty(new MemoryWorld(), "clock", { value: systemClock });

describe("without a group", () => {
  test("everything is read, each time, and nothing is remembered", async () => {
    await using server = await started(3);
    for (const each of [1, 2]) expect([each, await keysOf(server)]).toEqual([each, "k0 k1 k2 "]);
  });

  test("more than one poll takes is printed by one call", async () => {
    await using server = await started(pollMessagesDefault + 100);
    expect((await keysOf(server)).split(" ").length - 1).toBe(pollMessagesDefault + 100);
  });

  test("several topics are read, once each", async () => {
    await using server = await started(2);
    await write(server, 10, 12, 0, "u");
    const keys = (await keysOf(server, "-t", "u", "-t", "t")).trim().split(" ");
    expect(keys.sort()).toEqual(["k0", "k1", "k10", "k11"]);
  });

  test.each([
    [["-o", "beginning"], "k0 k1 k2 k3 k4 "],
    [["-o", "end"], ""],
    [["-o", "3"], "k3 k4 "],
    [["-o", "5"], ""],
    [["-o", "-2"], "k3 k4 "],
    [["-o", "-20"], "k0 k1 k2 k3 k4 "],
    [["-o", "s@2500"], "k3 k4 "],
    [["-o", "s@1970-01-01T00:00:04Z"], "k4 "],
    [["-o", "s@9000"], ""],
    [["-o", "e@3000"], "k0 k1 k2 "],
    [["-o", "1", "-o", "e@2001"], "k1 k2 "],
    [["-o", "e@0", "--mode", "continuous"], ""],
    [["-e"], "k0 k1 k2 k3 k4 "],
    [["-c", "2"], "k0 k1 "],
    [["--mode", "reset"], "k0 k1 k2 k3 k4 "],
  ])("%p", async (args, expected) => {
    await using server = await started(5);
    expect(await keysOf(server, ...args)).toBe(expected);
  });

  test("partitions can be chosen", async () => {
    await using server = await started(2, 3);
    await write(server, 10, 12, 1);
    await write(server, 20, 22, 2);
    expect(await keysOf(server, "-p", "1")).toBe("k10 k11 ");
    expect(await keysOf(server, "-p", "2", "-o", "-1")).toBe("k21 ");
    expect((await keysOf(server, "-o", "-1")).trim().split(" ").sort()).toEqual([
      "k1",
      "k11",
      "k21",
    ]);
  });

  test("what comes is waited for, also a topic that is not there yet", async () => {
    await using server = await TestServer.start();
    const world = livingWorld();
    const args = ["--mode", "continuous", "-c", "3"];
    const running = consume(server, args, world);
    await until(() => world.stderr.text !== "");
    await write(server, 0, 2);
    await until(() => world.stdout.text === "k0 k1 ");
    await write(server, 2, 3);
    expect(await running).toEqual({
      code: 0,
      out: "k0 k1 k2 ",
      error: 'obelisk consume: warning: there is no topic "t" yet\n',
    });
  }, 20_000);

  test("it ends when nothing has come within --timeout", async () => {
    await using server = await started(1);
    const { code, out } = await consume(server, ["--timeout", "50ms"], livingWorld());
    expect([code, out]).toEqual([0, "k0 "]);
  });
});

describe("a group", () => {
  test("goes on where it was, and each group has a place of its own", async () => {
    await using server = await started(3);
    expect(await keysOf(server, "--group", "one", "-c", "2")).toBe("k0 k1 ");
    expect(await committed(server, "one")).toBe(2);
    expect(await keysOf(server, "--group", "two")).toBe("k0 k1 k2 ");
    expect(await keysOf(server, "--group", "one")).toBe("k2 ");
    expect(await keysOf(server, "--group", "one")).toBe("");
    await write(server, 3, 4);
    expect(await keysOf(server, "--group", "one", "-o", "beginning")).toBe("k3 ");
    expect(await keysOf(server, "--group", "one", "--mode", "reset")).toBe("k0 k1 k2 k3 ");
    expect(await committed(server, "one")).toBe(4);
  });

  test("of which nothing is committed begins where -o says", async () => {
    await using server = await started(3);
    expect(await keysOf(server, "--group", "one", "-o", "end")).toBe("");
    expect(await keysOf(server, "--group", "two", "-o", "s@1000")).toBe("k1 k2 ");
  });

  test("is looked at with --no-commit, and is not touched by that", async () => {
    await using server = await started(3);
    await keysOf(server, "--group", "one", "-c", "1");
    expect(await keysOf(server, "--group", "one", "--no-commit")).toBe("k1 k2 ");
    expect(await committed(server, "one")).toBe(1);
  });

  test("commits for partitions that were chosen, without having members", async () => {
    await using server = await started(2, 2);
    await write(server, 10, 11, 1);
    expect(await keysOf(server, "--group", "one", "-p", "0")).toBe("k0 k1 ");
    expect(await keysOf(server, "--group", "one")).toBe("k10 ");
  });

  test("shares its topics, and --verbose tells who has what", async () => {
    await using server = await started(1, 2);
    const world = livingWorld();
    const args = ["--group", "one", "--mode", "continuous", "-v"];
    const running = consume(server, args, world);
    await until(() => world.stdout.text === "k0 ");
    const other = await Consumer.open({
      brokers: [server.kafkaAddress],
      group: "one",
      topics: ["t"],
    });
    while (other.assignment().length === 0) await other.poll(1, 50);
    expect(await other.committedOffset("t", 0)).toBe(1);
    await until(() => world.stderr.text.split("read here from now on").length === 3);
    await other.close();
    await until(() => world.stderr.text.split("read here from now on").length === 4);
    world.stop.request("SIGINT");
    const { code, error } = await running;
    expect(error.split("\n")).toEqual([
      "t/0, t/1: read here from now on",
      expect.stringMatching(/^t\/[01], t\/[01]: given back$/),
      expect.stringMatching(/^t\/[01]: read here from now on$/),
      expect.stringMatching(/^t\/[01]: given back$/),
      "t/0, t/1: read here from now on",
      expect.stringMatching(/^t\/[01], t\/[01]: given back$/),
      "",
    ]);
    expect(code).toBe(130);
  }, 30_000);

  test("that has nothing left for another member has come to its end there", async () => {
    await using server = await started(1);
    const world = livingWorld();
    const running = consume(server, ["--group", "one", "--mode", "continuous"], world);
    await until(() => world.stdout.text === "k0 ");
    const { code, out } = await consume(server, ["--group", "one"], livingWorld());
    expect([code, out]).toEqual([0, ""]);
    world.stop.request("SIGINT");
    await running;
  }, 30_000);

  test("is left by SIGINT, with what was printed committed", async () => {
    await using server = await started(2);
    const world = livingWorld();
    const running = consume(server, ["--group", "one", "--mode", "continuous"], world);
    await until(() => world.stdout.text === "k0 k1 ");
    world.stop.request("SIGINT");
    expect((await running).code).toBe(130);
    expect(await committed(server, "one")).toBe(2);
    const admin = await Admin.open({ brokers: [server.kafkaAddress] });
    const [group] = await admin.describeGroups(["one"]);
    await admin.close();
    expect(group).toMatchObject({ members: [] });
  });
});

describe("what standard output has not taken", () => {
  test("is not committed: it is printed again the next time", async () => {
    await using server = await started(2);
    const world = new MemoryWorld();
    const stdout = new MemoryOutput();
    stdout.flush = async () => world.stop.request("closed");
    Object.assign(world, { stdout });
    const { code, error } = await consume(server, ["--group", "one"], world);
    expect([code, error]).toEqual([0, ""]);
    expect(await keysOf(server, "--group", "one")).toBe("k0 k1 ");
  });
});

describe("messages that can't be read", () => {
  /** The second of three messages of partition 0 is damaged; partition 1 is not. */
  async function damaged(): Promise<TestServer> {
    const server = await started(1, 2);
    for (const each of [1, 2]) await write(server, each, each + 1);
    await write(server, 10, 11, 1);
    await server.stop();
    const log = logPathOf(server.data, "t");
    flipBit(log, readFileSync(log).indexOf("v1"));
    await server.start();
    return server;
  }

  const sorted = (text: string): string[] => text.trim().split(" ").sort();

  test("keep their partition in front of them, and no other", async () => {
    await using server = await damaged();
    const world = livingWorld();
    const { code, out, error } = await consume(server, ["--group", "g"], world);
    expect(error).toBe(
      "obelisk consume: t/0: offset 1 can't be read (CORRUPT_MESSAGE): it stays there; " +
        "--skip-damaged gives them up\n",
    );
    expect([code, sorted(out)]).toEqual([1, ["k0", "k10"]]);
    const again = await consume(server, ["--group", "g"], livingWorld());
    expect(again).toEqual({ code: 1, out: "", error });
  }, 30_000);

  test("are given up with --skip-damaged, for good", async () => {
    await using server = await damaged();
    const args = ["--group", "g", "--skip-damaged"];
    const { code, out, error } = await consume(server, args, livingWorld());
    expect(error).toBe("obelisk consume: warning: t/0: offset 1 can't be read, left out\n");
    expect([code, sorted(out)]).toEqual([1, ["k0", "k10", "k2"]]);
    const again = await consume(server, ["--group", "g"], livingWorld());
    expect(again).toEqual({ code: 0, out: "", error: "" });
  }, 30_000);
});

describe("what is not there is said", () => {
  test.each([
    [["-t", "nothing"], 'there is no topic "nothing": obelisk topics list shows what there is'],
    [["-p", "2"], 'topic "t" has no partition 2, but 0 to 1'],
    [["-p", "0", "-o", "4"], "t/0 has no offset 4, but 0 to 2"],
    [["-p", "1", "-o", "4"], "t/1 has no offset 4, but none, and 0 is next"],
    [["--group", "g", "-p", "7"], 'topic "t" has no partition 7, but 0 to 1'],
  ])("%p", async (args, message) => {
    await using server = await started(3, 2);
    const { code, out, error } = await consume(server, args);
    expect(error).toStartWith(`obelisk consume: ${message}`);
    expect([code, out]).toEqual([1, ""]);
  });

  test("a broker, and what else can be done", async () => {
    const server = await TestServer.start();
    const { kafkaAddress } = server;
    await server[Symbol.asyncDispose]();
    const { code, error } = await call(["consume", "-t", "t", "-b", kafkaAddress]);
    expect(error).toStartWith(`obelisk consume: no connection to ${kafkaAddress}: `);
    expect(error).toEndWith("-b says where it is. --data reads a directory without one.\n");
    expect(code).toBe(1);
  });
});

test("a broker that goes away and comes back is waited for", async () => {
  await using server = await started(1);
  const port = server.kafkaAddress.split(":")[1] ?? "";
  const world = livingWorld();
  const running = consume(server, ["--mode", "continuous", "--group", "one"], world);
  await until(() => world.stdout.text === "k0 ");
  await server.stop();
  await server.start("--kafka-port", port);
  await write(server, 1, 2);
  await until(() => world.stdout.text === "k0 k1 ");
  world.stop.request("SIGINT");
  const { code, error } = await running;
  expect(code).toBe(130);
  expect(error).toMatch(
    /^obelisk consume: warning: the connection broke \(127.*\); trying again\n/,
  );
  expect(error).toContain("warning: connected again\n");
  expect(await committed(server, "one")).toBe(2);
}, 30_000);

test("whose time it is, the envelope says", async () => {
  await using server = await TestServer.start();
  const config = { "message.timestamp.type": "LogAppendTime" };
  await server.server.broker.createTopic({ name: "t", config });
  await write(server, 0, 1);
  const { out } = await call(["consume", "-t", "t", "-b", server.kafkaAddress, "-J"]);
  expect(JSON.parse(out)).toMatchObject({ tstype: "logappend", key: "k0" });
});

test("the formats are those of the other readers", async () => {
  await using server = await started(1);
  const args = ["consume", "-t", "t", "-b", server.kafkaAddress];
  expect((await call(args)).out).toBe("t/0\t0\t1970-01-01T00:00:00.000Z\tk0\tv0\n");
  expect((await call([...args, "-J"])).out).toBe(
    '{"topic":"t","partition":0,"offset":0,"tstype":"create","ts":0,"broker":-1,' +
      '"key":"k0","payload":"v0"}\n',
  );
  expect((await call([...args, "-f", "%t %p %o %k %s %h %T %S %K %%\\t\\n"])).out).toBe(
    "t 0 0 k0 v0  0 2 2 %\t\n",
  );
});
