/**
 * Topic names out of frames. Each frame spells its topic, and nearly every frame spells one that
 * was seen before: its bytes are compared, and only a new name is checked and made a string.
 *
 * Owns the names seen lately: at most `nativeTopicsKnownMax`, of at most `topicNameBytesMax`. A
 * longer one is nobody's business here: no topic may have it. A name whose hash belongs to another
 * one is decoded each time: a peer that looks for collisions gains nothing by them.
 */
import { assert } from "../base/assert.ts";
import { nativeTopicsKnownMax, topicNameCharactersMax } from "../limits.ts";

/** A topic's name is ASCII: its bytes are its characters. */
export const topicNameBytesMax = topicNameCharactersMax;

interface KnownName {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** Refuses bytes that are not UTF-8; a byte order mark belongs to the name. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** See the head of this file. */
export class TopicNames {
  readonly #known = new Map<number, KnownName>();
  /** The name found last: a producer usually writes to one topic. */
  #last: KnownName = { bytes: new Uint8Array(0), name: "" };

  /** The name that `bytes[from, to)`, not too long for one, spells; `null`: that is not UTF-8. */
  at(bytes: Uint8Array, from: number, to: number): string | null {
    if (isSpelled(this.#last.bytes, bytes, from, to)) return this.#last.name;
    assert(to - from <= topicNameBytesMax, "a name that is too long is not even looked at");
    const hash = hashOf(bytes, from, to);
    let known = this.#known.get(hash);
    if (known === undefined || !isSpelled(known.bytes, bytes, from, to)) {
      const spelling = bytes.slice(from, to);
      const name = decode(spelling);
      if (name === null) return null;
      if (known !== undefined) return name;
      known = { bytes: spelling, name };
      if (this.#known.size >= nativeTopicsKnownMax) this.#known.clear();
      this.#known.set(hash, known);
    }
    this.#last = known;
    return known.name;
  }
}

function isSpelled(name: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  const length = to - from;
  if (name.length !== length) return false;
  for (let index = 0; index < length; index++) {
    if (name[index] !== bytes[from + index]) return false;
  }
  return true;
}

/** FNV-1a (Fowler, Noll, Vo), 32 bits. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash;
}

function decode(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}
