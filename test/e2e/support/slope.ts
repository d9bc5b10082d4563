/** Whether a number grows: the line that fits its readings best, and how sure one may be of it. */

/** A straight line through readings, by least squares. */
export interface Slope {
  /** Per second. */
  readonly perSecond: number;
  /** The least that it is with 95 % confidence, as far as readings are independent. */
  readonly atLeast: number;
}

/** @param readings their times in seconds, and what was read; three at least */
export function slopeOf(readings: readonly (readonly [seconds: number, value: number])[]): Slope {
  const count = readings.length;
  const mean = (of: (reading: readonly [number, number]) => number): number =>
    readings.reduce((sum, each) => sum + of(each), 0) / count;
  const [meanTime, meanValue] = [mean(([time]) => time), mean(([, value]) => value)];
  const timeSquares = count * mean(([time]) => (time - meanTime) ** 2);
  const products = count * mean(([time, value]) => (time - meanTime) * (value - meanValue));
  const perSecond = products / timeSquares;
  const residual = ([time, value]: readonly [number, number]): number =>
    value - meanValue - perSecond * (time - meanTime);
  const variance = (count * mean((each) => residual(each) ** 2)) / (count - 2);
  return { perSecond, atLeast: perSecond - 2 * Math.sqrt(variance / timeSquares) };
}
