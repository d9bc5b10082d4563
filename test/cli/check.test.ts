import { describe, expect, test } from "bun:test";
import { appendFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { localDisk } from "../../src/disk/local.ts";
import { lockDirectory, LockHeld } from "../../src/disk/lock.ts";
import { MemoryOutput, MemoryWorld } from "../fake/world.ts";
import { batchOf } from "../support/batches.ts";
import { expectGolden } from "../support/golden.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { call, flipBit, logPathOf, transcript, writePartition } from "./read-fixture.ts";

const indexPathOf = (data: string, topic: string): string =>
  logPathOf(data, topic).replace(/\.log$/, ".idx");

/** A topic for each thing that can be wrong. */
async function writeTroubles(data: string): Promise<void> {
  const three = [{ first: 0, count: 2 }, { first: 2 }, { first: 3 }];
  await writePartition(data, "broken", 0, three);
  flipBit(logPathOf(data, "broken"), 90);
  await writePartition(data, "cut", 0, three);
  truncateSync(logPathOf(data, "cut"), 100);
  await writePartition(data, "fine", 0, three);
  await writePartition(data, "left-over", 0, three);
  writeFileSync(`${indexPathOf(data, "left-over")}.tmp`, "");
  await writePartition(data, "no-index", 0, three);
  rmSync(indexPathOf(data, "no-index"));
  await writePartition(data, "torn", 0, three);
  appendFileSync(logPathOf(data, "torn"), batchOf({ first: 4 }).subarray(0, 70));
}

/** How long it took is another time each time. */
const timeless = (text: string): string =>
  text.replaceAll(/ in \d+ ms\)/g, " in <time>)").replaceAll(/"tookMs":\d+/g, '"tookMs":"<time>"');

test("what is wrong, where, and what to do, as one sees it", async () => {
  using data = temporaryDirectory();
  await writeTroubles(data.path);
  const old = localDisk(`${data.path}/old`);
  await old.makeDirectory(".");
  await writeOriginal(old, { topic: "healthy", messages: messagesOf(3) });
  const damaged = await writeOriginal(old, { topic: "damaged", messages: messagesOf(3) });
  flipBit(`${data.path}/old/${damaged.logPath}`, damaged.positions[1]! + 12);
  let text = "";
  for (const args of [
    ["check", data.path],
    ["check", data.path, "--json"],
    ["check", data.path, "-t", "fine", "-t", "torn", "-p", "0"],
    ["check", data.path, "-t", "nothing"],
    ["check", `${data.path}/nowhere`],
    ["check", `${data.path}/old`],
    ["read", data.path, "-t", "broken", "--verify"],
    ["read", data.path, "-t", "broken", "--verify", "-J"],
  ]) {
    text += timeless(await transcript(args, data.path));
  }
  expectGolden("cli/check.txt", text);
});

test("an empty directory is healthy", async () => {
  using data = temporaryDirectory();
  const { code, out } = await call(["check", data.path], data.path);
  expect([code, timeless(out)]).toEqual([
    0,
    "<data>: holds no topics (0 records, 0 B in <time>)\n",
  ]);
});

describe("while a broker has the directory", () => {
  test("only what it acknowledged is checked, and the report says so", async () => {
    using data = temporaryDirectory();
    await writePartition(data.path, "orders", 0, [{ first: 0 }]);
    appendFileSync(logPathOf(data.path, "orders"), batchOf({ first: 1 }).subarray(0, 70));
    const lock = await lockDirectory(data.path);
    if (lock instanceof LockHeld) throw new Error("nobody else has it");
    const { code, out } = await call(["check", data.path], data.path);
    lock.release();
    expect([code, timeless(out)]).toEqual([
      0,
      "healthy  orders/0  offset 0, 1 record, 1 batch, 1 segment\n" +
        "<data>: 1 partition: 1 healthy (1 record, 150 B in <time>)\n" +
        "A broker is at work here: what it had acknowledged was checked.\n",
    ]);
  });
});

test("a line shows the progress on a terminal, and gives way to the report", async () => {
  using data = temporaryDirectory();
  await writePartition(data.path, "orders", 0, [{ first: 0 }]);
  await writePartition(data.path, "orders", 1, [{ first: 1 }]);
  const terminal = new MemoryOutput(true);
  const world = Object.assign(new MemoryWorld(), { stderr: terminal });
  const { clock } = world;
  // Each look at the clock takes a second: every report is due.
  const slow = Object.assign(world, {
    clock: {
      now: () => clock.now(),
      after: clock.after.bind(clock),
      monotonic() {
        clock.advance(1_000);
        return clock.monotonic();
      },
    },
  });
  await call(["check", data.path], data.path, slow);
  const drawn = terminal.text.replaceAll("\x1b[K", "<end>").split("\r");
  const shown = drawn.map((line) => line.replace(/%.*/, "%"));
  expect(shown.filter((line, at) => line !== shown[at - 1])).toEqual([
    "",
    "checking: 50%",
    "<end>",
    "checking: 100%",
    "<end>",
  ]);
});
