import { describe, expect, test } from "bun:test";
import { coloured } from "../../src/cli/terminal.ts";
import { localDisk } from "../../src/disk/local.ts";
import { lockDirectory, LockHeld } from "../../src/disk/lock.ts";
import { MemoryOutput, MemoryWorld } from "../fake/world.ts";
import { expectGolden } from "../support/golden.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { call, flipBit, logPathOf, textBatch, transcript, writePartition } from "./read-fixture.ts";

/** Two topics, one with two partitions, and whatever a record may have. */
async function writeTopics(data: string): Promise<void> {
  await writePartition(data, "orders", 0, [
    { first: 0, count: 3, timestamp: 1_754_705_528_480 },
    { first: 3, count: 2, timestamp: 1_754_705_529_480, compression: "gzip", valueBytes: 100 },
  ]);
  await writePartition(data, "orders", 1, [{ first: 10, timestamp: 1_754_705_530_480 }]);
  await writePartition(data, "payments", 0, [
    textBatch([
      { key: "user1", value: "tea\n☃", headers: [["trace", "a1"]] },
      { key: null, value: null },
      { key: "user2", value: "\x1b[31m" },
    ]),
  ]);
}

test("every format, selection and refusal, as one sees it", async () => {
  using data = temporaryDirectory();
  await writeTopics(data.path);
  const at = data.path;
  const calls = [
    ["read", at],
    ["read", at, "--full"],
    ["read", at, "-p", "1", "--format", "json"],
    ["read", at, "--all"],
    ["read", at, "-t", "payments", "--format", "json"],
    ["read", at, "-t", "payments", "-J"],
    ["read", at, "-t", "payments", "-f", "%t %p %o %k %K %S %T %h\\n"],
    ["read", at, "-t", "orders", "-p", "1", "--format", "hex"],
    ["read", at, "-t", "orders", "-o", "-1"],
    ["read", at, "-t", "orders", "-o", "1", "-c", "2"],
    ["read", at, "-t", "orders", "-o", "end"],
    ["read", at, "-t", "orders", "-o", "s@1754705528482", "-o", "e@1754705529481"],
    ["read", at, "-t", "orders", "--from", "2025-08-09T02:12:09.480Z", "--to", "@1754705529481"],
    ["read", at, "-t", "orders", "--from", "1", "--to", "3"],
    ["read", at, "-t", "payments", "--key", "user2"],
    ["read", at, "--all", "--key-prefix", "k1"],
    ["read", at, "-t", "nothing"],
    ["read", at, "-t", "orders", "-p", "7"],
    ["read", `${at}/nowhere`],
    ["read", at, "-c", "5"],
    ["read", at, "-t", "orders", "-o", "stored"],
    ["read", at, "-t", "orders", "--from", "2025-08-09T02:12:09"],
    ["read", at, "-t", "orders", "-o", "1", "--from", "2"],
    ["read", at, "-t", "orders", "-J", "-f", "%s"],
    ["read", at, "-t", "orders", "-f", "%s %q"],
    ["read", at, "-t", "orders", "--full"],
    ["read", at, "--verify", "--follow"],
  ];
  let text = "";
  for (const args of calls) text += await transcript(args, at);
  expectGolden("cli/read.txt", text);
});

test("the directory is --data or its variable where none is named", async () => {
  using data = temporaryDirectory();
  await writeTopics(data.path);
  const world = new MemoryWorld({ environment: { OBELISK_DATA: data.path } });
  const { code, out } = await call(["read", "-t", "orders", "-p", "1"], data.path, world);
  expect([code, out.split("\t").slice(0, 2)]).toEqual([0, ["orders/1", "0"]]);
});

test("the topics folder alone is read like the data directory", async () => {
  using data = temporaryDirectory();
  await writeTopics(data.path);
  const whole = await call(["read", data.path, "--all"], data.path);
  const folder = await call(["read", `${data.path}/topics`, "--all"], data.path);
  expect(folder).toEqual(whole);
});

test("an empty directory holds no topics, which is no failure", async () => {
  using data = temporaryDirectory();
  const { code, out } = await call(["read", data.path], data.path);
  expect([code, out]).toEqual([0, "<data> holds no topics\n"]);
});

test("the original's directory is read as if it were ours", async () => {
  using data = temporaryDirectory();
  const disk = localDisk(data.path);
  await writeOriginal(disk, { topic: "old", messages: messagesOf(3) });
  await writeOriginal(disk, { topic: "old-too", partition: 1, messages: messagesOf(2) });
  let text = "";
  for (const args of [
    ["read", data.path],
    ["read", data.path, "--full"],
    ["read", data.path, "--all"],
    ["read", data.path, "-t", "old", "-o", "-1", "--format", "json"],
    ["read", data.path, "-t", "old", "-o", "-1", "--format", "hex"],
    ["read", data.path, "-t", "old", "-o", "-1", "-f", "%T %k=%s\\n"],
  ]) {
    text += await transcript(args, data.path);
  }
  expectGolden("cli/read-original.txt", text);
});

