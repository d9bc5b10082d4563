import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { type LogOffsets, Watermarks } from "../../src/broker/watermarks.ts";

const offsets = (start: number, visible: number, end: number): LogOffsets => ({
  startOffset: offset(start),
  visibleOffset: offset(visible),
  endOffset: offset(end),
});

const shown = (marks: Watermarks): number[] => [
  marks.startOffset,
  marks.lastStableOffset,
  marks.highWatermark,
  marks.endOffset,
];

test("they follow the log; without transactions all that is acknowledged is stable", () => {
  const marks = new Watermarks(offsets(0, 0, 0));
  expect(shown(marks)).toEqual([0, 0, 0, 0]);
  marks.set(offsets(0, 0, 5));
  expect(shown(marks)).toEqual([0, 0, 0, 5]);
  marks.set(offsets(0, 5, 9));
  expect(shown(marks)).toEqual([0, 5, 5, 9]);
  marks.set(offsets(5, 5, 9));
  expect(shown(marks)).toEqual([5, 5, 5, 9]);
});

test("the end goes back to the high watermark when what lay between was not stored", () => {
  const marks = new Watermarks(offsets(2, 7, 9));
  marks.set(offsets(2, 7, 7));
  expect(shown(marks)).toEqual([2, 7, 7, 7]);
});

test.each([
  ["the start", offsets(3, 7, 9), "log start offset never goes back"],
  ["the high watermark", offsets(4, 6, 9), "high watermark never goes back"],
])("%s never goes back", (_, later, message) => {
  const marks = new Watermarks(offsets(4, 7, 9));
  expect(() => marks.set(later)).toThrow(message);
});

test.each([
  ["a start behind the high watermark", offsets(8, 7, 9), "start <= stable"],
  ["an end before the high watermark", offsets(4, 7, 6), "high <= end"],
])("%s is a broken log", (_, broken, message) => {
  expect(() => new Watermarks(broken)).toThrow(message);
  expect(() => new Watermarks(offsets(4, 7, 9)).set(broken)).toThrow(message);
});
