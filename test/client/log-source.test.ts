import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { LogSource } from "../../src/client/log-source.ts";
import type { RecordRun, SourceRead } from "../../src/client/partition-source.ts";
import { seal, viewOf } from "../../src/record/batch.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { acked, directory, LogWorld, unwrap } from "../support/log-world.ts";
import { readerEnvironment } from "../support/reading.ts";

const first = `${directory}/00000000000000000000.log`;

async function closedLog(batches: number, count = 2): Promise<MemoryDisk> {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let n = 0; n < batches; n++) await acked(log, { first: n * count, count });
  await log.close();
  return world.disk.crash({ keep: "all" });
}

async function sourceOf(disk: MemoryDisk, isLive = () => false): Promise<LogSource> {
  const source = new LogSource(readerEnvironment(disk), directory, isLive);
  unwrap(await source.refresh());
  return source;
}

function runOf(read: SourceRead): RecordRun {
  if (read === "end" || read === "moved" || read instanceof Refusal || read.kind === "damage") {
    throw new Error(`no records: ${JSON.stringify(read)}`);
  }
  return read;
}

function offsetsIn(run: RecordRun): number[] {
  const found: number[] = [];
  for (let record = run.next(); record !== null; record = run.next()) found.push(record.offset);
  return found;
}

test("a run begins in the middle of a batch, and says where to read on", async () => {
  const source = await sourceOf(await closedLog(5));
  const run = runOf(await source.read(offset(3), 1));
  expect(offsetsIn(run)).toEqual([3]);
  expect(run.nextOffset).toBe(offset(4));
  expect(offsetsIn(runOf(await source.read(offset(4), 1_000_000)))).toEqual([4, 5, 6, 7, 8, 9]);
  expect(await source.read(offset(10), 1)).toBe("end");
  expect(await source.read(offset(99), 1)).toBe("end");
});

test("transaction markers are passed over", async () => {
  const disk = await closedLog(3);
  const bytes = await disk.readWhole(first);
  const size = bytes.length / 3;
  bytes[size + 22] = 0x20;
  seal(bytes, viewOf(bytes), size);
  await disk.writeWhole(first, bytes);
  const source = await sourceOf(disk);
  expect(offsetsIn(runOf(await source.read(offset(0), 1_000_000)))).toEqual([0, 1, 4, 5]);
  const marker = runOf(await source.read(offset(2), 1));
  expect(offsetsIn(marker)).toEqual([]);
  expect(marker.nextOffset).toBe(offset(4));
});

test("damaged batches are damage; sound ones with damaged records end their run with it", async () => {
  const disk = await closedLog(3);
  const flipped = disk.clone();
  flipped.flipBit(first, 70, 0);
  expect(await (await sourceOf(flipped)).read(offset(1), 1)).toMatchObject({
    kind: "damage",
    fromOffset: offset(1),
    toOffset: offset(2),
  });
  const bytes = await disk.readWhole(first);
  const size = bytes.length / 3;
  bytes[size + 61] = 0x7f;
  seal(bytes, viewOf(bytes), size);
  await disk.writeWhole(first, bytes);
  const run = runOf(await (await sourceOf(disk)).read(offset(0), 1_000_000));
  expect(offsetsIn(run)).toEqual([0, 1]);
  expect(run.damage).toMatchObject({ fromOffset: offset(2), toOffset: offset(4) });
});

test("a batch that can't be unpacked ends its run with damage", async () => {
  const disk = await closedLog(2);
  const bytes = await disk.readWhole(first);
  bytes[22] = 4;
  seal(bytes, viewOf(bytes), 0);
  await disk.writeWhole(first, bytes);
  const run = runOf(await (await sourceOf(disk)).read(offset(1), 1_000_000));
  expect(offsetsIn(run)).toEqual([]);
  expect(run.damage).toMatchObject({ fromOffset: offset(1), toOffset: offset(2) });
});

test("what was trimmed or replaced since the last look has moved", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let n = 0; n < 60; n++) await acked(log, { first: n, valueBytes: 3000 });
  await log.publish();
  const source = await sourceOf(world.disk, () => true);
  expect(await log.trim(offset(50))).toBeNull();
  expect(await source.read(offset(10), 1)).toBe("moved");
  expect(source.startOffset).toBe(offset(50));
  expect(await source.read(offset(10), 1)).toBe("moved");
  await log.delete();
  world.clock.advance(1);
  const again = await world.open();
  for (let n = 0; n < 90; n++) await acked(again, { first: n, valueBytes: 3000 });
  await again.publish();
  const { generation } = source;
  const answers = [await source.read(offset(60), 1), await source.read(offset(60), 1)];
  expect(answers[0]).toBe("moved");
  expect(source.generation === generation && source.startOffset === offset(50)).toBeFalse();
  await again.close();
});

test("the end that is seen and the end that is stored differ while a broker is at work", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0, count: 5 });
  const source = await sourceOf(world.disk, () => true);
  expect(await source.visibleEnd()).toBe(offset(0));
  expect(await source.stored().visibleEnd()).toBe(offset(5));
  await log.publish();
  expect(await source.visibleEnd()).toBe(offset(5));
  await log.delete();
  expect(await source.visibleEnd()).toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
  expect(await source.stored().visibleEnd()).toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
  await source.close();
});
