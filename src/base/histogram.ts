/**
 * Counts of values by size, as plain numbers: what hot paths keep for `/metrics`. Observing costs a
 * few comparisons and no memory; what it means (name, unit, labels) is decided where it is shown.
 *
 * Invariant: `counts` has one more place than `bounds`, for what is above the last of them.
 */

/** See the head of this file. Bounds are inclusive, ascending, and in the unit of the values. */
export class Histogram {
  /** How many values were at most the bound of that place, and above the one before it. */
  readonly counts: number[];
  sum = 0;

  constructor(readonly bounds: readonly number[]) {
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let place = 0;
    while (place < bounds.length && value > bounds[place]!) place += 1;
    counts[place]! += 1;
    this.sum += value;
  }
}

/** Milliseconds, from what memory takes to what clients give up on. */
export const durationBoundsMs: readonly number[] = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
];

/** Bytes, from one small record to the largest batch. */
export const sizeBounds: readonly number[] = [
  64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
];

/** Numbers of things that come together. */
export const countBounds: readonly number[] = [1, 2, 4, 8, 16, 64, 256, 1_024, 4_096, 16_384];
