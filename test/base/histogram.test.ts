import { expect, test } from "bun:test";
import { countBounds, durationBoundsMs, Histogram, sizeBounds } from "../../src/base/histogram.ts";

test("a value is counted at the first bound that it does not exceed, or above them all", () => {
  const histogram = new Histogram([1, 10]);
  for (const value of [0, 1, 1.5, 10, 11]) histogram.observe(value);
  expect(histogram.counts).toEqual([2, 2, 1]);
  expect(histogram.sum).toBe(23.5);
});

test.each([
  ["durations", durationBoundsMs],
  ["sizes", sizeBounds],
  ["counts", countBounds],
])("bounds of %s ascend", (_, bounds) => {
  expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
  expect(new Set(bounds).size).toBe(bounds.length);
});
