import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { viewOf } from "../../src/record/batch.ts";
import { GrowingIndex, MappedIndex } from "../../src/log/index.ts";
import {
  encodeIndexHeader,
  encodeTimeHeader,
  indexEntryBytes,
  indexHeaderBytes,
  timeEntryBytes,
  timeHeaderBytes,
} from "../../src/log/index-file.ts";

const base = offset(1000);

/** Boundaries at every tenth record, 500 bytes apart; times go up by a hundred each. */
function tenEntries(): GrowingIndex {
  const index = new GrowingIndex();
  for (let i = 1; i <= 10; i++) {
    index.add(i * 10, i * 500);
    index.addTime(i * 100, i * 10);
  }
  return index;
}

function filesOf(index: GrowingIndex): { index: Uint8Array; times: Uint8Array } {
  const header = encodeIndexHeader({
    base,
    sealed: true,
    durable: true,
    cleaned: false,
    createdMs: 5,
    floorOffset: offset(1200),
    floorPosition: 6000,
    maxTimestamp: 1200,
  });
  return {
    index: Buffer.concat([header, index.encode(base, 0, index.count)]),
    times: Buffer.concat([encodeTimeHeader(base), index.encodeTimes(base, 0, index.timeCount)]),
  };
}

test("the greatest boundary at or before an offset is found, in memory and in a map alike", () => {
  const growing = tenEntries();
  const files = filesOf(growing);
  const mapped = new MappedIndex(base, files.index, files.times);
  for (let relative = 0; relative < 130; relative++) {
    const entry = Math.min(10, Math.floor(relative / 10));
    const expected = { relativeOffset: entry * 10, position: entry * 500 };
    expect(growing.boundaryFor(relative)).toEqual(expected);
    expect(mapped.boundaryFor(relative)).toEqual(expected);
  }
});

test("a time is looked for behind the last boundary that is older", () => {
  const growing = tenEntries();
  const files = filesOf(growing);
  const mapped = new MappedIndex(base, files.index, files.times);
  for (const [timestamp, relative] of [
    [0, 0],
    [100, 0],
    [101, 10],
    [500, 40],
    [501, 50],
    [99_999, 100],
  ] as const) {
    expect(growing.relativeForTime(timestamp)).toBe(relative);
    expect(mapped.relativeForTime(timestamp)).toBe(relative);
  }
});

test("no flipped bit of an index file leads a search behind the offset asked for", () => {
  const files = filesOf(tenEntries());
  for (let byte = indexHeaderBytes; byte < files.index.length; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = files.index.slice();
      damaged[byte] = (damaged[byte] ?? 0) ^ (1 << bit);
      const mapped = new MappedIndex(base, damaged, files.times);
      for (const relative of [0, 9, 10, 55, 100, 128]) {
        const found = mapped.boundaryFor(relative);
        if (found === null) continue;
        expect(found.relativeOffset).toBeLessThanOrEqual(relative);
        expect(found.position).toBe(found.relativeOffset * 50);
      }
    }
  }
});

test("no flipped bit of a time index leads a search behind the first new enough record", () => {
  const files = filesOf(tenEntries());
  for (let byte = timeHeaderBytes; byte < files.times.length; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const damaged = files.times.slice();
      damaged[byte] = (damaged[byte] ?? 0) ^ (1 << bit);
      const found = new MappedIndex(base, files.index, damaged).relativeForTime(501);
      if (found !== null) expect(found).toBeLessThanOrEqual(50);
    }
  }
});

test("loading stops at the first entry that is torn, damaged or past the floor", () => {
  const growing = tenEntries();
  const entries = growing.encode(base, 0, 10);
  const loadedOf = (bytes: Uint8Array, floorPosition: number): number => {
    const loaded = new GrowingIndex();
    loaded.load(bytes, base, floorPosition);
    return loaded.count;
  };
  expect(loadedOf(entries, 5000)).toBe(10);
  expect(loadedOf(entries, 4999)).toBe(9);
  expect(loadedOf(entries.subarray(0, 7 * indexEntryBytes + 5), 5000)).toBe(7);
  const damaged = entries.slice();
  viewOf(damaged).setUint8(3 * indexEntryBytes + 6, 0x55);
  expect(loadedOf(damaged, 5000)).toBe(3);
  const foreign = new GrowingIndex();
  foreign.load(entries, offset(2000), 5000);
  expect(foreign.count).toBe(0);
});

test("time entries load up to the offset that the offset index has reached", () => {
  const entries = tenEntries().encodeTimes(base, 0, 10);
  const loaded = new GrowingIndex();
  loaded.loadTimes(entries.subarray(0, 4 * timeEntryBytes + 1), base, 35);
  expect(loaded.timeCount).toBe(3);
});

test("truncating forgets the entries behind a mark and keeps the others", () => {
  const index = tenEntries();
  index.truncate(45, 2100);
  expect(index.last).toEqual({ relativeOffset: 40, position: 2000 });
  expect(index.relativeForTime(99_999)).toBe(40);
});

test("a time that is not newer adds no entry", () => {
  const index = new GrowingIndex();
  index.addTime(100, 10);
  index.addTime(100, 20);
  index.addTime(90, 30);
  expect(index.timeCount).toBe(1);
});
