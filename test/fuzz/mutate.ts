/**
 * Makes inputs wrong: bits, bytes, numbers at the edges of their types, lengths that promise too
 * much, varints that never end, pieces that are missing, doubled, or of another input.
 */
import type { Random } from "../../src/base/random.ts";
import { randomBytes } from "../support/seed.ts";

/** One of a list. */
export const oneOf = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;

/** Numbers at which something changes. */
export const edges: readonly number[] = [
  ...[0, 1, 2, -1, -2, 7, 8, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000],
  ...[0x7fff_ffff, -0x8000_0000, 0x7fff_fffe, 0x00ff_ffff, 0x1000_0000, 104_857_601],
];

const varints: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0xff, 0xff, 0xff, 0xff, 0x1f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x00],
  [0x00],
  [0x01],
];

type Mutation = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

const copied = (bytes: Uint8Array, change: (copy: Uint8Array, view: DataView) => void) => {
  const copy = new Uint8Array(bytes);
  change(copy, new DataView(copy.buffer));
  return copy;
};

const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts));

/** A stretch of at least one byte. */
function stretch(bytes: Uint8Array, random: Random, most: number): [from: number, to: number] {
  const from = random.below(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + random.below(most))];
}

const mutations: readonly Mutation[] = [
  (bytes, random) =>
    copied(bytes, (copy) => {
      copy[random.below(copy.length)]! ^= 1 << random.below(8);
    }),
  (bytes, random) =>
    copied(bytes, (copy) => {
      copy[random.below(copy.length)] = random.below(256);
    }),
  (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  (bytes, random) => bytes.slice(random.below(bytes.length)),
  setNumber,
  setNumber,
  setLength,
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    return joined(
      bytes.subarray(0, at),
      Uint8Array.from(oneOf(random, varints)),
      bytes.subarray(at),
    );
  },
  (bytes, random) =>
    copied(bytes, (copy) => {
      const varint = oneOf(random, varints);
      copy.set(
        varint.slice(0, copy.length),
        random.below(Math.max(1, copy.length - varint.length)),
      );
    }),
  (bytes, random) => {
    const [from, to] = stretch(bytes, random, 16);
    return joined(bytes.subarray(0, from), bytes.subarray(to));
  },
  (bytes, random) => {
    const [from, to] = stretch(bytes, random, 64);
    return joined(bytes.subarray(0, to), bytes.subarray(from));
  },
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const garbage = randomBytes(random, 1 + random.below(8));
    return joined(bytes.subarray(0, at), garbage, bytes.subarray(at));
  },
  (bytes, random) =>
    copied(bytes, (copy) => {
      const [from, to] = stretch(copy, random, 32);
      copy.fill(oneOf(random, [0, 0xff, 0x7f, 0x80]), from, to);
    }),
  spliced,
];

/** Puts a number of the edges, in any width and order, where any number may be. */
function setNumber(bytes: Uint8Array, random: Random): Uint8Array {
  return copied(bytes, (copy, view) => {
    const value = random.below(3) === 0 ? random.below(64) - 8 : oneOf(random, edges);
    const width = Math.min(oneOf(random, [1, 2, 4, 4, 8]), copy.length);
    const at = random.below(copy.length - width + 1);
    const isLittle = random.below(4) === 0;
    if (width >= 8) view.setBigInt64(at, BigInt(value) << (random.below(2) ? 32n : 0n), isLittle);
    else if (width >= 4) view.setInt32(at, value, isLittle);
    else if (width >= 2) view.setInt16(at, value, isLittle);
    else view.setInt8(at, value);
  });
}

/** Changes what looks like the length of something that follows it. */
function setLength(bytes: Uint8Array, random: Random): Uint8Array {
  return copied(bytes, (copy, view) => {
    const places: [at: number, width: number][] = [];
    for (let at = 0; at + 2 <= copy.length; at++) {
      const left = copy.length - at;
      if (left >= 4 && view.getInt32(at) > 0 && view.getInt32(at) <= left - 4) places.push([at, 4]);
      else if (view.getInt16(at) > 0 && view.getInt16(at) <= left - 2) places.push([at, 2]);
      else if (copy[at]! > 1 && copy[at]! <= left) places.push([at, 1]);
    }
    if (places.length === 0) return;
    const [at, width] = oneOf(random, places);
    const wrong = oneOf(random, [-1, 0, 1, 0x7fff_ffff, -2, 0x7fff, 104_857_601]);
    const near = random.below(2) === 0 ? random.below(5) - 2 : null;
    if (width === 4) view.setInt32(at, near === null ? wrong : view.getInt32(at) + near);
    else if (width === 2) view.setInt16(at, near === null ? wrong : view.getInt16(at) + near);
    else view.setInt8(at, near === null ? wrong : view.getInt8(at) + near);
  });
}

/** The beginning of this, and the end of another. */
function spliced(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  if (others.length === 0) return bytes;
  const other = oneOf(random, others);
  const [to, from] = [random.below(bytes.length + 1), random.below(other.length + 1)];
  return joined(bytes.subarray(0, to), other.subarray(from));
}

/** What an input grows to at most. */
const inputBytesMax = 256 * 1024;

/** The input with one thing wrong in it, or some; an empty one gets a byte first. */
export function mutated(
  input: Uint8Array,
  random: Random,
  others: readonly Uint8Array[] = [],
): Uint8Array {
  let bytes = input;
  do {
    if (bytes.length === 0) bytes = randomBytes(random, 1);
    bytes = oneOf(random, mutations)(bytes, random, others);
  } while (random.below(5) < 2);
  return bytes.length > inputBytesMax ? bytes.slice(0, inputBytesMax) : bytes;
}
