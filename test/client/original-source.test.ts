import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { OriginalSource } from "../../src/client/original-source.ts";
import type { SourceRead } from "../../src/client/partition-source.ts";
import { findOriginalLogs } from "../../src/original/layout.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { unwrap } from "../support/log-world.ts";
import { frameOf, messagesOf, writeOriginal } from "../support/original.ts";

async function sourceOf(disk: MemoryDisk): Promise<OriginalSource> {
  const [log] = unwrap(await findOriginalLogs(disk, "topics"));
  if (log === undefined) throw new Error("there is no log");
  return new OriginalSource(disk, log);
}

/** The offsets of a run, or what came instead. */
function told(read: SourceRead): unknown {
  if (typeof read === "string" || read instanceof Refusal) return read;
  if (read.kind === "damage") return [read.fromOffset, read.toOffset];
  const found: number[] = [];
  for (let record = read.next(); record !== null; record = read.next()) found.push(record.offset);
  return { from: found[0], next: read.nextOffset, count: found.length };
}

test("any message is read, wherever it lies, and its log is walked on from near it", async () => {
  const disk = new MemoryDisk();
  await writeOriginal(disk, { topic: "orders", messages: messagesOf(3000, 1500) });
  const source = await sourceOf(disk);
  for (const from of [2999, 0, 1500, 700, 2999]) {
    expect(told(await source.read(offset(from)))).toMatchObject({ from });
  }
  const before = disk.operations.length;
  expect(told(await source.read(offset(2990)))).toMatchObject({ from: 2990, count: 10 });
  const reads = disk.operations
    .slice(before)
    .filter(({ operation, path }) => operation === "read" && path.endsWith(".log"));
  expect(reads.length).toBeLessThan(3);
  expect(await source.read(offset(3000))).toBe("end");
  expect(await source.visibleEnd()).toBe(offset(3000));
});

test("damage is told by its messages, a torn tail is waited for", async () => {
  const disk = new MemoryDisk();
  const { logPath, positions } = await writeOriginal(disk, {
    topic: "orders",
    messages: messagesOf(6),
  });
  disk.flipBit(logPath, (positions[2] ?? 0) + 13, 0);
  const frame = frameOf("orders", { key: "k6", value: "late" });
  const file = await disk.open(logPath, "append");
  await file.append([frame.subarray(0, 9)]);
  const source = await sourceOf(disk);
  expect(told(await source.read(offset(1)))).toMatchObject({ from: 1, next: 2 });
  expect(told(await source.read(offset(2)))).toEqual([2, 3]);
  expect(told(await source.read(offset(3)))).toMatchObject({ from: 3, next: 6 });
  expect(told(await source.read(offset(6)))).toBe("end");
  expect(await source.visibleEnd()).toBe(offset(6));
  await file.append([frame.subarray(9)]);
  await file.close();
  expect(told(await source.read(offset(6)))).toMatchObject({ from: 6, next: 7 });
  expect(await source.stored().visibleEnd()).toBe(offset(7));
});

test("a disk that fails is a refusal", async () => {
  const disk = new MemoryDisk();
  const { logPath } = await writeOriginal(disk, { topic: "orders", messages: messagesOf(2) });
  const source = await sourceOf(disk);
  disk.failNext("open", logPath, "denied");
  expect(await source.read(offset(0))).toBeInstanceOf(Refusal);
  disk.failNext("read", logPath, "failed");
  expect(await source.visibleEnd()).toBeInstanceOf(Refusal);
  expect(await source.refresh()).toBeNull();
  await source.close();
});
