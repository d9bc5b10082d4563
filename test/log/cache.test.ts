import { describe, expect, test } from "bun:test";
import { Memory } from "../../src/base/memory.ts";
import { CachedRange, RecordCache } from "../../src/log/cache.ts";

const bytesOf = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill);

test("a copy is the cache's own: the caller's bytes may change", () => {
  const cache = new RecordCache(1000, 100);
  const bytes = bytesOf(10, 7);
  const piece = cache.hold(bytes);
  bytes.fill(9);
  expect([...piece.bytes]).toEqual([...bytesOf(10, 7)]);
});

test("the budget holds, and what somebody holds survives being forgotten", () => {
  const cache = new RecordCache(300, 100);
  const first = cache.hold(bytesOf(60, 1));
  const { memory } = first.slab;
  memory!.hold();
  for (let i = 0; i < 50; i++) {
    cache.hold(bytesOf(60, 2));
    expect(cache.heldBytes).toBeLessThanOrEqual(300);
  }
  expect(first.slab.memory).toBeNull();
  expect([...first.bytes]).toEqual([...bytesOf(60, 1)]);
  memory!.letGo();
  expect(memory!.isFreed).toBeTrue();
});

test("what nobody holds is freed when it is forgotten, and not before", () => {
  const cache = new RecordCache(300, 100);
  const { memory } = cache.hold(bytesOf(60, 1)).slab;
  for (let i = 0; i < 2; i++) cache.hold(bytesOf(60, 2));
  expect(memory!.isFreed).toBeFalse();
  cache.hold(bytesOf(60, 2));
  expect(memory!.isFreed).toBeTrue();
});

test("a batch larger than a slab gets one of its own, even past the budget", () => {
  const cache = new RecordCache(300, 100);
  const piece = cache.hold(bytesOf(1000, 3));
  expect(piece.slab.memory?.bytes.length).toBe(1000);
  cache.hold(bytesOf(10, 1));
  expect(cache.heldBytes).toBe(100);
});

describe("a batch that is given", () => {
  const largeBytes = 64 * 1024;

  test("stays where it is if it is large, beside the slab that is being filled", () => {
    const cache = new RecordCache(10 * largeBytes, largeBytes);
    const before = cache.hold(bytesOf(10, 1));
    const given = bytesOf(largeBytes, 2);
    const memory = new Memory(given);
    const piece = cache.hold(given, memory);
    expect(piece.bytes).toBe(given);
    expect(piece.slab.memory).toBe(memory);
    expect(cache.hold(bytesOf(10, 3)).slab).toBe(before.slab);
    expect(cache.heldBytes).toBe(2 * largeBytes);
  });

  test("is copied if it is small for a slab, or holds on to much larger memory", () => {
    const cache = new RecordCache(40 * largeBytes, 16 * largeBytes);
    const small = bytesOf(largeBytes - 1, 1);
    expect(cache.hold(small, new Memory(small)).bytes.buffer).not.toBe(small.buffer);
    const whole = bytesOf(3 * largeBytes, 1);
    const part = whole.subarray(0, largeBytes);
    expect(cache.hold(part, new Memory(whole)).bytes.buffer).not.toBe(part.buffer);
  });

  test("is copied if it lies in other memory", () => {
    const cache = new RecordCache(10 * largeBytes, largeBytes);
    const made = bytesOf(largeBytes, 1);
    const piece = cache.hold(made, new Memory(bytesOf(largeBytes, 2)));
    expect(piece.bytes.buffer).not.toBe(made.buffer);
    expect(piece.bytes).toEqual(made);
  });

  test("is found where it lies in its memory", () => {
    const cache = new RecordCache(10 * largeBytes, largeBytes);
    const whole = bytesOf(largeBytes + 100, 1);
    const piece = cache.hold(whole.subarray(100), new Memory(whole));
    expect(piece.from).toBe(100);
    expect(piece.bytes.byteOffset).toBe(100);
  });

  test("counts with all the memory that it holds on to, and is forgotten like others", () => {
    const cache = new RecordCache(3 * largeBytes, largeBytes);
    const whole = bytesOf(2 * largeBytes, 1);
    const first = cache.hold(whole.subarray(0, largeBytes), new Memory(whole));
    expect(cache.heldBytes).toBe(2 * largeBytes);
    for (let i = 0; i < 5; i++) {
      const bytes = bytesOf(largeBytes, 2);
      cache.hold(bytes, new Memory(bytes));
      expect(cache.heldBytes).toBeLessThanOrEqual(3 * largeBytes);
    }
    expect(first.slab.memory).toBeNull();
  });
});

test("pieces that are neighbours in slab and file become one run", () => {
  const cache = new RecordCache(1000, 100);
  const range = new CachedRange();
  range.add(cache.hold(bytesOf(10, 1)), 0);
  range.add(cache.hold(bytesOf(10, 2)), 10);
  cache.hold(bytesOf(10, 9));
  range.add(cache.hold(bytesOf(10, 3)), 20);
  expect(range.run(range.find(0))).toMatchObject({ position: 0, length: 20 });
  expect(range.run(range.find(25))).toMatchObject({ position: 20, length: 10 });
});

test("a position is found only while its slab is held", () => {
  const cache = new RecordCache(200, 100);
  const range = new CachedRange();
  for (let i = 0; i < 10; i++) range.add(cache.hold(bytesOf(50, i)), i * 50);
  expect(range.find(0)).toBe(-1);
  expect(range.find(299)).toBe(-1);
  expect(range.find(300)).toBeGreaterThanOrEqual(0);
  expect(range.find(499)).toBeGreaterThanOrEqual(0);
  expect(range.find(500)).toBe(-1);
});

test("truncating shortens the run that straddles the cut", () => {
  const cache = new RecordCache(1000, 100);
  const range = new CachedRange();
  range.add(cache.hold(bytesOf(50, 1)), 0);
  cache.hold(bytesOf(10, 9));
  range.add(cache.hold(bytesOf(30, 2)), 50);
  range.truncate(20);
  expect(range.find(19)).toBe(0);
  expect(range.find(20)).toBe(-1);
  range.truncate(0);
  expect(range.find(0)).toBe(-1);
});

test("a gap in the file starts the range anew", () => {
  const cache = new RecordCache(1000, 100);
  const range = new CachedRange();
  range.add(cache.hold(bytesOf(10, 1)), 0);
  range.add(cache.hold(bytesOf(10, 2)), 30);
  expect(range.find(0)).toBe(-1);
  expect(range.find(35)).toBe(0);
});
