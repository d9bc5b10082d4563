/**
 * Two things measured so that their ratio holds on a machine whose speed drifts: in the order
 * A B B A, again and again. Each A and the B beside it make a pair; the statistic is the median of
 * the pairs' ratios, with its bootstrap interval. A drift that is steady falls out, since A comes
 * first in one pair and last in the next.
 */
import { seededRandom } from "../../src/base/random.ts";
import { bootstrapInterval, type Interval, median } from "./statistics.ts";

/** One A and one B, measured one right after the other. */
export interface Pair<T> {
  readonly a: T;
  readonly b: T;
}

/** What the pairs say. Above 1: A is better. */
export interface Ratio extends Interval {
  readonly median: number;
  readonly pairs: number;
}

/** Whether more is better (records a second) or less (microseconds). */
export type Better = "more" | "less";

/** Runs A B B A so many times: twice as many pairs. A `null` ends it: one of them can't do it. */
export async function runQuads<T>(
  quads: number,
  runA: () => Promise<T | null>,
  runB: () => Promise<T | null>,
): Promise<Pair<T>[] | null> {
  const pairs: Pair<T>[] = [];
  for (let quad = 0; quad < quads; quad++) {
    const firstA = await runA();
    const firstB = firstA === null ? null : await runB();
    const secondB = firstB === null ? null : await runB();
    const secondA = secondB === null ? null : await runA();
    if (firstA === null || firstB === null || secondB === null || secondA === null) return null;
    pairs.push({ a: firstA, b: firstB }, { a: secondA, b: secondB });
  }
  return pairs;
}

/** How much better A is than B; `seed` is for the chance of the bootstrap. */
export function ratioOf(pairs: readonly Pair<number>[], better: Better, seed: number): Ratio {
  const ratios = pairs.map(({ a, b }) => (better === "more" ? a / b : b / a));
  const interval = bootstrapInterval(ratios, seededRandom(seed));
  return { ...interval, median: median(ratios), pairs: pairs.length };
}
