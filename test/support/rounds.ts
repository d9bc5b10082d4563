/**
 * How often a test with random input repeats: few on a desk, more in CI, and as often or as long as
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
/** Under `torture`: what can't be counted in cycles has its full size then. */
export const isLong = process.env[tortureVariables.isLong] === "long";

/**
 * `quick`, or `ci` when the environment says `CI=true`; under `torture` `long`, or what that was
 * told.
 */
export function rounds(quick: number, ci: number, long = ci): number {
  if (isLong) return tortureCycles ?? long;
  return process.env["CI"] === "true" ? ci : quick;
}

/**
 * The cycles of one torment: `short` of them, under `torture` as many as it was told or `long`, or
 * for as many minutes.
 */
export class Cycles {
  /** Begun so far. */
  begun = 0;
  readonly #count: number;
  readonly #untilMs: number;

  constructor(short: number, long: number) {
    const byTime = tortureMinutes === null ? long : Infinity;
    this.#count = isLong ? (tortureCycles ?? byTime) : short;
    const minutes = isLong ? (tortureMinutes ?? Infinity) : Infinity;
    this.#untilMs = performance.now() + minutes * 60_000;
  }

  /** As many numbers from 0 on as there are to be cycles. */
  numbers(): Generator<number> {
    const all = function* (): Generator<number> {
      for (let number = 0; ; number++) yield number;
    };
    return this.of(all());
  }

  /** As many of `given` as there are to be cycles. */
  *of<T>(given: Iterable<T>): Generator<T> {
    for (const each of given) {
      if (this.begun >= this.#count || (this.begun > 0 && this.#isLate())) return;
      this.begun += 1;
      yield each;
    }
  }

  #isLate(): boolean {
    return performance.now() >= this.#untilMs;
  }
}

/** A time limit for a test of {@link Cycles}, each of which may take so long at the very most. */
export function cyclesMsMax(short: number, long: number, cycleMsMax: number): number {
  const cycles = isLong ? (tortureCycles ?? long) : short;
  return (isLong ? (tortureMinutes ?? 0) : 0) * 60_000 + (cycles + 1) * cycleMsMax;
}
