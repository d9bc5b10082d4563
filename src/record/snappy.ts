/**
 * Snappy: raw, as librdkafka packs records, and in the framing of the Java library, as Kafka's own
 * clients do. Which one it is shows in the first bytes.
 *
 *     raw         varint (unsigned, little endian): bytes of the content, below 2^32; then a run
 *                 of elements, told apart by the lowest two bits of their first byte:
 *                   00  literals: length - 1 in the upper six bits, 60–63: in 1–4 more bytes
 *                   01  match of 4–11 bytes, distance of 11 bits
 *                   10  match of 1–64 bytes, distance uint16
 *                   11  match of 1–64 bytes, distance uint32
 *     Java        82 'SNAPPY' 00 · int32 version · int32 lowest version that can read it ·
 *                 blocks: int32 (big endian) bytes, then those bytes, raw
 *
 * Source: "Snappy compressed format description" (Google); xerial snappy-java,
 * `SnappyOutputStream`.
 */
import type { Steps } from "../base/steps.ts";
import { unpackStepBytes } from "../limits.ts";
import { viewOf } from "./batch.ts";
import { copyLiterals, copyMatch, findMatches, matchBytesMin } from "./match.ts";
import type { DecompressFault, SequenceWriter } from "./match.ts";

/** Packs in the Java framing, which every Kafka client reads, in blocks as Kafka writes them. */
export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / writtenBlockBytes);
  const blockOverheadBytes = sizeBytes + blockGrowthBytesMax;
  const stream = new Uint8Array(javaHeaderBytes + bytes.length + blocks * blockOverheadBytes);
  const view = viewOf(stream);
  stream.set(javaMagic);
  view.setInt32(8, javaVersion);
  view.setInt32(12, javaVersion);
  let at = javaHeaderBytes;
  for (let from = 0; from < bytes.length; from += writtenBlockBytes) {
    const to = Math.min(from + writtenBlockBytes, bytes.length);
    const start = at + sizeBytes;
    const block = new ElementWriter(bytes, stream, start, to - from);
    block.literals(findMatches(bytes, from, to, block), to);
    view.setInt32(at, block.at - start);
    at = block.at;
  }
  return stream.subarray(0, at);
}

/**
 * The content, of either kind. Each block says how much it unpacks to, so memory is taken once,
 * and never more than `bytesMax` or than the packed bytes could possibly fill.
 */
export function decompressSnappy(
  packed: Uint8Array,
  bytesMax: number,
): Steps<Uint8Array | DecompressFault> {
  const java = javaMagic.every((byte, index) => packed[index] === byte);
  return java ? decompressJava(packed, bytesMax) : decompressRaw(packed, bytesMax);
}

function* decompressRaw(packed: Uint8Array, bytesMax: number): Steps<Uint8Array | DecompressFault> {
  const block = readBlock(packed, 0, packed.length);
  if (block === null) return "damaged";
  if (block.contentBytes > bytesMax) return "too large";
  const content = new Uint8Array(block.contentBytes);
  return (yield* decompressBlock(packed, block, content, 0)) ? content : "damaged";
}

function* decompressJava(
  packed: Uint8Array,
  bytesMax: number,
): Steps<Uint8Array | DecompressFault> {
  const view = viewOf(packed);
  let bytes = 0;
  let stepEnd = unpackStepBytes;
  for (let at = javaHeaderBytes; at !== packed.length;) {
    const block = readJavaBlock(packed, view, at);
    if (block === null) return "damaged";
    bytes += block.contentBytes;
    if (bytes > bytesMax) return "too large";
    at = block.to;
    if (at < stepEnd) continue;
    stepEnd = at + unpackStepBytes;
    yield;
  }
  const content = new Uint8Array(bytes);
  stepEnd = unpackStepBytes;
  for (let from = javaHeaderBytes, at = 0; from !== packed.length;) {
    const block = readJavaBlock(packed, view, from);
    if (block === null || !(yield* decompressBlock(packed, block, content, at))) return "damaged";
    at += block.contentBytes;
    from = block.to;
    if (at + from < stepEnd) continue;
    stepEnd = at + from + unpackStepBytes;
    yield;
  }
  return content;
}

/** A raw block: its elements are `packed[from, to)`. */
interface Block {
  readonly from: number;
  readonly to: number;
  readonly contentBytes: number;
}

function readJavaBlock(packed: Uint8Array, view: DataView, at: number): Block | null {
  const from = at + sizeBytes;
  if (from > packed.length) return null;
  const size = view.getUint32(at);
  return size > packed.length - from ? null : readBlock(packed, from, from + size);
}

