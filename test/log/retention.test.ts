import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { LogConfig } from "../../src/log/log.ts";
import { expiredCount, type Retention, type SegmentAge } from "../../src/log/retention.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import {
  acked,
  directory,
  LogWorld,
  range,
  readAll,
  smallConfig,
  unwrap,
} from "../support/log-world.ts";

const day = 24 * 3600 * 1000;
const now = 1_754_705_528_480;
const everything: Retention = { retentionMs: Infinity, retentionBytes: Infinity };

/** A segment of 100 bytes that was written, and whose records are, so many days ago. */
const aged = (days: number, also: Partial<SegmentAge> = {}): SegmentAge => ({
  bytes: 100,
  maxTimestamp: now - days * day,
  createdMs: now - (days + 1) * day,
  writtenMs: now - days * day,
  ...also,
});

const week: Retention = { ...everything, retentionMs: 7 * day };
const seconds = Math.floor(now / 1000);

const rows: [row: string, segments: SegmentAge[], retention: Retention, count: number][] = [
  ["nothing is set", [aged(9000), aged(8000)], everything, 0],
  ["some are older", [aged(9), aged(8), aged(6), aged(0)], week, 2],
  ["exactly as old as may be", [aged(7), aged(0)], week, 0],
  ["an old one behind a new one stays with it", [aged(6), aged(9), aged(0)], week, 0],
  ["all are older", [aged(9), aged(8)], week, 2],
  ["the empty last one stays", [aged(9), aged(8, { bytes: 0 })], week, 1],
  ["too many bytes", [aged(1), aged(1), aged(1)], { ...everything, retentionBytes: 200 }, 1],
  [
    "a segment that is only partly too much stays",
    [aged(1), aged(1), aged(1)],
    {
      ...everything,
      retentionBytes: 201,
    },
    0,
  ],
  ["no bytes at all are kept", [aged(1), aged(1)], { ...everything, retentionBytes: 0 }, 2],
  ["both: whichever says more", [aged(9), aged(1), aged(1)], { ...week, retentionBytes: 100 }, 2],
  [
    "records without a time",
    [aged(9, { maxTimestamp: -1 }), aged(6, { maxTimestamp: -1 })],
    week,
    1,
  ],
  [
    "seconds for milliseconds, written yesterday",
    [aged(1, { maxTimestamp: seconds }), aged(0)],
    week,
    0,
  ],
  [
    "seconds for milliseconds, written long ago",
    [aged(9, { maxTimestamp: seconds }), aged(8)],
    week,
    2,
  ],
  [
    "microseconds for milliseconds, written long ago",
    [aged(9, { maxTimestamp: now * 1000 }), aged(8)],
    week,
    2,
  ],
  ["tomorrow, written long ago", [aged(9, { maxTimestamp: now + day / 2 }), aged(8)], week, 0],
  [
    "no time, begun when the clock was in 2040",
    [aged(9, { maxTimestamp: 0, createdMs: now * 1.2 }), aged(8)],
    week,
    2,
  ],
  [
    "no time, and the next one begun when the clock was in 1970",
    [aged(1, { maxTimestamp: 0 }), aged(0, { createdMs: 5 })],
    week,
    0,
  ],
];

test.each(rows)("retention: %s", (_row, segments, retention, count) => {
  expect(expiredCount(segments, retention, now)).toBe(count);
});

const hour = 3600 * 1000;
const hourly = (retention: Partial<Retention>): LogConfig => ({
  ...smallConfig,
  segmentMs: hour,
  retention: { ...everything, ...retention },
});

/** A log with a batch of about 1,000 bytes an hour, each in a segment of its own. */
async function hours(count: number, config: LogConfig) {
  const world = new LogWorld(new MemoryDisk(), config);
  const log = await world.open();
  for (let i = 0; i < count; i++) {
    await acked(log, { first: i, valueBytes: 900, timestamp: world.clock.now() });
    world.clock.advance(hour);
  }
  return { world, log };
}

const numbersOf = async (log: Parameters<typeof readAll>[0]) =>
  (await readAll(log)).map(({ number }) => number);

