import { expect, test } from "bun:test";
import { countBounds, durationBoundsMs, Histogram, sizeBounds } from "../../src/base/histogram.ts";

test("a value is counted at the first bound that it does not pass, or behind the last", () => {
  const histogram = new Histogram([1, 10, 100]);
  for (const value of [0, 1, 1.5, 10, 99, 100, 101, 5_000]) histogram.observe(value);
  expect(histogram.counts).toEqual([2, 2, 2, 2]);
  expect([histogram.count, histogram.sum]).toEqual([8, 5_312.5]);
});

test.each([
  ["durations", durationBoundsMs],
  ["sizes", sizeBounds],
  ["counts", countBounds],
])("bounds of %s ascend", (_, bounds) => {
  expect([...bounds].sort((one, other) => one - other)).toEqual([...bounds]);
  expect(new Set(bounds).size).toBe(bounds.length);
});
