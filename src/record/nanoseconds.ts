/**
 * Nanoseconds in a world of milliseconds. The original's messages carry int64 nanoseconds since
 * 1970; a record carries milliseconds. What is left of the division rides in a record header, so
 * that nothing is lost: `obelisk-ns`, a big-endian uint32 from 1 to 999,999, absent when it is 0.
 *
 * An int64 is handled as its two halves, high * 2^32 + low: on this runtime that costs a tenth of
 * a BigInt. 2^32 = 4294 * 10^6 + 967,296, so a division by 10^6 never leaves the safe integers.
 */
import type { RecordHeader } from "./records.ts";

export const nanosecondHeaderKey = "obelisk-ns";

export const nanosecondsPerMillisecond = 1_000_000;
const wordMilliseconds = 4294;
const wordRemainder = 967_296;

/** Milliseconds of high * 2^32 + low nanoseconds, rounded down (also before 1970). */
export const millisecondsOf = (high: number, low: number): number =>
  high * wordMilliseconds + Math.floor((high * wordRemainder + low) / nanosecondsPerMillisecond);

/** The nanoseconds beyond {@link millisecondsOf}: 0 to 999,999. */
export function nanosecondRemainder(high: number, low: number): number {
  const rest = high * wordRemainder + low;
  return rest - Math.floor(rest / nanosecondsPerMillisecond) * nanosecondsPerMillisecond;
}

const twoTo20 = 0x10_0000;
const twoTo12 = 0x1000;

/**
 * Writes milliseconds and remainder as a little-endian int64 of nanoseconds.
 * @param milliseconds a whole number that fits: see {@link nanosecondMillisecondsMax}
 */
export function putNanoseconds(
  view: DataView,
  at: number,
  milliseconds: number,
  remainder: number,
): void {
  // In units of 2^20 both halves of the product are exact: the value is units * 2^20 + rest.
  const upper = Math.floor(milliseconds / twoTo20);
  const product = (milliseconds - upper * twoTo20) * nanosecondsPerMillisecond + remainder;
  const carried = Math.floor(product / twoTo20);
  const units = upper * nanosecondsPerMillisecond + carried;
  const high = Math.floor(units / twoTo12);
  const low = (units - high * twoTo12) * twoTo20 + (product - carried * twoTo20);
  view.setUint32(at, low >>> 0, true);
  view.setInt32(at + 4, high, true);
}

/** Milliseconds that fit an int64 of nanoseconds, with any remainder and either sign: year 2262. */
export const nanosecondMillisecondsMax = Math.floor(2 ** 63 / nanosecondsPerMillisecond) - 1;

/** The record header that keeps a remainder. */
export function nanosecondHeader(remainder: number): RecordHeader {
  const value = new Uint8Array(4);
  new DataView(value.buffer).setUint32(0, remainder);
  return { key: nanosecondHeaderKey, value };
}

/** The remainder that a record's headers keep: 0 without that header, or if it makes no sense. */
export function nanosecondsOf(record: { readonly headers: readonly RecordHeader[] }): number {
  for (const { key, value } of record.headers) {
    if (key !== nanosecondHeaderKey || value?.length !== 4) continue;
    const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
    const remainder = view.getUint32(0);
    return remainder < nanosecondsPerMillisecond ? remainder : 0;
  }
  return 0;
}
