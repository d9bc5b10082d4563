import { describe, expect, test } from "bun:test";
import { CachedRange, RecordCache } from "../../src/log/cache.ts";

const bytesOf = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

test("a copy is the cache's own: the caller's bytes may change", () => {
  const cache = new RecordCache(1000, 100);
  const bytes = bytesOf(10, 7);
  const piece = cache.hold(bytes, false);
  bytes.fill(9);
  expect([...piece.bytes]).toEqual([...bytesOf(10, 7)]);
});

test("the budget holds, and what was handed out survives being forgotten", () => {
  const cache = new RecordCache(300, 100);
  const first = cache.hold(bytesOf(60, 1), false);
  for (let i = 0; i < 50; i++) {
    cache.hold(bytesOf(60, 2), false);
    expect(cache.heldBytes).toBeLessThanOrEqual(300);
  }
  expect(first.slab.memory).toBeNull();
  expect([...first.bytes]).toEqual([...bytesOf(60, 1)]);
});

test("a batch larger than a slab gets one of its own, even past the budget", () => {
  const cache = new RecordCache(300, 100);
  const piece = cache.hold(bytesOf(1000, 3), false);
  expect(piece.slab.memory?.bytes.length).toBe(1000);
  cache.hold(bytesOf(10, 1), false);
  expect(cache.heldBytes).toBe(100);
});

describe("a batch that is given", () => {
  const largeBytes = 64 * 1024;

  test("stays where it is if it is large, beside the slab that is being filled", () => {
    const cache = new RecordCache(10 * largeBytes, largeBytes);
    const before = cache.hold(bytesOf(10, 1), false);
    const given = bytesOf(largeBytes, 2);
    const piece = cache.hold(given, true);
    expect(piece.bytes).toBe(given);
    expect(piece.slab.memory?.bytes).toBe(given);
    expect(cache.hold(bytesOf(10, 3), false).slab).toBe(before.slab);
    expect(cache.heldBytes).toBe(2 * largeBytes);
  });

  test("is copied if it is small, or holds on to much larger memory", () => {
    const cache = new RecordCache(10 * largeBytes, largeBytes);
    const small = bytesOf(largeBytes - 1, 1);
    expect(cache.hold(small, true).bytes.buffer).not.toBe(small.buffer);
    const part = bytesOf(3 * largeBytes, 1).subarray(0, largeBytes);
    expect(cache.hold(part, true).bytes.buffer).not.toBe(part.buffer);
  });

  test("counts with all the memory that it holds on to, and is forgotten like others", () => {
    const cache = new RecordCache(3 * largeBytes, largeBytes);
    const memory = bytesOf(2 * largeBytes, 1);
    const first = cache.hold(memory.subarray(0, largeBytes), true);
    expect(cache.heldBytes).toBe(2 * largeBytes);
    for (let i = 0; i < 5; i++) {
      cache.hold(bytesOf(largeBytes, 2), true);
      expect(cache.heldBytes).toBeLessThanOrEqual(3 * largeBytes);
    }
    expect(first.slab.memory).toBeNull();
  });
});

test("pieces that are neighbours in slab and file become one run", () => {
  const cache = new RecordCache(1000, 100);
  const range = new CachedRange();
  range.add(cache.hold(bytesOf(10, 1), false), 0);
  range.add(cache.hold(bytesOf(10, 2), false), 10);
  cache.hold(bytesOf(10, 9), false);
  range.add(cache.hold(bytesOf(10, 3), false), 20);
  expect(range.run(range.find(0))).toMatchObject({ position: 0, length: 20 });
  expect(range.run(range.find(25))).toMatchObject({ position: 20, length: 10 });
});

test("a position is found only while its slab is held", () => {
  const cache = new RecordCache(200, 100);
  const range = new CachedRange();
  for (let i = 0; i < 10; i++) range.add(cache.hold(bytesOf(50, i), false), i * 50);
  expect(range.find(0)).toBe(-1);
  expect(range.find(299)).toBe(-1);
  expect(range.find(300)).toBeGreaterThanOrEqual(0);
  expect(range.find(499)).toBeGreaterThanOrEqual(0);
  expect(range.find(500)).toBe(-1);
});

test("truncating shortens the run that straddles the cut", () => {
  const cache = new RecordCache(1000, 100);
  const range = new CachedRange();
  range.add(cache.hold(bytesOf(50, 1), false), 0);
  cache.hold(bytesOf(10, 9), false);
  range.add(cache.hold(bytesOf(30, 2), false), 50);
  range.truncate(20);
  expect(range.find(19)).toBe(0);
  expect(range.find(20)).toBe(-1);
  range.truncate(0);
  expect(range.find(0)).toBe(-1);
});

test("a gap in the file starts the range anew", () => {
  const cache = new RecordCache(1000, 100);
  const range = new CachedRange();
  range.add(cache.hold(bytesOf(10, 1), false), 0);
  range.add(cache.hold(bytesOf(10, 2), false), 30);
  expect(range.find(0)).toBe(-1);
  expect(range.find(35)).toBe(0);
});
