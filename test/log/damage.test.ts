import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { BatchBuilder } from "../../src/record/builder.ts";
import { stamp, viewOf } from "../../src/record/batch.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf, numbersIn, recordsIn } from "../support/batches.ts";
import { acked, directory, LogWorld, smallConfig, unwrap } from "../support/log-world.ts";

const logPath = `${directory}/00000000000000000000.log`;

/** Three segments of two batches; the floors are not published yet. */
async function threeSegments(world: LogWorld): Promise<SegmentLog> {
  const log = await world.open();
  for (let i = 0; i < 6; i++) await acked(log, { first: i, valueBytes: 25_000 });
  return log;
}

/** A batch as a peer would put it into the value of a record of its own. */
function embedded(base: number): Uint8Array {
  const builder = new BatchBuilder();
  builder.append({
    timestamp: 1,
    key: new TextEncoder().encode("k666"),
    value: new TextEncoder().encode("forged"),
  });
  const batch = builder.build();
  stamp(viewOf(batch), 0, offset(base), 0);
  return batch;
}

/** A log with one record, killed when all but the last byte of a second, `value`, was written. */
async function torn(value: Uint8Array): Promise<LogWorld> {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.publish();
  const builder = new BatchBuilder();
  builder.append({ timestamp: 1, key: null, value });
  const size = builder.bytes;
  world.disk.failNext("append", /\.log$/, "failed", { partialBytes: size - 1 });
  const refused = await unwrap(log.append(builder.build())).committed;
  expect(refused).toBeInstanceOf(Refusal);
  return new LogWorld(world.disk.crash({ keep: "all" }));
}

test("a torn tail whose value holds a batch: nobody's record is made of it", async () => {
  const world = await torn(Buffer.concat([new Uint8Array(100), embedded(1), new Uint8Array(100)]));
  const log = await world.open();
  expect((await numbersAround(log)).join()).toBe("0");
});

test("and it is a torn tail, which is cut, not a loss of acknowledged records", async () => {
  const world = await torn(Buffer.concat([new Uint8Array(100), embedded(1), new Uint8Array(100)]));
  expect((await world.open()).losses).toEqual([]);
});

test("a peer cannot choose the log's next offset by a torn tail", async () => {
  const world = await torn(
    Buffer.concat([new Uint8Array(100), embedded(2 ** 53 - 2), new Uint8Array(100)]),
  );
  const log = await world.open();
  expect(Number(log.endOffset)).toBeLessThan(1000);
});

test("and appends go on, each with an offset of its own", async () => {
  const world = await torn(
    Buffer.concat([new Uint8Array(100), embedded(2 ** 53 - 2), new Uint8Array(100)]),
  );
  const log = await world.open();
  const offsets = [];
  for (let i = 1; i < 5; i++) offsets.push(Number((await acked(log, { first: i })).baseOffset));
  expect(new Set(offsets).size).toBe(4);
});

test("a jump of more than 32 bits: the floor still says where the end is", async () => {
  const world = await torn(
    Buffer.concat([new Uint8Array(100), embedded(2 ** 40), new Uint8Array(100)]),
  );
  const first = await world.open();
  const end = Number(first.endOffset);
  await first.close();
  expect(Number((await world.open()).endOffset)).toBe(end);
});

test("a block that was written twice (misdirected write) is damage, and no crash", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 6; i++) await acked(log, { first: i, valueBytes: 5000 });
  await log.close();
  const disk = world.disk.crash({ keep: "all" });
  const bytes = await disk.readWhole(logPath);
  const size = bytes.length / 6;
  // The batch at the last index boundary is damaged, and a good copy of it lies behind it.
  const copy = Buffer.concat([bytes, bytes.subarray(5 * size)]);
  copy[5 * size + 100]! ^= 1;
  await disk.remove(logPath);
  const file = await disk.open(logPath, "append");
  await file.append([copy]);
  await file.close();
  const next = new LogWorld(disk);
  const opened = await openSegmentLog(next.environment, directory, smallConfig);
  expect(opened).not.toBeInstanceOf(Refusal);
});

test("an empty log that waits longer than segment.ms begins no file for its second record", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  world.clock.advance(8 * 24 * 3600 * 1000);
  await acked(log, { first: 0 });
  await acked(log, { first: 1 });
  expect(log.segments.length).toBe(1);
});

async function numbersAround(log: SegmentLog): Promise<number[]> {
  const found: number[] = [];
  let at = log.startOffset;
  while (at < log.visibleOffset) {
    const read = await log.read(at, 1);
    if (read instanceof Refusal) {
      if (read.resumeAt === undefined) return found;
      at = read.resumeAt;
      continue;
    }
    found.push(...recordsIn(read.chunks).map(({ number }) => number));
    at = read.nextOffset;
  }
  return found;
}

test("what lies between two segments is refused to a reader, not skipped on the quiet", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await threeSegments(world);
  await log.close();
  for (const ending of ["log", "idx", "timeindex"])
    await world.disk.remove(`${directory}/00000000000000000002.${ending}`);
  const again = await world.open();
  expect(again.losses.length).toBe(1);
  const read = await again.read(offset(2), 1);
  if (!(read instanceof Refusal)) expect(numbersIn(read.chunks)).toEqual([2]);
  expect(read).toMatchObject({ code: "CORRUPT_MESSAGE", resumeAt: 4 });
});

