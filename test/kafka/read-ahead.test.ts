import { expect, test } from "bun:test";
import { Memory } from "../../src/base/memory.ts";
import type { Offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { FetchBudget } from "../../src/kafka/fetch-budget.ts";
import { type AheadPartition, ReadAhead } from "../../src/kafka/read-ahead.ts";
import { kafkaReadAheadMs, kafkaReadAheadPieceBytesMax } from "../../src/limits.ts";
import type { LogRead } from "../../src/log/log.ts";
import { ManualClock } from "../fake/clock.ts";
import { unwrap } from "../support/log-world.ts";

/** Records of a hundred bytes, from the disk. */
class FakePartition {
  highWatermark = 1000 as Offset;
  startOffset = 0 as Offset;
  isInMemory = false;
  refusal: Refusal | null = null;
  readonly reads: number[] = [];
  readonly memories: Memory[] = [];

  get watermarks(): AheadPartition["watermarks"] {
    return { startOffset: this.startOffset } as AheadPartition["watermarks"];
  }

  read(from: Offset, bytesMax: number): LogRead | Refusal | Promise<LogRead | Refusal> {
    this.reads.push(from);
    if (this.refusal !== null) return Promise.resolve(this.refusal);
    const count = Math.min(this.highWatermark - from, Math.max(1, Math.floor(bytesMax / 100)));
    const memory = Memory.allocate(count * 100);
    this.memories.push(memory);
    const nextOffset = (from + count) as Offset;
    const read = { chunks: [memory.bytes], memories: [memory], bytes: count * 100, nextOffset };
    return this.isInMemory ? read : Promise.resolve(read);
  }
}

class World {
  readonly clock = new ManualClock();
  readonly budget = new FetchBudget(10_000);
  readonly ahead = new ReadAhead(this.budget, this.clock);
  readonly partition = new FakePartition();

  begin(from: number, bytesMax = 1000): void {
    this.ahead.begin(this.place(from, bytesMax));
  }

  take(from: number, bytesMax = 1000): Promise<LogRead | Refusal> | null {
    return this.ahead.take(this.place(from, bytesMax));
  }

  place(from: number, bytesMax: number) {
    return { partition: this.partition, from: from as Offset, bytesMax };
  }
}

test("what was read ahead is handed over, once, and held for who asked", async () => {
  const world = new World();
  world.begin(50);
  expect(world.budget.used).toBe(1000);
  const read = unwrap(await world.take(50)!);
  expect({ next: read.nextOffset, bytes: read.bytes }).toEqual({ next: 60 as Offset, bytes: 1000 });
  expect(world.partition.reads).toEqual([50]);
  expect(read.memories[0]!.isFreed).toBeFalse();
  expect(world.budget.used).toBe(0);
  expect(world.take(50)).toBeNull();
});

test("another place, another partition, or other room gets nothing of it", () => {
  const world = new World();
  world.begin(50);
  expect(world.take(51)).toBeNull();
  expect(world.take(50, 999)).toBeNull();
  // It would get less than the partition has for it.
  expect(world.take(50, 1001)).toBeNull();
  const partition = new FakePartition();
  expect(world.ahead.take({ ...world.place(50, 1000), partition })).toBeNull();
  expect(world.take(50)).not.toBeNull();
});

test("a piece that is not asked for in time is freed", async () => {
  const world = new World();
  world.begin(50);
  world.clock.advance(kafkaReadAheadMs);
  await Promise.resolve();
  expect(world.take(50)).toBeNull();
  expect(world.budget.used).toBe(0);
  expect(world.partition.memories.map(({ isFreed }) => isFreed)).toEqual([true]);
});

test("the next piece takes the place of the one before", async () => {
  const world = new World();
  world.begin(50);
  world.begin(70);
  await Promise.resolve();
  expect(world.take(50)).toBeNull();
  expect(world.partition.memories.map(({ isFreed }) => isFreed)).toEqual([true, false]);
  expect(world.budget.used).toBe(1000);
});

test("nothing is read at the end, nor kept of what lies in memory", () => {
  const world = new World();
  world.begin(1000);
  expect(world.partition.reads).toEqual([]);
  world.partition.isInMemory = true;
  world.begin(50);
  expect(world.take(50)).toBeNull();
  expect(world.partition.memories.map(({ isFreed }) => isFreed)).toEqual([true]);
});

test("nothing is read beyond what all connections may, nor for an answer of unusual size", () => {
  const world = new World();
  world.budget.take(9_001);
  world.begin(50);
  world.budget.give(9_001);
  world.begin(50, kafkaReadAheadPieceBytesMax + 1);
  expect(world.partition.reads).toEqual([]);
  world.begin(50);
  expect(world.partition.reads).toEqual([50]);
});

test("a batch larger than what was asked for is counted with all it has", async () => {
  const world = new World();
  world.begin(50, 10);
  await Promise.resolve();
  expect(world.budget.used).toBe(100);
  world.ahead.drop();
  expect(world.budget.used).toBe(0);
});

test("what reached the end at that time is read again, since there may be more", async () => {
  const world = new World();
  world.begin(995);
  world.partition.highWatermark = 2000 as Offset;
  const read = unwrap(await world.take(995)!);
  expect(read.nextOffset as number).toBe(1005);
  expect(world.partition.memories.map(({ isFreed }) => isFreed)).toEqual([true, false]);
});

test("records that were deleted meanwhile are not served", () => {
  const world = new World();
  world.begin(50);
  world.partition.startOffset = 51 as Offset;
  expect(world.take(50)).toBeNull();
});

test("a refusal is asked for again: it may be over", async () => {
  const world = new World();
  world.partition.refusal = new Refusal("KAFKA_STORAGE_ERROR", "for now");
  world.begin(50);
  world.partition.refusal = null;
  expect(unwrap(await world.take(50)!).nextOffset as number).toBe(60);
});

test("nothing is read for a connection that is gone", async () => {
  const world = new World();
  world.begin(50);
  world.ahead.end();
  await Promise.resolve();
  expect(world.budget.used).toBe(0);
  expect(world.partition.memories.map(({ isFreed }) => isFreed)).toEqual([true]);
  // Its last Fetch was still waiting for the disk.
  world.begin(60);
  expect(world.partition.reads).toEqual([50]);
});
