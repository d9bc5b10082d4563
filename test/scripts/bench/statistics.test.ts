import { expect, test } from "bun:test";
import {
  bootstrapInterval,
  median,
  quantile,
  variation,
} from "../../../scripts/bench/statistics.ts";
import { seededRandom } from "../../../src/base/random.ts";

test("the middle is one of an odd number of values, and between two of an even one", () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([10, 2, 9, 1])).toBe(5.5);
  expect(median([])).toBeNaN();
});

test("below a quantile lies its share", () => {
  const values = Array.from({ length: 100 }, (_, at) => 99 - at);
  expect(quantile(values, 0.5)).toBe(50);
  expect(quantile(values, 0.99)).toBe(99);
  expect(quantile(values, 1)).toBe(99);
  expect(quantile([], 0.5)).toBeNaN();
});

test("variation is the sample's deviation over its mean", () => {
  expect(variation([8, 12])).toBeCloseTo(Math.sqrt(8) / 10, 12);
  expect(variation([3, 3, 3])).toBe(0);
  expect(variation([3])).toBeNaN();
});

test("an interval holds its median, is within the values, and is the same for the same seed", () => {
  const values = [1.1, 0.9, 1, 1.2, 0.95, 1.05, 1.3, 0.8];
  const { low, high } = bootstrapInterval(values, seededRandom(7));
  expect(low).toBeGreaterThanOrEqual(0.8);
  expect(high).toBeLessThanOrEqual(1.3);
  expect(low).toBeLessThan(median(values));
  expect(high).toBeGreaterThan(median(values));
  expect(bootstrapInterval(values, seededRandom(7))).toEqual({ low, high });
});

test("values that agree have an interval without width", () => {
  expect(bootstrapInterval([2, 2, 2], seededRandom(1))).toEqual({ low: 2, high: 2 });
});

test("more values have a narrower interval", () => {
  const random = seededRandom(3);
  const draw = (count: number): number[] =>
    Array.from({ length: count }, () => 1 + random.below(1000) / 1000);
  const width = (count: number): number => {
    const { low, high } = bootstrapInterval(draw(count), seededRandom(5));
    return high - low;
  };
  expect(width(200)).toBeLessThan(width(8));
});