describe("a log", () => {
  test("forgets what is older, across restarts, and nothing of it counts as lost", async () => {
    const { world, log } = await hours(10, hourly({ retentionMs: 4.5 * hour }));
    const expired = unwrap(await log.expire(world.clock.now()));
    expect(expired.segments).toBe(6);
    expect(expired.bytes).toBeGreaterThan(5400);
    expect(log.startOffset).toBe(offset(6));
    expect(await numbersOf(log)).toEqual(range(6, 10));
    expect(await log.read(offset(5), 1)).toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
    await log.close();
    const again = await world.open();
    expect(again.losses).toEqual([]);
    expect(await numbersOf(again)).toEqual(range(6, 10));
    expect(unwrap(await again.expire(world.clock.now())).segments).toBe(0);
  });

  test("forgets its oldest segments once it is too large", async () => {
    const { world, log } = await hours(10, hourly({ retentionBytes: 3500 }));
    await log.expire(world.clock.now());
    expect(log.sizeBytes).toBeGreaterThanOrEqual(3500);
    expect(log.sizeBytes).toBeLessThan(4500);
    expect(await numbersOf(log)).toEqual(range(6, 10));
  });

  test("of which everything is old is empty, and goes on counting after a restart", async () => {
    const { world, log } = await hours(3, hourly({ retentionMs: hour }));
    world.clock.advance(day);
    expect(unwrap(await log.expire(world.clock.now())).segments).toBe(3);
    expect([log.startOffset, log.endOffset, log.sizeBytes]).toEqual([offset(3), offset(3), 0]);
    // Even where the file that says where it starts is lost.
    await log.close();
    await world.disk.remove(`${directory}/start`);
    const again = await world.open();
    expect(again.endOffset).toBe(offset(3));
    expect((await acked(again, { first: 3 })).baseOffset).toBe(offset(3));
    expect(await numbersOf(again)).toEqual([3]);
  });

  test("does not end its last segment while a record is on its way into it", async () => {
    const { world, log } = await hours(2, hourly({ retentionMs: hour }));
    world.clock.advance(day);
    const gate = world.disk.hold("append", /\.log$/);
    const under = unwrap(log.append(batchOf({ first: 2 })));
    await gate.reached();
    await log.expire(world.clock.now() + 2 * day);
    gate.release();
    expect(await under.committed).toBeNull();
    expect(await numbersOf(log)).toContain(2);
  });

  test("that keeps everything, keeps everything", async () => {
    const { world, log } = await hours(3, { ...smallConfig, segmentMs: hour });
    world.clock.advance(9000 * day);
    expect(await log.expire(world.clock.now())).toEqual({ segments: 0, bytes: 0 });
    expect(await numbersOf(log)).toEqual(range(0, 3));
  });

  test("follows another retention at once", async () => {
    const { world, log } = await hours(10, hourly({}));
    expect(unwrap(await log.expire(world.clock.now())).segments).toBe(0);
    await log.configure(hourly({ retentionMs: 4.5 * hour }));
    expect(unwrap(await log.expire(world.clock.now())).segments).toBe(6);
  });

  test("finds room by it on a full disk", async () => {
    const { world, log } = await hours(10, hourly({ retentionMs: 4.5 * hour }));
    const entries = await world.disk.list(directory);
    world.disk.capacityBytes = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(unwrap(await log.expire(world.clock.now())).segments).toBe(6);
    expect(log.startOffset).toBe(offset(6));
  });
});

test("the machine may stop at any step: a record is there or was to go, and none comes back", async () => {
  const config = hourly({ retentionMs: 4.5 * hour });
  const stopped = async (at: number) => {
    const { world, log } = await hours(10, config);
    await log.publish();
    const begun = world.disk.operations.length;
    world.disk.haltAt(begun + at);
    const expired = log.expire(world.clock.now());
    for (let i = 0; i < 500; i++) await Promise.resolve();
    const isOver = world.disk.operations.length <= begun + at;
    return { world, isOver, isDone: isOver && !((await expired) instanceof Refusal) };
  };
  for (let at = 0; ; at++) {
    for (const keep of ["all", "synced"] as const) {
      const { world, isDone } = await stopped(at);
      const next = new LogWorld(world.disk.crash({ keep }), config);
      next.clock.advance(10 * hour);
      const log = await next.open();
      expect({ at, keep, losses: log.losses }).toEqual({ at, keep, losses: [] });
      const first = Number(log.startOffset);
      expect({ at, keep, numbers: await numbersOf(log) }).toEqual({
        at,
        keep,
        numbers: range(first, 10),
      });
      expect(first).toBeLessThanOrEqual(6);
      if (isDone) expect(first).toBe(6);
      await acked(log, { first: 10, timestamp: next.clock.now() });
      expect(unwrap(await log.expire(next.clock.now())).segments).toBeGreaterThanOrEqual(0);
      expect(await numbersOf(log)).toEqual(range(6, 11));
    }
    if ((await stopped(at)).isOver) {
      expect(at).toBeGreaterThan(10);
      return;
    }
  }
});
