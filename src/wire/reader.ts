/**
 * Big-endian numbers, variable lengths and bounds, reading: one frame, from its start to its end,
 * as views where it lies. Generated code (read-source.ts) calls this; nothing else needs to.
 *
 * Bytes from outside are believed in nothing. Each length is held against the bytes that are left
 * before it is used, and nothing is allocated on the word of a count. What does not hold is thrown
 * as {@link Malformed}, which codec.ts catches and returns: it never leaves this folder.
 */
import { messageElementsMax } from "../limits.ts";

/** Longer strings are refused by Kafka itself, in flexible versions as well. */
export const stringBytesMax = 0x7fff;
/** Longer ones could grow over the limit when written again: see `string`. */
const stringBytesSafe = Math.floor(stringBytesMax / 3);

/** Bytes that are not the message that they should be: what was wrong, and where. */
export class Malformed extends Error {
  override readonly name = "Malformed";

  /** @param position bytes from the start of the frame to where reading stopped */
  constructor(
    reason: string,
    readonly position: number,
  ) {
    super(reason);
  }

  override toString(): string {
    return `${this.message}, at byte ${this.position}`;
  }
}

/** See the head of this file. Invariant: `start <= at <= end`. */
export class Reader {
  /** The next byte to read. */
  at: number;
  /** Elements of lists, read so far: what a frame costs in memory beyond its bytes. */
  elements = 0;

  /**
   * @param source holds the frame in `source[start, end)`, and does not change
   * @param view covers all of `source`
   * @param elementsMax of all lists together
   */
  constructor(
    readonly source: Uint8Array,
    readonly view: DataView,
    readonly start: number,
    readonly end: number,
    private readonly elementsMax = messageElementsMax,
  ) {
    this.at = start;
  }

  /** Reads a frame that has its bytes for itself. */
  static of(frame: Uint8Array): Reader {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    return new Reader(frame, view, 0, frame.length);
  }

  /** Ends the reading of this frame. */
  malformed(reason: string): never {
    throw new Malformed(reason, this.at - this.start);
  }

  /** Where the next `count` bytes begin; moves behind them. */
  take(count: number): number {
    const at = this.at;
    if (count > this.end - at) this.malformed(`${count} bytes wanted, ${this.end - at} left`);
    this.at = at + count;
    return at;
  }

