import { expect, test } from "bun:test";
import { findPartitions, readingRefused } from "../../src/reader/directory.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { acked, LogWorld, unwrap } from "../support/log-world.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";

async function ownDirectory(): Promise<MemoryDisk> {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.close();
  return world.disk;
}

test("a directory is ours, the original's, both or neither", async () => {
  const own = await ownDirectory();
  const original = new MemoryDisk();
  await writeOriginal(original, { topic: "orders", messages: messagesOf(1) });
  const both = own.clone();
  await writeOriginal(both, { topic: "clicks", partition: 0, messages: messagesOf(1) });
  const kinds = [];
  for (const disk of [own, original, both, new MemoryDisk()]) {
    kinds.push(unwrap(await findPartitions(disk)).kind);
  }
  expect(kinds).toEqual(["own", "original", "both", "neither"]);
});

test("the topics directory itself may be given, too", async () => {
  const disk = new MemoryDisk();
  await writeOriginal(disk, { topic: "clicks", topics: ".", messages: messagesOf(1) });
  await writeOriginal(disk, {
    topic: "orders",
    topics: ".",
    partition: 3,
    messages: messagesOf(1),
  });
  await disk.makeDirectory("payments/0");
  await disk.makeDirectory("payments/not-a-partition");
  const found = unwrap(await findPartitions(disk));
  expect(found.topics).toBe(".");
  expect(found.partitions).toMatchObject([
    {
      topic: "clicks",
      partition: 0,
      source: { kind: "original", log: { logPath: "./clicks.log" } },
    },
    { topic: "orders", partition: 3, source: { kind: "original" } },
    { topic: "payments", partition: 0, source: { kind: "own", directory: "./payments/0" } },
  ]);
});

test("partitions come by topic and number, without those of deleted topics", async () => {
  const disk = new MemoryDisk();
  for (const directory of ["b/10", "b/9", "a/0", ".deleted-1234/0", "b/x", "b/01"]) {
    await disk.makeDirectory(`topics/${directory}`);
  }
  const found = unwrap(await findPartitions(disk));
  expect(found.partitions.map(({ topic, partition }) => `${topic}/${partition}`)).toEqual([
    "a/0",
    "b/9",
    "b/10",
  ]);
});

test("a directory that can't be read is a refusal, and only a disk's error becomes one", async () => {
  const disk = await ownDirectory();
  disk.failNext("list", "topics/orders", "denied");
  expect(await findPartitions(disk)).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  const error = new TypeError("a mistake");
  expect(() => readingRefused(error)).toThrow(error);
});
