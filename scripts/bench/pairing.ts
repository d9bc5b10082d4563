/**
 * Things measured so that their ratios hold on a machine whose speed drifts: all of them in a row,
 * and back again (A B B A; with more, A B C C B A). The nth run of one and the nth of another make
 * a pair; the statistic is the median of the pairs' ratios, with its bootstrap interval. A drift
 * that is steady falls out, since who came first in one pair comes last in the next.
 */
import { seededRandom } from "../../src/base/random.ts";
import { bootstrapInterval, type Interval, median } from "./statistics.ts";

/** One A and one B of the same row. */
export interface Pair {
  readonly a: number;
  readonly b: number;
}

/** What the pairs say. Above 1: A is better. */
export interface Ratio extends Interval {
  readonly median: number;
  readonly pairs: number;
}

/** Whether more is better (records a second) or less (microseconds). */
export type Better = "more" | "less";

/** Rates are to be high; times and sizes low. */
export const betterOf = (figure: string): Better => (figure.endsWith("/s") ? "more" : "less");

/** A round: there and back. */
export const thereAndBack = <T>(things: readonly T[]): readonly T[] => [
  ...things,
  ...things.toReversed(),
];

/** The nth with the nth, as long as there are both and both are numbers. */
export function pairsOf(a: readonly number[], b: readonly number[]): Pair[] {
  return a
    .map((value, at) => ({ a: value, b: b[at] ?? NaN }))
    .filter((pair) => Number.isFinite(pair.a) && Number.isFinite(pair.b));
}

/** How much better A is than B; `seed` is for the chance of the bootstrap. */
export function ratioOf(pairs: readonly Pair[], better: Better, seed: number): Ratio {
  const ratios = pairs.map(({ a, b }) => (better === "more" ? a / b : b / a));
  const interval = bootstrapInterval(ratios, seededRandom(seed));
  return { ...interval, median: median(ratios), pairs: pairs.length };
}
