import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { takeInventory, type PartitionInventory } from "../../src/reader/inventory.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { acked, directory, LogWorld, range, unwrap } from "../support/log-world.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { onlyPartition, readerEnvironment } from "../support/reading.ts";

async function inventory(
  disk: MemoryDisk,
  isFull: boolean,
  isLive = false,
): Promise<PartitionInventory> {
  const found = await onlyPartition(disk);
  const options = { isFull, isLive: () => isLive };
  return unwrap(await takeInventory(readerEnvironment(disk), found, options));
}

test("names, sizes and headers tell offsets, times and bytes without reading a log", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (const n of range(0, 60)) await acked(log, { first: n, valueBytes: 3000 });
  await log.close();
  const { disk, clock } = world;
  const before = disk.operations.length;
  const { segments, ...rest } = await inventory(disk, false);
  const read = disk.operations.slice(before);
  expect(read.filter((one) => one.operation === "read" && one.path.endsWith("0.log"))).toEqual([]);
  expect(rest).toMatchObject({ startOffset: 0, endOffset: 60, logBytes: log.sizeBytes });
  expect(segments.length).toBeGreaterThan(2);
  const [first, second] = segments;
  expect(first).toMatchObject({
    base: 0,
    endOffset: second?.base,
    isSealed: true,
    createdMs: clock.now(),
    maxTimestamp: 1_000_000 + (second?.base ?? 0) - 1,
    content: null,
  });
  expect(segments.at(-1)).toMatchObject({
    endOffset: 60,
    isSealed: false,
    maxTimestamp: 1_000_059,
  });
});

test("a full inventory counts batches, records, codecs and damaged bytes", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0, count: 5 });
  await acked(log, { first: 5, count: 50, valueBytes: 200, compression: "zstd" });
  await acked(log, { first: 55, count: 2 });
  await log.close();
  const size = (await world.disk.readWhole(`${directory}/00000000000000000000.log`)).length;
  world.disk.flipBit(`${directory}/00000000000000000000.log`, size - 1, 0);
  const [segment] = (await inventory(world.disk, true)).segments;
  expect(segment?.content).toEqual({
    batches: 2,
    records: 55,
    minTimestamp: 1_000_000,
    compressions: ["none", "zstd"],
    damagedBytes: expect.any(Number),
  });
  expect(segment?.content?.damagedBytes).toBeGreaterThan(61);
});

test("an empty or trimmed log has a start and an end", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  expect(await inventory(world.disk, true)).toMatchObject({
    startOffset: 0,
    endOffset: 0,
    logBytes: 0,
    segments: [],
  });
  for (const n of range(0, 60)) await acked(log, { first: n, valueBytes: 3000 });
  expect(await log.trim(offset(50))).toBeNull();
  await log.publish();
  expect(await inventory(world.disk, false, true)).toMatchObject({
    startOffset: 50,
    endOffset: 60,
  });
  await log.close();
});

test("a log of the original is counted by its index, or as a whole", async () => {
  const disk = new MemoryDisk();
  const { indexPath, positions } = await writeOriginal(disk, {
    topic: "orders",
    partition: 0,
    messages: messagesOf(7),
  });
  const logBytes = positions.at(-1) ?? 0;
  expect(await inventory(disk, false)).toMatchObject({ endOffset: 7, logBytes });
  await disk.remove(indexPath);
  expect(await inventory(disk, false)).toMatchObject({ endOffset: null });
  const full = await inventory(disk, true);
  expect(full.endOffset).toBe(7);
  expect(full.segments).toMatchObject([
    {
      maxTimestamp: 1_754_705_528_486,
      content: { records: 7, minTimestamp: 1_754_705_528_480, compressions: ["none"] },
    },
  ]);
});

test("what can't be read is a refusal", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.close();
  const found = await onlyPartition(world.disk);
  const options = { isFull: true, isLive: () => false };
  const take = () => takeInventory(readerEnvironment(world.disk), found, options);
  world.disk.failNext("read", /log$/, "failed");
  expect(await take()).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  await world.disk.remove("topics/orders");
  expect(await take()).toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
});
