/** What can be said of a few noisy numbers. Pure functions. */
import type { Random } from "../../src/base/random.ts";

/** The least and the greatest that a value may reasonably be. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The value below which a share (0 to 1) of all values lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  return ofSorted(sorted(values), share);
}

/** The middle; of an even number, halfway between the two middle ones. NaN of none. */
export function median(values: readonly number[]): number {
  const ascending = sorted(values);
  const half = ascending.length / 2;
  if (!Number.isInteger(half)) return ascending[Math.floor(half)] ?? NaN;
  return ((ascending[half - 1] ?? NaN) + (ascending[half] ?? NaN)) / 2;
}

/** Standard deviation over mean; NaN of less than two. */
export function variation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return values.length < 2 ? NaN : Math.sqrt(squares / (values.length - 1)) / mean;
}

/** Enough that the ends of the interval stand still in their third digit. */
const resamples = 10_000;

/**
 * Where the median of such values lies in 95 of 100 cases: the percentile bootstrap (Efron, 1979).
 * The same values and chance give the same interval.
 */
export function bootstrapInterval(values: readonly number[], random: Random): Interval {
  const medians = Array.from({ length: resamples }, () =>
    median(values.map(() => values[random.below(values.length)] ?? NaN)),
  ).sort((a, b) => a - b);
  return { low: ofSorted(medians, 0.025), high: ofSorted(medians, 0.975) };
}

/** Three digits that mean something, thousands apart. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value === 0 ? "0" : String(Number(value.toPrecision(3)));
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

const ofSorted = (ascending: readonly number[], share: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? NaN;