  /** An unsigned varint of 32 bits. */
  uvarint(): number {
    const { source, end } = this;
    let at = this.at;
    let value = 0;
    for (let shift = 0; at < end; shift += 7) {
      const byte = source[at++]!;
      if (shift === 28 && byte > 0x0f) this.malformed("a varint over 32 bits");
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.at = at;
        return value >>> 0;
      }
    }
    return this.malformed("the frame ends within a varint");
  }

  /** The length before a string, -1 for null. */
  int16Length(): number {
    return this.view.getInt16(this.take(2));
  }

  /** The length before bytes or a list, -1 for null. */
  int32Length(): number {
    return this.view.getInt32(this.take(4));
  }

  /** Either length in flexible versions. */
  compactLength(): number {
    return this.uvarint() - 1;
  }

  /** Whether a struct that may be null is. */
  isNull(): boolean {
    return this.view.getInt8(this.take(1)) < 0;
  }

  /**
   * UTF-8; what is none is replaced, as Kafka does it, and may come out longer than it came in. A
   * string is refused if it could not be written again.
   */
  string(length: number): string {
    if (length < 0) this.malformed("a string is null that may not be");
    if (length > stringBytesMax) this.malformed(`a string of ${length} bytes`);
    const at = this.take(length);
    const text = decodeUtf8.call(this.source, "utf8", at, at + length);
    if (length > stringBytesSafe && Buffer.byteLength(text) > stringBytesMax) {
      this.malformed("a long string that is not UTF-8");
    }
    return text;
  }

  /** A view of the next bytes. */
  bytes(length: number): Uint8Array {
    if (length < 0) this.malformed("bytes are null that may not be");
    const at = this.take(length);
    return this.source.subarray(at, at + length);
  }

  /** Record batches in one piece, none if there are none. */
  batches(length: number): readonly Uint8Array[] {
    return length === 0 ? [] : [this.bytes(length)];
  }

  /** Checks the length of a list of structs or strings before any of them is read. */
  expect(count: number, elementBytesMin: number): void {
    this.#check(count, elementBytesMin);
    this.#charge(count);
  }

  /** The same for a list of numbers, eight of which count as one struct or string. */
  expectFixed(count: number, elementBytes: number): void {
    this.#check(count, elementBytes);
    this.#charge(count >>> 3);
  }

  /** Reads the size of a tagged field: where it ends. */
  tagEnd(): number {
    const size = this.uvarint();
    if (size > this.end - this.at) this.malformed(`a tagged field of ${size} bytes`);
    return this.at + size;
  }

  /** A tagged field has been read: its size must have been right. */
  expectTagEnd(end: number): void {
    if (this.at !== end) this.malformed("a tagged field has another size than it says");
  }

  /** Leaves out all tagged fields: nobody here knows them. */
  skipTags(): void {
    for (let left = this.uvarint(); left > 0; left--) {
      this.uvarint();
      this.at = this.tagEnd();
    }
  }

  /** The int64 at `at`, exact. */
  int64(at: number): number {
    const value = roundedInt64(this.view, at);
    if (!Number.isSafeInteger(value)) this.malformed("an int64 that must be exact and is not");
    return value;
  }

  #check(count: number, elementBytesMin: number): void {
    if (count < 0) this.malformed("a list is null that may not be");
    if (count * elementBytesMin > this.end - this.at) {
      this.malformed(`a list of ${count} elements, ${this.end - this.at} bytes left`);
    }
  }

  #charge(elements: number): void {
    this.elements += elements;
    if (this.elements > this.elementsMax) {
      this.malformed(`more than ${this.elementsMax} elements`);
    }
  }
}

/** Two to three times as fast as a TextDecoder. A Buffer's method works on any Uint8Array. */
const decodeUtf8: (this: Uint8Array, encoding: "utf8", start: number, end: number) => string =
  Buffer.prototype.toString;

/** The int64 at `at`: exact below 2^53, otherwise the nearest double. */
export function roundedInt64(view: DataView, at: number): number {
  return view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}

/**
 * UUIDs seen lately, by their bits: the same few topic ids come again and again, and making text
 * of them costs ten times what finding it does. A new one takes the place of another.
 */
const uuidSlots = 1024;
const uuidWords = new Int32Array(4 * uuidSlots);
const uuidTexts = Array.from<string>({ length: uuidSlots }).fill(uuidText(0, 0, 0, 0));

/** The UUID at `at`, as text. */
export function uuidAt(view: DataView, at: number): string {
  const first = view.getInt32(at);
  const second = view.getInt32(at + 4);
  const third = view.getInt32(at + 8);
  const fourth = view.getInt32(at + 12);
  const slot = (first ^ (second >>> 7) ^ (third >>> 13) ^ fourth) & (uuidSlots - 1);
  const word = 4 * slot;
  const isKnown =
    uuidWords[word] === first &&
    uuidWords[word + 1] === second &&
    uuidWords[word + 2] === third &&
    uuidWords[word + 3] === fourth;
  if (isKnown) return uuidTexts[slot]!;
  uuidWords[word] = first;
  uuidWords[word + 1] = second;
  uuidWords[word + 2] = third;
  uuidWords[word + 3] = fourth;
  return (uuidTexts[slot] = uuidText(first, second, third, fourth));
}

function uuidText(...words: readonly number[]): string {
  const hex = words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
  const cuts = [0, 8, 12, 16, 20, 32];
  return cuts
    .slice(1)
    .map((to, index) => hex.slice(cuts[index], to))
    .join("-");
}
