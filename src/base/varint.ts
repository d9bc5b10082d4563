/**
 * Signed integers of variable length, zig-zag coded: seven bits a byte, lowest first, the top bit
 * says that more follow; 0, -1, 1, -2 … become 0, 1, 2, 3 …, so that small ones stay short.
 *
 * Source: Apache Kafka, "Message Format" > "Record" (varint, varlong), after Protocol Buffers.
 */

/** Bytes being read, and how far. */
export interface ByteSource {
  readonly bytes: Uint8Array;
  /** The next byte to read. */
  at: number;
  /** Nothing is read from here on; within `bytes`. */
  readonly end: number;
}

/**
 * Reads an int32 and moves `at` behind it. NaN, which every comparison refuses, if the bytes stop
 * within it or it does not fit; `at` then stays.
 */
export function readVarint(source: ByteSource): number {
  const { bytes, end } = source;
  let at = source.at;
  let value = 0;
  for (let shift = 0; at < end; shift += 7) {
    const byte = bytes[at++]!;
    if (shift === 28 && byte > 0x0f) return Number.NaN;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      source.at = at;
      return (value >>> 1) ^ -(value & 1);
    }
  }
  return Number.NaN;
}

/** Reads an int64 likewise: exact below 2^53, otherwise the nearest double. */
export function readVarlong(source: ByteSource): number {
  const { bytes, end } = source;
  let at = source.at;
  if (at >= end) return Number.NaN;
  const negative = (bytes[at]! & 1) === 1;
  const last = at + 9;
  let magnitude = 0;
  // A bit is worth half of what it says: the lowest one is the sign, and is left out.
  for (let worth = 0.5, mask = 0x7e; at < end; worth *= 0x80, mask = 0x7f) {
    const byte = bytes[at]!;
    if (at++ === last && byte > 1) return Number.NaN;
    magnitude += (byte & mask) * worth;
    if (byte < 0x80) {
      source.at = at;
      return negative ? -magnitude - 1 : magnitude;
    }
  }
  return Number.NaN;
}

/** How many bytes an int32 takes. */
export const varintBytes = (value: number): number =>
  // Bits without leading zeros, in sevens, rounded up: (bits + 6) / 7 by a multiplication.
  ((38 - Math.clz32(((value << 1) ^ (value >> 31)) | 1)) * 37) >>> 8;

/** How many bytes an int64 takes; integers between -2^52 and 2^52. */
export function varlongBytes(value: number): number {
  if (value === (value | 0)) return varintBytes(value);
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  let count = 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) count++;
  return count;
}

/** Writes an int32 and returns where it ends. The caller has made room. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
  bytes[at++] = rest;
  return at;
}

/** Writes an int64, between -2^52 and 2^52, and returns where it ends. */
export function writeVarlong(bytes: Uint8Array, at: number, value: number): number {
  if (value === (value | 0)) return writeVarint(bytes, at, value);
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at++] = rest;
  return at;
}