/** The block that fills `packed[from, to)`; `null` if its length is none, or can't be true. */
function readBlock(packed: Uint8Array, from: number, to: number): Block | null {
  let contentBytes = 0;
  for (let at = from, worth = 1; at < to && at < from + lengthBytesMax; worth *= 0x80) {
    const byte = packed[at++]!;
    contentBytes += (byte & 0x7f) * worth;
    if (byte >= 0x80) continue;
    return contentBytes > (to - at) * expansionMax ? null : { from: at, to, contentBytes };
  }
  return null;
}

/** Unpacks a block to `content[start, …)`; false if it does not fill its part exactly. */
function* decompressBlock(
  packed: Uint8Array,
  block: Block,
  content: Uint8Array,
  start: number,
): Steps<boolean> {
  const end = start + block.contentBytes;
  const place = { from: block.from, at: start };
  while (place.at < end) {
    const until = Math.min(end, place.at + unpackStepBytes);
    if (!decompressElements(packed, block, content, start, place, until)) return false;
    if (place.at < end) yield;
  }
  return place.from === block.to;
}

/**
 * Unpacks elements of a block from `place` on, which is then behind the one that reaches `until`;
 * false if the block ends before, or has an element that can't be.
 */
function decompressElements(
  packed: Uint8Array,
  block: Block,
  content: Uint8Array,
  start: number,
  place: { from: number; at: number },
  until: number,
): boolean {
  const { to } = block;
  const end = start + block.contentBytes;
  let { from, at } = place;
  while (at < until) {
    if (from === to) return false;
    const tag = packed[from++]!;
    const kind = tag & 3;
    const extraBytes = kind === 0 ? Math.max((tag >>> 2) - 59, 0) : kind === 3 ? 4 : kind;
    if (from + extraBytes > to) return false;
    let extra = 0;
    for (let index = 0, shift = 0; index < extraBytes; index++, shift += 8) {
      extra |= packed[from++]! << shift;
    }
    extra >>>= 0;
    let length = (tag >>> 2) + 1;
    if (kind === 0) {
      if (extraBytes > 0) length = extra + 1;
      if (length > to - from || length > end - at) return false;
      copyLiterals(packed, from, content, at, length);
      from += length;
    } else {
      const distance = kind === 1 ? ((tag >>> 5) << 8) | extra : extra;
      if (kind === 1) length = ((tag >>> 2) & 7) + matchBytesMin;
      if (distance === 0 || distance > at - start || length > end - at) return false;
      copyMatch(content, at, distance, length);
    }
    at += length;
  }
  place.from = from;
  place.at = at;
  return true;
}

/** Spells sequences as the elements of a raw block, behind the length that it begins with. */
class ElementWriter implements SequenceWriter {
  constructor(
    private readonly source: Uint8Array,
    private readonly target: Uint8Array,
    public at: number,
    contentBytes: number,
  ) {
    let rest = contentBytes;
    for (; rest >= 0x80; rest >>>= 7) target[this.at++] = (rest & 0x7f) | 0x80;
    target[this.at++] = rest;
  }

  sequence(from: number, to: number, distance: number, length: number): void {
    this.literals(from, to);
    let left = length;
    // A match of less than four bytes would cost more than it saves, so none is left over.
    for (; left > matchElementBytesMax;) {
      const part = left - matchElementBytesMax < matchBytesMin ? left - matchBytesMin : 64;
      this.match(distance, part);
      left -= part;
    }
    this.match(distance, left);
  }

  literals(from: number, to: number): void {
    const length = to - from;
    if (length === 0) return;
    if (length <= 60) {
      this.target[this.at++] = (length - 1) << 2;
    } else {
      const long = length > 0x100;
      this.target[this.at++] = (long ? 61 : 60) << 2;
      this.target[this.at++] = (length - 1) & 0xff;
      if (long) this.target[this.at++] = (length - 1) >>> 8;
    }
    copyLiterals(this.source, from, this.target, this.at, length);
    this.at += length;
  }

  private match(distance: number, length: number): void {
    if (length < 12 && distance < 0x800) {
      this.target[this.at++] = 1 | ((length - matchBytesMin) << 2) | ((distance >>> 8) << 5);
      this.target[this.at++] = distance & 0xff;
      return;
    }
    this.target[this.at++] = 2 | ((length - 1) << 2);
    this.target[this.at++] = distance & 0xff;
    this.target[this.at++] = distance >>> 8;
  }
}

/** 82 'SNAPPY' 00. */
const javaMagic = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00);
const javaHeaderBytes = 16;
const javaVersion = 1;
const sizeBytes = 4;
/** Bytes of the length that a raw block begins with. */
const lengthBytesMax = 5;
/** The densest element makes 64 bytes out of three. */
const expansionMax = 22;
/** The longest match that one element can say. */
const matchElementBytesMax = 64;

const writtenBlockBytes = 32 * 1024;
/** What a block of incompressible bytes may grow by: its length, and literals in short runs. */
const blockGrowthBytesMax = 32 + Math.ceil(writtenBlockBytes / 6);
