/**
 * LZ4 frames, as Kafka packs records in them. All numbers are little endian.
 *
 *     magic       04 22 4d 18
 *     FLG         version 01 · independent blocks · block checksums · content size ·
 *                 content checksum · 0 · dictionary (never here)
 *     BD          0 · block size 4–7: 64 KiB, 256 KiB, 1 MiB, 4 MiB · 0000
 *     contentSize uint64, if FLG says so
 *     HC          second byte of the xxHash32 of FLG to contentSize
 *     blocks      each: uint32 size, top bit set: stored as it is; bytes; uint32 xxHash32 if FLG
 *                 says so
 *     end         uint32 0, then the xxHash32 of the content if FLG says so
 *
 *     a block     is a run of: token (literals << 4 | match - 4), more literal length, literals,
 *                 uint16 distance, more match length; a nibble of 15 goes on in bytes until one is
 *                 not 255; the block ends with literals
 *
 * Source: "LZ4 Frame Format Description" 1.6 and "LZ4 Block Format Description" (LZ4 project).
 * Kafka writes 64 KiB independent blocks without checksums and reads one frame (KIP-57).
 */
import type { Steps } from "../base/steps.ts";
import { unpackStepBytes } from "../limits.ts";
import { viewOf } from "./batch.ts";
import { copyLiterals, copyMatch, findMatches, matchBytesMin } from "./match.ts";
import type { DecompressFault, SequenceWriter } from "./match.ts";

/** xxHash32 with seed 0, handed in: the machine has one. */
export type Hash32 = (bytes: Uint8Array) => number;

/** One frame of 64 KiB independent blocks, each stored as it is where LZ4 would not shrink it. */
export function compressLz4(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / writtenBlockBytes);
  const blockOverheadBytes = sizeBytes + blockGrowthBytesMax;
  const frameBytesMax = writtenHeader.length + bytes.length + blocks * blockOverheadBytes;
  const frame = new Uint8Array(frameBytesMax + sizeBytes);
  const view = viewOf(frame);
  frame.set(writtenHeader);
  let at = writtenHeader.length;
  for (let from = 0; from < bytes.length; from += writtenBlockBytes) {
    const to = Math.min(from + writtenBlockBytes, bytes.length);
    const start = at + sizeBytes;
    const block = new BlockWriter(bytes, frame, start);
    block.literals(findMatches(bytes, from, to, block), to);
    const stored = block.at - start >= to - from;
    if (stored) copyLiterals(bytes, from, frame, start, to - from);
    const size = stored ? to - from : block.at - start;
    view.setUint32(at, stored ? size + storedBit : size, true);
    at = start + size;
  }
  view.setUint32(at, 0, true);
  return frame.subarray(0, at + sizeBytes);
}

/**
 * The content of one whole frame. Measured first, in a walk over the blocks that writes nothing,
 * so that memory is taken once and never more than `bytesMax`.
 */
export function* decompressLz4(
  frame: Uint8Array,
  bytesMax: number,
  hash32: Hash32,
): Steps<Uint8Array | DecompressFault> {
  const header = readFrameHeader(frame, hash32);
  if (header === null) return "damaged";
  const measured = new BlockWalk(frame, header);
  let bytes = 0;
  let stepEnd = unpackStepBytes;
  while (measured.next()) {
    const size = measured.contentBytes();
    if (size < 0 || size > header.blockBytesMax) return "damaged";
    if (header.blockChecksums && measured.checksum !== hash32(measured.bytes())) return "damaged";
    bytes += size;
    if (bytes > bytesMax) return "too large";
    if (bytes + measured.to < stepEnd) continue;
    stepEnd = bytes + measured.to + unpackStepBytes;
    yield;
  }
  if (!measured.complete) return "damaged";
  if (header.contentBytes !== null && header.contentBytes !== bytes) return "damaged";

  const content = new Uint8Array(bytes);
  const blocks = new BlockWalk(frame, header);
  stepEnd = unpackStepBytes;
  for (let at = 0; blocks.next();) {
    at = decompressBlock(frame, blocks, content, at, header.independentBlocks ? at : 0);
    if (at < 0) return "damaged";
    if (at + blocks.to < stepEnd) continue;
    stepEnd = at + blocks.to + unpackStepBytes;
    yield;
  }
  const sound = !header.contentChecksum || measured.checksum === hash32(content);
  return sound ? content : "damaged";
}

interface FrameHeader {
  readonly independentBlocks: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly blockBytesMax: number;
  /** `null` if the frame does not say. */
  readonly contentBytes: number | null;
  /** Where the blocks begin. */
  readonly bytes: number;
}

function readFrameHeader(frame: Uint8Array, hash32: Hash32): FrameHeader | null {
  if (frame.length < headerBytesMin) return null;
  const view = viewOf(frame);
  const flags = view.getUint8(4);
  const blockSize = view.getUint8(5) >>> 4;
  const knowsContent = (flags & 0x08) !== 0;
  const bytes = headerBytesMin + (knowsContent ? 8 : 0);
  if (view.getUint32(0, true) !== magic || flags >>> 6 !== 1 || (flags & 0x03) !== 0) return null;
  if (blockSize < 4 || blockSize > 7 || (view.getUint8(5) & 0x0f) !== 0) return null;
  if (frame.length < bytes) return null;
  const check = (hash32(frame.subarray(4, bytes - 1)) >>> 8) & 0xff;
  if (check !== view.getUint8(bytes - 1)) return null;
  return {
    independentBlocks: (flags & 0x20) !== 0,
    blockChecksums: (flags & 0x10) !== 0,
    contentChecksum: (flags & 0x04) !== 0,
    blockBytesMax: 1 << (8 + 2 * blockSize),
    contentBytes: knowsContent
      ? view.getUint32(6, true) + view.getUint32(10, true) * 0x1_0000_0000
      : null,
    bytes,
  };
}

