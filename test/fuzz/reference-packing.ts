/**
 * LZ4 frames and Snappy streams, unpacked a byte at a time, from the descriptions of their formats
 * alone, and without regard to speed. Production code is held against it.
 */
import { viewOf } from "../../src/record/batch.ts";

/** What packed bytes hold; `null`: they are damaged; `more`: it is more than was asked for. */
export type Reference = Uint8Array | null | "more";

class TooMuch extends Error {}
class Damaged extends Error {}

const refuse = (): never => {
  throw new Damaged();
};

/** Bytes that are read from their start, and those that are made of them. */
class Unpacking {
  at = 0;
  readonly made: number[] = [];

  constructor(
    readonly bytes: Uint8Array,
    readonly bytesMax: number,
  ) {}

  byte(end = this.bytes.length): number {
    return this.at < end ? this.bytes[this.at++]! : refuse();
  }

  /** Little endian. */
  number(bytes: number, end = this.bytes.length): number {
    let value = 0;
    for (let index = 0; index < bytes; index++) value += this.byte(end) * 2 ** (8 * index);
    return value;
  }

  put(byte: number): void {
    if (this.made.length >= this.bytesMax) throw new TooMuch();
    this.made.push(byte);
  }

  literals(count: number, end: number): void {
    for (let left = count; left > 0; left--) this.put(this.byte(end));
  }

  /** @param from what the match may reach back to */
  match(distance: number, count: number, from: number): void {
    if (distance === 0 || this.made.length - distance < from) refuse();
    for (let left = count; left > 0; left--) this.put(this.made.at(-distance)!);
  }
}

function answered(bytes: Uint8Array, bytesMax: number, run: (u: Unpacking) => void): Reference {
  const unpacking = new Unpacking(bytes, bytesMax);
  try {
    run(unpacking);
    return unpacking.at === bytes.length ? Uint8Array.from(unpacking.made) : null;
  } catch (error) {
    if (error instanceof TooMuch) return "more";
    if (error instanceof Damaged) return null;
    throw error;
  }
}

/** See src/record/snappy.ts for both kinds. */
export const referenceSnappy = (bytes: Uint8Array, bytesMax: number): Reference =>
  answered(bytes, bytesMax, (unpacking) => {
    const java = "82534e4150505900";
    if (bytes.subarray(0, 8).toHex() !== java) return snappyBlock(unpacking, bytes.length);
    if (bytes.length < 16) refuse();
    unpacking.at = 16;
    while (unpacking.at < bytes.length) {
      if (bytes.length - unpacking.at < 4) refuse();
      const size = viewOf(bytes).getUint32(unpacking.at);
      unpacking.at += 4;
      if (size > bytes.length - unpacking.at) refuse();
      snappyBlock(unpacking, unpacking.at + size);
    }
  });

function snappyBlock(unpacking: Unpacking, end: number): void {
  let length = 0;
  for (let shift = 0; ; shift++) {
    if (shift === 5) refuse();
    const byte = unpacking.byte(end);
    length += (byte & 0x7f) * 2 ** (7 * shift);
    if (byte < 0x80) break;
  }
  const start = unpacking.made.length;
  while (unpacking.made.length < start + length) {
    const tag = unpacking.byte(end);
    const upper = tag >> 2;
    if ((tag & 3) === 0) {
      const count = upper < 60 ? upper + 1 : unpacking.number(upper - 59, end) + 1;
      unpacking.literals(count, end);
    } else if ((tag & 3) === 1) {
      const distance = ((tag >> 5) << 8) + unpacking.byte(end);
      unpacking.match(distance, (upper & 7) + 4, start);
    } else {
      const distance = unpacking.number((tag & 3) === 2 ? 2 : 4, end);
      unpacking.match(distance, upper + 1, start);
    }
  }
  if (unpacking.made.length !== start + length || unpacking.at !== end) refuse();
}

/** See src/record/lz4.ts. */
export const referenceLz4 = (bytes: Uint8Array, bytesMax: number): Reference =>
  answered(bytes, bytesMax, (unpacking) => {
    if (unpacking.number(4) !== 0x184d2204) refuse();
    const flags = unpacking.byte();
    const blockByte = unpacking.byte();
    const blockMax = { 4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22 }[blockByte >> 4] ?? refuse();
    if ((flags & 0xc3) !== 0x40 || (blockByte & 0x0f) !== 0) refuse();
    const content = (flags & 8) === 0 ? null : unpacking.number(8);
    const check = (Bun.hash.xxHash32(bytes.subarray(4, unpacking.at)) >>> 8) & 0xff;
    if (unpacking.byte() !== check) refuse();
    for (;;) {
      const size = unpacking.number(4);
      if (size === 0) break;
      lz4Block(unpacking, size % 2 ** 31, size >= 2 ** 31, (flags & 0x20) !== 0, blockMax);
      const from = unpacking.at - (size % 2 ** 31);
      const block = bytes.subarray(from, unpacking.at);
      if ((flags & 0x10) !== 0 && unpacking.number(4) !== Bun.hash.xxHash32(block)) refuse();
    }
    const made = Uint8Array.from(unpacking.made);
    if ((flags & 4) !== 0 && unpacking.number(4) !== Bun.hash.xxHash32(made)) refuse();
    if (content !== null && content !== made.length) refuse();
  });

function lz4Block(
  unpacking: Unpacking,
  size: number,
  isStored: boolean,
  isIndependent: boolean,
  blockMax: number,
): void {
  const end = unpacking.at + size;
  if (end > unpacking.bytes.length) refuse();
  const start = unpacking.made.length;
  const from = isIndependent ? start : 0;
  if (isStored) unpacking.literals(size, end);
  while (unpacking.at < end) {
    const token = unpacking.byte(end);
    unpacking.literals(lz4Length(unpacking, token >> 4, end), end);
    if (unpacking.at === end) break;
    const distance = unpacking.number(2, end);
    unpacking.match(distance, lz4Length(unpacking, token & 15, end) + 4, from);
    // A block ends with literals.
    if (unpacking.at === end) refuse();
  }
  if (unpacking.made.length - start > blockMax) refuse();
}

function lz4Length(unpacking: Unpacking, nibble: number, end: number): number {
  let length = nibble;
  for (let byte = nibble === 15 ? 255 : 0; byte === 255;) {
    byte = unpacking.byte(end);
    length += byte;
  }
  return length;
}
