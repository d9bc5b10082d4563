/**
 * Matches: what LZ4 and Snappy share. Both write bytes as literals and as matches, "`length` bytes
 * again from `distance` back", and differ only in how they spell them.
 */

/** The shortest match worth writing, in both formats. */
export const matchBytesMin = 4;

/** Why a decoder gave up: the bytes are not what they should be, or more than was asked for. */
export type DecompressFault = "damaged" | "too large";

/** Takes what {@link findMatches} finds, in order. */
export interface SequenceWriter {
  /** The literals `bytes[from, to)`, then a match. */
  sequence(from: number, to: number, distance: number, length: number): void;
}

/**
 * Cuts `bytes[from, to)` into literals and matches: greedy, one candidate for each hash of four
 * bytes, faster and faster where nothing repeats. Returns where the literals after the last match
 * begin. At most 64 KiB at a time, so that no distance is too far.
 */
export function findMatches(
  bytes: Uint8Array,
  from: number,
  to: number,
  writer: SequenceWriter,
): number {
  positions.fill(-1);
  const lastStart = to - tailBytes;
  const matchEnd = to - literalTailBytes;
  let literalsFrom = from;
  let misses = 0;
  for (let at = from; at <= lastStart;) {
    const word = wordAt(bytes, at);
    const slot = slotOf(word);
    const candidate = positions[slot]!;
    positions[slot] = at;
    if (candidate < 0 || wordAt(bytes, candidate) !== word) {
      at += 1 + (misses++ >> missesPerStepBits);
      continue;
    }
    let end = at + matchBytesMin;
    const distance = at - candidate;
    while (end < matchEnd && bytes[end] === bytes[end - distance]) end++;
    writer.sequence(literalsFrom, at, distance, end - at);
    if (end <= lastStart) positions[slotOf(wordAt(bytes, end - 2))] = end - 2;
    at = end;
    literalsFrom = end;
    misses = 0;
  }
  return literalsFrom;
}

/**
 * Repeats `length` bytes of `bytes` from `distance` before `at`. They may overlap: a distance of 1
 * repeats one byte. The caller has checked that all of it lies in `bytes`.
 */
export function copyMatch(bytes: Uint8Array, at: number, distance: number, length: number): void {
  const from = at - distance;
  if (length < loopBytesMax) {
    for (let index = 0; index < length; index++) bytes[at + index] = bytes[from + index]!;
    return;
  }
  // What is written once can be copied as a whole: the run to copy doubles each time.
  for (let done = 0; done < length;) {
    const run = Math.min(distance + done, length - done);
    bytes.copyWithin(at + done, from, from + run);
    done += run;
  }
}

/** Copies literals. The caller has checked both ranges. */
export function copyLiterals(
  from: Uint8Array,
  fromAt: number,
  into: Uint8Array,
  intoAt: number,
  length: number,
): void {
  if (length < loopBytesMax) {
    for (let index = 0; index < length; index++) into[intoAt + index] = from[fromAt + index]!;
  } else {
    into.set(from.subarray(fromAt, fromAt + length), intoAt);
  }
}

/** LZ4 wants the last match to begin this long before the end, and the last bytes as literals. */
const tailBytes = 12;
const literalTailBytes = 5;
/** Every 64 misses the search takes a longer step. */
const missesPerStepBits = 6;
/** Below this a loop is quicker than a call of the engine's own copy. */
const loopBytesMax = 40;

/** Where a hash was seen last. One for all: nothing here ever waits. */
const positionsBits = 13;
const positions = new Int32Array(1 << positionsBits);

const slotOf = (word: number): number => Math.imul(word, 0x9e3779b1) >>> (32 - positionsBits);

const wordAt = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
