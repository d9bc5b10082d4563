/**
 * A message of the original as a record: its number becomes the offset, an empty key none, and
 * what is left of its nanoseconds a header.
 */
import { offset } from "../base/brands.ts";
import { millisecondsOf, nanosecondHeader, nanosecondRemainder } from "./nanoseconds.ts";
import type { BatchRecord } from "./records.ts";

/** What is needed of a message. */
export interface OriginalParts {
  readonly number: number;
  /** Nanoseconds since 1970 as high * 2^32 + low. */
  readonly timestampHigh: number;
  readonly timestampLow: number;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export function recordOfOriginal(message: OriginalParts): BatchRecord {
  const { number, key, value, timestampHigh: high, timestampLow: low } = message;
  const remainder = nanosecondRemainder(high, low);
  return {
    offset: offset(number),
    timestamp: millisecondsOf(high, low),
    key: key.length === 0 ? null : key,
    value,
    headers: remainder === 0 ? [] : [nanosecondHeader(remainder)],
  };
}
