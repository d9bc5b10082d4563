/**
 * Big-endian numbers, variable lengths and their limits, writing: one frame after another, each as
 * a list of pieces. Small things go into a slab; large bytes (record batches) become pieces of
 * their own, as they are, and are never copied. Generated code (write-source.ts) calls this.
 *
 *     begin() … values … finish() ──► [ slab: length, header, … │ batch │ batch │ slab: … ]
 *
 * Nobody outside is to blame for a value that does not fit: it is an assertion, and the frame is
 * not written. `begin` drops what such a frame has left.
 *
 * Owns the slab. A piece that was handed out is never written to again: the next frame goes behind
 * it, and a full slab is replaced.
 */
import { AssertionError, assert } from "../base/assert.ts";
import { stringBytesMax } from "./reader.ts";

const slabBytes = 64 * 1024;
/** What takes a tagged field: they are small. */
const nestedSlabBytes = 256;
/** Bytes from this length on are pieces of their own: the cost of a piece is that of copying it. */
const pieceBytesMin = 4096;
/** The length before a frame. */
const frameLengthBytes = 4;

/** See the head of this file. */
export class Writer {
  #slab: Buffer;
  view: DataView;
  /** The next byte to write, in the slab. */
  #at = 0;
  /** Where the piece that is being written begins in it. */
  #from = 0;
  /** Complete pieces of this frame, and their bytes. */
  #pieces: Uint8Array[] = [];
  #piecesBytes = 0;
  /** Where the length of this frame goes; in a slab that may have been replaced since. */
  #lengthView: DataView;
  #lengthAt = 0;
  /** Takes tagged fields, whose size comes before them; made for the first of them. */
  #nested: Writer | null = null;