test("a first segment that vanished without a request to delete it is reported", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await threeSegments(world);
  await log.close();
  for (const ending of ["log", "idx", "timeindex"])
    await world.disk.remove(`${directory}/00000000000000000000.${ending}`);
  const again = await world.open();
  expect(again.losses).toMatchObject([{ fromOffset: 0, toOffset: 2 }]);
});

test("a sealed segment whose log vanished: a reader is told where to go on, wherever it asks", async () => {
  const world = new LogWorld(new MemoryDisk(), smallConfig, 1);
  const log = await world.open();
  for (let i = 0; i < 30; i++) await acked(log, { first: i, valueBytes: 5_000 });
  await log.close();
  await world.disk.remove(`${directory}/00000000000000000000.log`);
  const again = await world.open();
  const first = await again.read(offset(0), 1);
  expect(first).toMatchObject({ code: "CORRUPT_MESSAGE" });
  const later = await again.read(offset(10), 1);
  expect(later).toMatchObject({ code: "CORRUPT_MESSAGE", resumeAt: (first as Refusal).resumeAt });
});

test("an older batch of the same size at a segment's end: what it leaves out is refused", async () => {
  const world = new LogWorld(new MemoryDisk(), smallConfig, 1);
  const log = await world.open();
  await acked(log, { first: 0, count: 3, valueBytes: 10_000 });
  for (let first = 3; first < 6; first++) await acked(log, { first, valueBytes: 50_000 });
  await log.close();
  const bytes = await world.disk.readWhole(logPath);
  let valueBytes = 30_000;
  while (batchOf({ first: 0, valueBytes }).length < bytes.length) valueBytes += 1;
  const older = batchOf({ first: 0, valueBytes });
  stamp(viewOf(older), 0, offset(0), 0);
  expect(older.length).toBe(bytes.length);
  await world.disk.writeWhole(logPath, older);

  const again = await world.open();
  expect(numbersIn(unwrap(await again.read(offset(0), 1)).chunks)).toEqual([0]);
  for (const missing of [1, 2]) {
    const found = await again.read(offset(missing), 1);
    expect(found).toMatchObject({ code: "CORRUPT_MESSAGE", resumeAt: offset(3) });
  }
  expect(numbersIn(unwrap(await again.read(offset(3), 1)).chunks)).toEqual([3]);
});

test("a flipped bit in `start` does not let an offset be used twice", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 3; i++) await acked(log, { first: i });
  world.disk.flipBit(`${directory}/00000000000000000000.log`, 60, 1);
  await log.close();
  const second = await world.open();
  expect(await second.trim(second.visibleOffset)).toBe(null);
  await second.close();
  world.disk.flipBit(`${directory}/start`, 0, 0);
  const third = await world.open();
  expect(Number(third.endOffset)).toBeGreaterThanOrEqual(3);
});

test("two damaged batches in a row hide no more than themselves", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let first = 0; first < 4; first++) await acked(log, { first });
  await log.close();

  const size = batchOf({ first: 1 }).length;
  world.disk.flipBit(logPath, 2 * size - 1, 0);
  // A base offset lies outside the checksum: this one now seems to be 2 + 2 ** 17.
  world.disk.flipBit(logPath, 2 * size + 5, 1);
  const next = new LogWorld(world.disk);
  const found = await (await next.open()).read(offset(1), 1000);
  expect(found).toMatchObject({ code: "CORRUPT_MESSAGE", resumeAt: offset(3) });
});

test("a damaged offset behind a damaged batch takes nothing from the segments that follow", async () => {
  const world = new LogWorld(new MemoryDisk());
  await threeSegments(world);
  const disk = world.disk.crash({ keep: "all" });
  const size = batchOf({ first: 0, valueBytes: 25_000 }).length;
  disk.flipBit(logPath, size - 1, 0);
  // No floor was published, and the checksum does not cover it: it now seems to be 1 + 2 ** 17.
  disk.flipBit(logPath, size + 5, 1);
  const next = new LogWorld(disk);
  const log = await next.open();
  expect(log.losses).toMatchObject([
    { row: "records missing between segments", fromOffset: 0, toOffset: 2 },
  ]);
  expect((await numbersAround(log)).join()).toBe("2,3,4,5");
  expect((await acked(log, { first: 6 })).baseOffset).toBe(offset(6));
});

test("a file that lies within another segment does not let an offset be used twice", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let first = 0; first < 6; first++) await acked(log, { first });
  await log.close();
  await world.disk.writeWhole(`${directory}/00000000000000000003.log`, new Uint8Array(0));
  const again = await world.open();
  expect(again.losses).toMatchObject([{ row: "segments overlap", fromOffset: 3, toOffset: 6 }]);
  expect((await acked(again, { first: 6 })).baseOffset).toBe(offset(6));
  await again.close();
  expect(await numbersAround(await world.open())).toContain(6);
});
