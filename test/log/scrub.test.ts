import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Pace } from "../../src/base/pace.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { ScrubMeans, Scrubbed } from "../../src/log/scrub.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { acked, directory, LogWorld, unwrap } from "../support/log-world.ts";

const pace = new Pace(new ManualClock(), { sliceMs: 1, restMs: 1, bytesPerSecond: Infinity });
const wanted: ScrubMeans = { pace, isWanted: () => true };

/** A log of four segments of twenty batches, the last one not finished. */
async function worldOf(): Promise<{ world: LogWorld; log: SegmentLog }> {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 80; i++) await acked(log, { first: i, valueBytes: 3150 });
  await log.publish();
  expect(log.segments.map(({ base }) => Number(base))).toEqual([0, 20, 40, 60]);
  return { world, log };
}

async function scrubAll(log: SegmentLog): Promise<Scrubbed[]> {
  const found: Scrubbed[] = [];
  for (let at = log.startOffset; ;) {
    const scrubbed = unwrap(await log.scrub(at, wanted));
    if (scrubbed === null) return found;
    found.push(scrubbed);
    at = scrubbed.nextOffset;
  }
}

const path = (base: number): string => `${directory}/${String(base).padStart(20, "0")}.log`;

const damagesOf = (found: Scrubbed[]) =>
  found.flatMap(({ damages }) =>
    damages.map(({ fault, fromOffset, toOffset }) => [fault, Number(fromOffset), Number(toOffset)]),
  );

test("every finished segment is read, and nothing is found where nothing is", async () => {
  const { log } = await worldOf();
  const found = await scrubAll(log);
  expect(found.map(({ nextOffset }) => Number(nextOffset))).toEqual([20, 40, 60]);
  const bytes = log.segments.slice(0, 3).map((segment) => segment.bytes);
  expect(found.map((one) => one.bytes)).toEqual(bytes);
  expect(damagesOf(found)).toEqual([]);
});

test("every damaged stretch is told of, with its offsets", async () => {
  const { world, log } = await worldOf();
  const batchBytes = (log.segments[1]?.bytes ?? 0) / 20;
  world.disk.flipBit(path(20), Math.floor(3.5 * batchBytes), 1);
  world.disk.flipBit(path(20), Math.floor(9.5 * batchBytes), 1);
  world.disk.truncateTo(path(40), Math.floor(15 * ((log.segments[2]?.bytes ?? 0) / 20)));
  await world.disk.remove(path(0));
  expect(damagesOf(await scrubAll(log))).toEqual([
    ["missing", 0, 20],
    ["crc", 23, 24],
    ["crc", 29, 30],
    ["missing", 55, 60],
  ]);
});

test("no flipped bit is overlooked", async () => {
  const { world, log } = await worldOf();
  const bytes = log.segments[0]?.bytes ?? 0;
  for (let byte = 0; byte < bytes; byte += 997) {
    world.disk.flipBit(path(0), byte, byte % 8);
    const scrubbed = unwrap(await log.scrub(offset(0), wanted));
    expect({ byte, damages: scrubbed?.damages.length }).toEqual({ byte, damages: 1 });
    world.disk.flipBit(path(0), byte, byte % 8);
  }
});

test("a segment that goes while it is read is not taken for damage", async () => {
  const { world, log } = await worldOf();
  const gate = world.disk.hold("read", path(0));
  const scrubbing = log.scrub(offset(0), wanted);
  await gate.reached();
  expect(await log.trim(offset(20))).toBeNull();
  gate.release();
  expect(unwrap(await scrubbing)).toEqual({ nextOffset: offset(20), bytes: 0, damages: [] });
});

test("whoever does not want to know any more is told nothing", async () => {
  const { log } = await worldOf();
  let asked = 0;
  expect(await log.scrub(offset(0), { pace, isWanted: () => asked++ === 0 })).toBeNull();
  await log.close();
  expect(await log.scrub(offset(0), wanted)).toBeNull();
});

test("a disk that fails is a refusal, and no damage", async () => {
  const { world, log } = await worldOf();
  world.disk.failNext("read", path(0), "failed");
  expect(await log.scrub(offset(0), wanted)).toBeInstanceOf(Refusal);
  expect(damagesOf(await scrubAll(log))).toEqual([]);
});