  constructor(private readonly slabBytesMin = slabBytes) {
    this.#slab = Buffer.alloc(slabBytesMin);
    this.view = viewOf(this.#slab);
    this.#lengthView = this.view;
  }

  /** Begins a frame; the length that it starts with is filled in by {@link finish}. */
  begin(): void {
    this.#restart();
    this.#lengthAt = this.take(frameLengthBytes);
    this.#lengthView = this.view;
  }

  /** Ends the frame: its pieces, in order. They don't change any more, nor may those handed in. */
  finish(): Uint8Array[] {
    const bytes = this.#piecesBytes + this.#at - this.#from - frameLengthBytes;
    assert(bytes <= 0x7fff_ffff, "a frame has at most 2^31 - 1 bytes");
    this.#lengthView.setInt32(this.#lengthAt, bytes);
    this.#cut();
    return this.#pieces;
  }

  /**
   * Room for `count` bytes in one piece: where it begins in `view`. Look at `view` after this call
   * and not before: a full slab is replaced, and its view with it.
   */
  take(count: number): number {
    if (count > this.#slab.length - this.#at) this.#replaceSlab(count);
    const at = this.#at;
    this.#at = at + count;
    return at;
  }

  /** An unsigned varint of 32 bits. */
  uvarint(value: number): void {
    // Nearly all lengths and numbers of tags are one byte.
    let at = this.take(value < 0x80 ? 1 : Math.ceil((32 - Math.clz32(value)) / 7));
    const slab = this.#slab;
    for (; value >= 0x80; value >>>= 7) slab[at++] = (value & 0x7f) | 0x80;
    slab[at] = value;
  }

  int16Length(length: number): void {
    const at = this.take(2);
    this.view.setInt16(at, length);
  }

  int32Length(length: number): void {
    assert(length <= 0x7fff_ffff, "a length is an int32");
    const at = this.take(4);
    this.view.setInt32(at, length);
  }

  /** A length in flexible versions, -1 for null. */
  compactLength(length: number): void {
    assert(length < 0x7fff_ffff, "a length is an int32");
    this.uvarint(length + 1);
  }

  /** Whether a struct that may be null is. */
  isNull(value: boolean): void {
    const at = this.take(1);
    this.view.setInt8(at, value ? -1 : 1);
  }

  /** UTF-8 behind its length as an int16. */
  int16String(text: string): void {
    this.#reserve(2 + 3 * text.length);
    const at = this.#at;
    const written = text === "" ? 0 : this.#slab.write(text, at + 2);
    if (written > stringBytesMax) tooLong(text);
    this.view.setInt16(at, written);
    this.#at = at + 2 + written;
  }

  /** UTF-8 behind its length in flexible versions. */
  compactString(text: string): void {
    const bytesMax = 3 * text.length;
    // A length below 128 is one byte, so the text can go behind it before the length is known.
    if (bytesMax >= 0x7f) {
      const length = Buffer.byteLength(text);
      if (length > stringBytesMax) tooLong(text);
      this.compactLength(length);
      this.#reserve(bytesMax);
      this.#at += this.#slab.write(text, this.#at);
      return;
    }
    this.#reserve(1 + bytesMax);
    const at = this.#at;
    const written = text === "" ? 0 : this.#slab.write(text, at + 1);
    this.#slab[at] = written + 1;
    this.#at = at + 1 + written;
  }

  int32Bytes(bytes: Uint8Array): void {
    this.int32Length(bytes.length);
    this.#append(bytes);
  }

  compactBytes(bytes: Uint8Array): void {
    this.compactLength(bytes.length);
    this.#append(bytes);
  }

  int32Batches(batches: readonly Uint8Array[]): void {
    this.int32Length(lengthOf(batches));
    for (const batch of batches) this.#append(batch);
  }

  compactBatches(batches: readonly Uint8Array[]): void {
    this.compactLength(lengthOf(batches));
    for (const batch of batches) this.#append(batch);
  }

  /** What the value of a tagged field is to be written to; {@link endTag} puts it here. */
  beginTag(): Writer {
    this.#nested ??= new Writer(nestedSlabBytes);
    this.#nested.#restart();
    return this.#nested;
  }

  /** Puts the tagged field that was written since {@link beginTag}: number, size, value. */
  endTag(tag: number): void {
    const nested = this.#nested;
    assert(nested !== null, "a tagged field ends after it has begun");
    nested.#cut();
    this.uvarint(tag);
    this.uvarint(nested.#piecesBytes);
    for (const piece of nested.#pieces) this.#copy(piece);
    // Everything was copied, and nobody else has seen it.
    nested.#at = 0;
  }

  /** Bytes, where they lie if they are many. */
  #append(bytes: Uint8Array): void {
    if (bytes.length < pieceBytesMin) {
      this.#copy(bytes);
      return;
    }
    this.#cut();
    this.#pieces.push(bytes);
    this.#piecesBytes += bytes.length;
  }

  #copy(bytes: Uint8Array): void {
    // Taken first: that may replace the slab.
    const at = this.take(bytes.length);
    this.#slab.set(bytes, at);
  }

  /** Drops what was written and not handed out. */
  #restart(): void {
    this.#pieces = [];
    this.#piecesBytes = 0;
    this.#from = this.#at;
  }

  /** Ends the piece that is being written. */
  #cut(): void {
    if (this.#from === this.#at) return;
    this.#pieces.push(this.#slab.subarray(this.#from, this.#at));
    this.#piecesBytes += this.#at - this.#from;
    this.#from = this.#at;
  }

  /** Makes sure that `count` bytes fit in one piece, without taking them. */
  #reserve(count: number): void {
    if (count > this.#slab.length - this.#at) this.#replaceSlab(count);
  }

  #replaceSlab(count: number): void {
    this.#cut();
    this.#slab = Buffer.alloc(Math.max(count, this.slabBytesMin));
    this.view = viewOf(this.#slab);
    this.#at = 0;
    this.#from = 0;
  }
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function lengthOf(pieces: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return bytes;
}

function tooLong(text: string): never {
  throw new AssertionError(
    `a string of ${text.length} characters, at most ${stringBytesMax} bytes`,
  );
}

/** A value that is not of its column's type, where wrapping it around would go unseen. */
function unfit(type: string, value: unknown): never {
  throw new AssertionError(`${String(value)} is no ${type}`);
}

/** Numbers that fit their type; anything else throws. */
export function int8(value: number): number {
  return value === (value << 24) >> 24 ? value : unfit("int8", value);
}

export function int16(value: number): number {
  return value === (value << 16) >> 16 ? value : unfit("int16", value);
}

export function uint16(value: number): number {
  return value === (value & 0xffff) ? value : unfit("uint16", value);
}

export function int32(value: number): number {
  return value === (value | 0) ? value : unfit("int32", value);
}

/** Where null is not written: the name of its column, for whoever handed it in. */
export function refuseNull(column: string): never {
  throw new AssertionError(`${column} is null in a version in which it can't be`);
}

export function putInt64(view: DataView, at: number, value: number): void {
  if (!Number.isSafeInteger(value)) unfit("exact int64", value);
  const high = Math.floor(value / 0x1_0000_0000);
  view.setInt32(at, high);
  view.setUint32(at + 4, value - high * 0x1_0000_0000);
}

/** Writes any double that was read as one; what was rounded up to 2^63 becomes the largest. */
export function putRoundedInt64(view: DataView, at: number, value: number): void {
  if (!(value >= -(2 ** 63) && value <= 2 ** 63 && Number.isInteger(value))) unfit("int64", value);
  const high = Math.floor(value / 0x1_0000_0000);
  const isOver = high === 0x8000_0000;
  view.setInt32(at, isOver ? 0x7fff_ffff : high);
  view.setUint32(at + 4, isOver ? 0xffff_ffff : value - high * 0x1_0000_0000);
}

/** The value of each hexadecimal digit by its code; 0xff: none. */
const digits = new Uint8Array(128).fill(0xff);
for (let digit = 0; digit < 16; digit++) digits[digit.toString(16).charCodeAt(0)] = digit;

/** Writes a UUID from its text, in lower case as it is read. */
export function putUuid(view: DataView, at: number, text: string): void {
  let wrong = text.length ^ 36;
  let character = 0;
  for (let byte = 0; byte < 16; byte++) {
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) character++;
    const high = digits[text.charCodeAt(character)] ?? 0xff;
    const low = digits[text.charCodeAt(character + 1)] ?? 0xff;
    wrong |= (high | low) & 0xf0;
    view.setUint8(at + byte, (high << 4) | low);
    character += 2;
  }
  if (wrong !== 0) unfit("uuid", text);
}
