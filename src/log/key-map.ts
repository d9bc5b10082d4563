/**
 * The newest offset of each key, in a fixed amount of memory: what compaction decides by. Keys are
 * known by 96 bits of a hash, so a key takes 16 bytes however long it is; that two of a thousand
 * million keys have the same one is as likely as 1 in 10^11.
 *
 * Invariants: it never grows; once it is full it takes no new key, and still moves those it has.
 *
 * Source: Apache Kafka, `SkimpyOffsetMap` (24 bytes a key).
 */
import { assert } from "../base/assert.ts";
import { offset, type Offset } from "../base/brands.ts";
import { halfSipHash96, type HashSecret } from "../base/half-siphash.ts";

/** Three words of hash, and the offset relative to the base, plus one; 0: the place is free. */
const entryWords = 4;
const entryBytes = entryWords * 4;
/** Above this share of places taken, a search takes too long. */
const loadMax = 0.8;
/** The furthest offset from the base that can be held. */
const relativeMax = 0xffff_fffd;

/** See the head of this file. */
export class KeyMap {
  readonly #words: Uint32Array;
  readonly #mask: number;
  readonly #countMax: number;
  readonly #hash = new Uint32Array(3);
  #count = 0;

  /**
   * @param bytesMax what it may take; rounded down to a power of two
   * @param keysMax how many keys can come at most: with few, it takes less
   * @param base no offset is below it
   * @param secret of the hash, another one each time
   */
  constructor(
    bytesMax: number,
    keysMax: number,
    private readonly base: Offset,
    private readonly secret: HashSecret,
  ) {
    const entriesMax = 2 ** Math.floor(Math.log2(bytesMax / entryBytes));
    const wanted = 2 ** Math.ceil(Math.log2(Math.max(2, keysMax / loadMax + 1)));
    const entries = Math.min(entriesMax, wanted);
    assert(entries >= 2, "a key map holds a key");
    this.#words = new Uint32Array(entries * entryWords);
    this.#mask = entries - 1;
    this.#countMax = Math.max(1, Math.floor(entries * loadMax));
  }

  /** Keys. */
  get count(): number {
    return this.#count;
  }

  /** Bytes that it takes. */
  get bytes(): number {
    return this.#words.byteLength;
  }

  /**
   * Notes that the record at `at` has the key `bytes[from, to)`; offsets grow from call to call.
   * False: there is no room, and nothing was noted.
   */
  put(bytes: Uint8Array, from: number, to: number, at: Offset): boolean {
    const relative = at - this.base;
    assert(relative >= 0, "no offset lies below the base");
    const place = this.#find(bytes, from, to);
    const words = this.#words;
    const isNew = words[place + 3] === 0;
    if (relative > relativeMax || (isNew && this.#count === this.#countMax)) return false;
    if (isNew) {
      words[place] = this.#hash[0]!;
      words[place + 1] = this.#hash[1]!;
      words[place + 2] = this.#hash[2]!;
      this.#count += 1;
    }
    words[place + 3] = relative + 1;
    return true;
  }

  /** The offset of the newest record with this key; -1: none was noted. */
  newest(bytes: Uint8Array, from: number, to: number): Offset {
    const found = this.#words[this.#find(bytes, from, to) + 3]!;
    return offset(found === 0 ? -1 : this.base + found - 1);
  }

  /** Where the entry of the key is, or would be. */
  #find(bytes: Uint8Array, from: number, to: number): number {
    const hash = this.#hash;
    halfSipHash96(bytes, from, to, this.secret, hash);
    const [first, second, third] = [hash[0]!, hash[1]!, hash[2]!];
    const words = this.#words;
    for (let entry = second & this.#mask; ; entry = (entry + 1) & this.#mask) {
      const place = entry * entryWords;
      if (words[place + 3] === 0) return place;
      const isSame = words[place] === first && words[place + 1] === second;
      if (isSame && words[place + 2] === third) return place;
    }
  }
}
