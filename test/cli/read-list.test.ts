import { expect, test } from "bun:test";
import { rmSync, symlinkSync } from "node:fs";
import { listDirectory, type ListRequest } from "../../src/cli/read-list.ts";
import { openReadable } from "../../src/cli/read-directory.ts";
import { exitCode } from "../../src/cli/command.ts";
import { MemoryWorld } from "../fake/world.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { flipBit, logPathOf, writePartition } from "./read-fixture.ts";

const everything: ListRequest = { selection: {}, isFull: false, json: false, progress: "off" };

async function listed(data: string, request: Partial<ListRequest> = {}) {
  const world = new MemoryWorld();
  const failures: string[] = [];
  const fail = (message: string) => {
    failures.push(message);
    return exitCode.failed;
  };
  const readable = await openReadable(data, world);
  if (typeof readable === "string") throw new Error(readable);
  const { stdout, stderr, clock } = world;
  const listing = { stdout, stderr, clock, fail };
  const code = await listDirectory(listing, readable, { ...everything, ...request });
  return { code, failures, out: stdout.text };
}

/** The cells of a table, by title. */
function cells(out: string): Record<string, string>[] {
  const [head = "", ...lines] = out.split("\n");
  const titles = head.split(/ {2,}/);
  const rows = lines.slice(0, lines.indexOf(""));
  return rows.map((line) =>
    Object.fromEntries(line.split(/ {2,}/).map((cell, at) => [titles[at], cell])),
  );
}

test("each segment is a row, and the last one is active", async () => {
  using data = temporaryDirectory();
  const big = [0, 1, 2].map((first) => ({ first, valueBytes: 40_000 }));
  await writePartition(data.path, "orders", 0, big);
  const { out } = await listed(data.path);
  expect(cells(out).map(({ segment, state }) => [segment, state])).toEqual([
    ["0", "sealed"],
    ["1", "sealed"],
    ["2", "active"],
  ]);
  expect(out).toEndWith("1 topic, 1 partition, 3 segments, 117 KiB\n");
});

test("only what is selected is listed", async () => {
  using data = temporaryDirectory();
  for (const partition of [0, 1]) {
    await writePartition(data.path, "orders", partition, [{ first: 0 }]);
    await writePartition(data.path, "payments", partition, [{ first: 0 }]);
  }
  const { out } = await listed(data.path, { selection: { topics: ["orders"], partitions: [1] } });
  expect(cells(out)).toMatchObject([{ topic: "orders", partition: "1" }]);
});

test("damage is seen by a full listing, in either form, and fails it", async () => {
  using data = temporaryDirectory();
  await writePartition(data.path, "orders", 0, [{ first: 0 }, { first: 1 }]);
  flipBit(logPathOf(data.path, "orders"), 70);
  expect((await listed(data.path)).code).toBe(0);
  const { code, out } = await listed(data.path, { isFull: true });
  expect([code, cells(out)[0]?.["state"]]).toEqual([1, "damaged"]);
  expect((await listed(data.path, { isFull: true, json: true })).code).toBe(1);
});

test("a partition that can't be read is reported, and the others are listed", async () => {
  using data = temporaryDirectory();
  await writePartition(data.path, "orders", 0, [{ first: 0 }]);
  await writePartition(data.path, "orders", 1, [{ first: 0 }]);
  const index = logPathOf(data.path, "orders", 1).replace(/log$/, "idx");
  rmSync(index);
  // Files are never opened through a link at their name.
  symlinkSync(logPathOf(data.path, "orders", 0), index);
  const { code, failures, out } = await listed(data.path);
  expect(cells(out)).toMatchObject([{ partition: "0" }]);
  expect([code, failures]).toEqual([
    1,
    [expect.stringMatching(/^orders\/1: .*not a regular file/)],
  ]);
});
