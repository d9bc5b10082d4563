import { expect, test } from "bun:test";
import { CachedRange, RecordCache } from "../../src/log/cache.ts";

const bytesOf = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

test("a copy is the cache's own: the caller's bytes may change", () => {
  const cache = new RecordCache(1000, 100);
  const bytes = bytesOf(10, 7);
  const piece = cache.copy(bytes);
  bytes.fill(9);
  expect([...piece.bytes]).toEqual([...bytesOf(10, 7)]);
});

test("the budget holds, and what was handed out survives being forgotten", () => {
  const cache = new RecordCache(300, 100);
  const first = cache.copy(bytesOf(60, 1));
  for (let i = 0; i < 50; i++) {
    cache.copy(bytesOf(60, 2));
    expect(cache.heldBytes).toBeLessThanOrEqual(300);
  }
  expect(first.slab.memory).toBeNull();
  expect([...first.bytes]).toEqual([...bytesOf(60, 1)]);
});

test("a batch larger than a slab gets one of its own, even past the budget", () => {
  const cache = new RecordCache(300, 100);
  const piece = cache.copy(bytesOf(1000, 3));
  expect(piece.slab.memory?.bytes.length).toBe(1000);
  cache.copy(bytesOf(10, 1));
  expect(cache.heldBytes).toBe(100);
});

test("pieces that are neighbours in slab and file become one run", () => {
  const cache = new RecordCache(1000, 100);
  const range = new CachedRange();
  range.add(cache.copy(bytesOf(10, 1)), 0);
  range.add(cache.copy(bytesOf(10, 2)), 10);
  cache.copy(bytesOf(10, 9));
  range.add(cache.copy(bytesOf(10, 3)), 20);
  expect(range.run(range.find(0))).toMatchObject({ position: 0, length: 20 });
  expect(range.run(range.find(25))).toMatchObject({ position: 20, length: 10 });
});

test("a position is found only while its slab is held", () => {
  const cache = new RecordCache(200, 100);
  const range = new CachedRange();
  for (let i = 0; i < 10; i++) range.add(cache.copy(bytesOf(50, i)), i * 50);
  expect(range.find(0)).toBe(-1);
  expect(range.find(299)).toBe(-1);
  expect(range.find(300)).toBeGreaterThanOrEqual(0);
  expect(range.find(499)).toBeGreaterThanOrEqual(0);
  expect(range.find(500)).toBe(-1);
});

test("truncating shortens the run that straddles the cut", () => {
  const cache = new RecordCache(1000, 100);
  const range = new CachedRange();
  range.add(cache.copy(bytesOf(50, 1)), 0);
  cache.copy(bytesOf(10, 9));
  range.add(cache.copy(bytesOf(30, 2)), 50);
  range.truncate(20);
  expect(range.find(19)).toBe(0);
  expect(range.find(20)).toBe(-1);
  range.truncate(0);
  expect(range.find(0)).toBe(-1);
});

test("a gap in the file starts the range anew", () => {
  const cache = new RecordCache(1000, 100);
  const range = new CachedRange();
  range.add(cache.copy(bytesOf(10, 1)), 0);
  range.add(cache.copy(bytesOf(10, 2)), 30);
  expect(range.find(0)).toBe(-1);
  expect(range.find(35)).toBe(0);
});