describe("damage", () => {
  test("is told where it lies, reading goes on behind it, and the exit code is 1", async () => {
    using data = temporaryDirectory();
    await writePartition(data.path, "orders", 0, [
      { first: 0, count: 2 },
      { first: 2, count: 2 },
      { first: 4, count: 1 },
    ]);
    flipBit(logPathOf(data.path, "orders"), 200);
    let text = "";
    for (const format of ["text", "json"]) {
      text += await transcript(["read", data.path, "-t", "orders", "--format", format], data.path);
    }
    text += await transcript(["read", data.path, "--full"], data.path);
    text += await transcript(["read", data.path, "-t", "orders", "-o", "4"], data.path);
    expectGolden("cli/read-damaged.txt", text);
  });
});

describe("--follow", () => {
  test("prints what comes, new topics too, until it is told to stop", async () => {
    using data = temporaryDirectory();
    await writePartition(data.path, "orders", 0, [{ first: 0 }]);
    const world = new MemoryWorld();
    const running = call(["read", data.path, "--all", "-o", "end", "--follow"], data.path, world);
    await until(() => world.clock.pending > 0);
    await writePartition(data.path, "orders", 0, [{ first: 1 }]);
    world.clock.advance(100);
    await until(() => world.stdout.text.includes("v1"));
    await writePartition(data.path, "payments", 0, [{ first: 2 }]);
    await until(() => world.clock.pending > 0);
    world.clock.advance(100);
    await until(() => world.clock.pending > 0);
    await writePartition(data.path, "payments", 0, [{ first: 3 }]);
    world.clock.advance(100);
    await until(() => world.stdout.text.includes("v3"));
    await until(() => world.clock.pending > 0);
    world.stop.request("SIGINT");
    const { code, out } = await running;
    const keys = out.split("\n").map((line) => line.split("\t")[3]);
    expect([code, keys.includes("k0"), keys.includes("k1"), keys.includes("k3")]).toEqual([
      130,
      false,
      true,
      true,
    ]);
  });

  test("waits for a topic that is not there yet, and says so", async () => {
    using data = temporaryDirectory();
    const world = new MemoryWorld();
    const running = call(["read", data.path, "-t", "orders", "--follow", "-c", "1"], "-", world);
    await until(() => world.clock.pending > 0);
    expect(world.stderr.text).toBe(
      `obelisk read: warning: ${data.path} has no topic "orders" yet\n`,
    );
    await writePartition(data.path, "orders", 0, [{ first: 0 }]);
    world.clock.advance(100);
    expect((await running).code).toBe(0);
    expect(world.stdout.text).toStartWith("orders/0\t0\t");
  });

  test("ends when nobody reads its output any more", async () => {
    using data = temporaryDirectory();
    const world = new MemoryWorld();
    const running = call(["read", data.path, "--all", "--follow"], "-", world);
    await until(() => world.clock.pending > 0);
    world.stop.request("closed");
    expect((await running).code).toBe(0);
  });
});

test("of a live directory only what was acknowledged is seen", async () => {
  using data = temporaryDirectory();
  await writePartition(data.path, "orders", 0, [{ first: 0 }]);
  const whole = await Bun.file(logPathOf(data.path, "orders")).bytes();
  await Bun.write(logPathOf(data.path, "orders"), Buffer.concat([whole, whole]));
  const lock = await lockDirectory(data.path);
  if (lock instanceof LockHeld) throw new Error("nobody else has it");
  const live = await call(["read", data.path, "-t", "orders"], data.path);
  expect([live.code, live.error, live.out.split("\n").length]).toEqual([0, "", 2]);
  lock.release();
});

test("on a terminal it is in colours, and the columns stay the same", async () => {
  using data = temporaryDirectory();
  await writePartition(data.path, "orders", 0, [{ first: 0 }]);
  const terminal = new MemoryOutput(true, 100, coloured);
  const world = Object.assign(new MemoryWorld(), { stdout: terminal });
  await call(["read", data.path, "-t", "orders"], data.path, world);
  expect(terminal.text).toContain("\x1b[");
  expect(Bun.stripANSI(terminal.text)).toBe(
    "orders/0\t0\t1970-01-01T00:16:40.000Z\tk0\tv0........\n",
  );
});
