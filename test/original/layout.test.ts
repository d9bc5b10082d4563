import { expect, test } from "bun:test";
import { findOriginalLogs, readingRefused } from "../../src/original/layout.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { acked, LogWorld, unwrap } from "../support/log-world.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";

test("both layouts of the original are found, by topic and partition, beside topics of ours", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.close();
  const { disk } = world;
  await writeOriginal(disk, { topic: "payments", messages: messagesOf(2) });
  await writeOriginal(disk, { topic: "clicks", partition: 10, messages: messagesOf(1) });
  await writeOriginal(disk, { topic: "clicks", partition: 2, messages: messagesOf(3) });
  await disk.remove("topics/clicks/partition-2.idx");
  const found = unwrap(await findOriginalLogs(disk, "topics"));
  expect(found).toEqual([
    {
      topic: "clicks",
      partition: 2,
      layout: "partitioned",
      logPath: "topics/clicks/partition-2.log",
      logBytes: 126,
      indexPath: "topics/clicks/partition-2.idx",
      indexBytes: null,
    },
    expect.objectContaining({ topic: "clicks", partition: 10, indexBytes: 8 }),
    expect.objectContaining({
      topic: "payments",
      partition: 0,
      layout: "flat",
      logPath: "topics/payments.log",
      indexBytes: 16,
    }),
  ]);
});

test("a partition directory of ours holds no log of the original", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.close();
  expect(await findOriginalLogs(world.disk, "topics/orders/0")).toEqual([]);
});

test("a directory that is missing is a refusal, and only a disk's error becomes one", async () => {
  const refusal = await findOriginalLogs(new MemoryDisk(), "topics");
  expect(refusal).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  const error = new TypeError("a mistake");
  expect(() => readingRefused(error)).toThrow(error);
});
