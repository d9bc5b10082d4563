/** Measured numbers, for whoever reads the tests' output. */

/** `3 to 41 ms, in the middle 7 ms`. */
export function spread(values: readonly number[], unit: string): string {
  const sorted = values.toSorted((a, b) => a - b);
  const least = Math.round(sorted[0] ?? Number.NaN);
  const most = Math.round(sorted.at(-1) ?? Number.NaN);
  return `${least} to ${most} ${unit}, in the middle ${Math.round(median(sorted))} ${unit}`;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Prints a line that begins with what was measured. */
export function report(what: string, numbers: string): void {
  process.stdout.write(`measured: ${what}: ${numbers}\n`);
}
