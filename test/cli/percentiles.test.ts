import { expect, test } from "bun:test";
import { percentilesOf } from "../../src/cli/percentiles.ts";

test("of a thousand times, each percentile is one of them, by nearest rank", () => {
  const times = Array.from({ length: 1000 }, (_, at) => 1000 - at);
  expect(percentilesOf(times)).toEqual({ p50: 500, p99: 990, p999: 999, max: 1000 });
});

test("of one time, all of them are that one", () => {
  expect(percentilesOf([7])).toEqual({ p50: 7, p99: 7, p999: 7, max: 7 });
});

test("numbers are ordered as numbers, not as texts", () => {
  expect(percentilesOf([10, 9, 100])?.p50).toBe(10);
});

test("of none there are none", () => {
  expect(percentilesOf([])).toBeNull();
});
