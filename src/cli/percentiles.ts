/** Many times, said in few. Pure functions. */

/** Milliseconds; a share of all lies at or below each of them. */
export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** `null` of none. Each is one of the times, the nearest rank above. */
export function percentilesOf(times: readonly number[]): Percentiles | null {
  const ascending = Float64Array.from(times).sort();
  const max = ascending.at(-1);
  if (max === undefined) return null;
  const at = (share: number): number => ascending[Math.ceil(share * ascending.length) - 1] ?? max;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max };
}
