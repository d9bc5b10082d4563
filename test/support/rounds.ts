/**
 * How often a test with random input repeats: few on a desk, all in CI, and as often or as long as
 * `scripts/run.ts torture` is told to.
 */

/** What `torture` hands to the tests that it runs; the names of {@link tortureLength}'s parts. */
export const tortureVariables = {
  isLong: "OBELISK_TORTURE",
  cycles: "OBELISK_TORTURE_CYCLES",
  minutes: "OBELISK_TORTURE_MINUTES",
} as const;

const numberOf = (variable: string): number | null => {
  const given = process.env[variable];
  return given === undefined ? null : Number(given);
};

const tortureCycles = numberOf(tortureVariables.cycles);
const tortureMinutes = numberOf(tortureVariables.minutes);
const isTorture = process.env[tortureVariables.isLong] === "long";

/** `quick`, or `full` when the environment says `CI=true`; or what `torture` was told. */
export function rounds(quick: number, full: number): number {
  if (isTorture) return tortureCycles ?? full;
  return process.env["CI"] === "true" ? full : quick;
}

/**
 * The cycles of one torment: `short` of them, under `torture` as many as it was told or `long`, or
 * for as many minutes; never more than `all`, if one can count them.
 */
export class Cycles {
  /** Begun so far. */
  begun = 0;
  readonly #count: number;
  readonly #untilMs: number;

  constructor(short: number, long: number, all = Infinity) {
    const wanted = isTorture ? (tortureCycles ?? (tortureMinutes === null ? long : all)) : short;
    this.#count = Math.min(wanted, all);
    const minutes = isTorture ? (tortureMinutes ?? Infinity) : Infinity;
    this.#untilMs = performance.now() + minutes * 60_000;
  }

  /** Whether one more is to be; then it counts as begun. */
  more(): boolean {
    const isDue = this.begun < this.#count && (this.begun === 0 || !this.#isLate());
    if (isDue) this.begun += 1;
    return isDue;
  }

  #isLate(): boolean {
    return performance.now() >= this.#untilMs;
  }
}

/** A time limit for a test of {@link Cycles}, each of which may take so long at the very most. */
export function cyclesMsMax(short: number, long: number, cycleMsMax: number): number {
  const cycles = isTorture ? (tortureCycles ?? long) : short;
  return (isTorture ? (tortureMinutes ?? 0) : 0) * 60_000 + (cycles + 1) * cycleMsMax;
}