/** Steps from block to block of a frame. */
class BlockWalk {
  /** The block is `frame[from, to)`. */
  from = 0;
  to = 0;
  /** Not compressed. */
  stored = false;
  /** The block's, where the frame has them; the content's, once `complete`. */
  checksum = 0;
  /** The end was reached, and the frame stops there. */
  complete = false;

  private at: number;
  private readonly view: DataView;

  constructor(
    private readonly frame: Uint8Array,
    private readonly header: FrameHeader,
  ) {
    this.at = header.bytes;
    this.view = viewOf(frame);
  }

  /** Steps to the next block; false at the end, and where no block can be. */
  next(): boolean {
    const { frame, header, view } = this;
    if (this.at + sizeBytes > frame.length) return false;
    const word = view.getUint32(this.at, true);
    const size = word & 0x7fff_ffff;
    const from = this.at + sizeBytes;
    const to = from + size;
    const hasChecksum = word === 0 ? header.contentChecksum : header.blockChecksums;
    const end = to + (hasChecksum ? checksumBytes : 0);
    if (size > header.blockBytesMax || end > frame.length) return false;
    if (hasChecksum) this.checksum = view.getUint32(to, true);
    if (size === 0) {
      this.complete = word === 0 && end === frame.length;
      return false;
    }
    this.from = from;
    this.to = to;
    this.stored = word >= storedBit;
    this.at = end;
    return true;
  }

  bytes(): Uint8Array {
    return this.frame.subarray(this.from, this.to);
  }

  /** What the block unpacks to; -1 if it can't be a block, or is larger than one may be. */
  contentBytes(): number {
    const { frame, to } = this;
    if (this.stored) return to - this.from;
    let bytes = 0;
    for (let at = this.from; at < to && bytes <= this.header.blockBytesMax;) {
      const token = frame[at++]!;
      let literals = token >>> 4;
      if (literals === 15) {
        let more = 255;
        while (more === 255 && at < to) literals += more = frame[at++]!;
      }
      at += literals;
      bytes += literals;
      if (at >= to) return at === to ? bytes : -1;
      at += distanceBytes;
      let length = token & 15;
      if (length === 15) {
        let more = 255;
        while (more === 255 && at < to) length += more = frame[at++]!;
      }
      bytes += length + matchBytesMin;
    }
    return -1;
  }
}

/**
 * Unpacks one measured block to `content[at, …)` and returns where that ends; -1 if a match
 * reaches back before `floor`.
 */
function decompressBlock(
  frame: Uint8Array,
  block: BlockWalk,
  content: Uint8Array,
  start: number,
  floor: number,
): number {
  const { to } = block;
  let from = block.from;
  let at = start;
  if (block.stored) {
    copyLiterals(frame, from, content, at, to - from);
    return at + to - from;
  }
  for (;;) {
    const token = frame[from++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let more = 255;
      while (more === 255) literals += more = frame[from++]!;
    }
    copyLiterals(frame, from, content, at, literals);
    from += literals;
    at += literals;
    if (from === to) return at;
    const distance = frame[from]! | (frame[from + 1]! << 8);
    from += distanceBytes;
    let length = token & 15;
    if (length === 15) {
      let more = 255;
      while (more === 255) length += more = frame[from++]!;
    }
    length += matchBytesMin;
    if (distance === 0 || at - distance < floor) return -1;
    copyMatch(content, at, distance, length);
    at += length;
  }
}

/** Spells sequences as an LZ4 block. */
class BlockWriter implements SequenceWriter {
  constructor(
    private readonly source: Uint8Array,
    private readonly target: Uint8Array,
    public at: number,
  ) {}

  sequence(from: number, to: number, distance: number, length: number): void {
    const extra = length - matchBytesMin;
    this.token(to - from, extra);
    copyLiterals(this.source, from, this.target, this.at, to - from);
    this.at += to - from;
    this.target[this.at++] = distance & 0xff;
    this.target[this.at++] = distance >>> 8;
    if (extra >= 15) this.more(extra - 15);
  }

  /** The end of the block. */
  literals(from: number, to: number): void {
    this.token(to - from, 0);
    copyLiterals(this.source, from, this.target, this.at, to - from);
    this.at += to - from;
  }

  private token(literals: number, extra: number): void {
    this.target[this.at++] = (Math.min(literals, 15) << 4) | Math.min(extra, 15);
    if (literals >= 15) this.more(literals - 15);
  }

  private more(length: number): void {
    let rest = length;
    for (; rest >= 255; rest -= 255) this.target[this.at++] = 255;
    this.target[this.at++] = rest;
  }
}

const magic = 0x184d2204;
/** Magic, FLG, BD, HC. */
const headerBytesMin = 7;
const sizeBytes = 4;
const checksumBytes = 4;
const distanceBytes = 2;
/** The top bit of a block's size. */
const storedBit = 0x8000_0000;

const writtenBlockBytes = 64 * 1024;
/** Version 1, independent blocks, 64 KiB, nothing else; the last byte checks the two before. */
const writtenHeader = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82);
/** A block that does not shrink may grow by one byte in 255, and a few, before that is seen. */
const blockGrowthBytesMax = Math.ceil(writtenBlockBytes / 255) + 16;
