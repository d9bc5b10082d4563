/**
 * The memory of the newest batches of all logs, under one budget: the original's ring buffer.
 *
 * Memory comes in slabs of about a MiB, filled in the order of appends, whichever log they belong
 * to; a large batch that came in memory of its own is a slab by itself. The oldest slab is
 * forgotten as a whole when the budget is passed, and freed at once if no write and no reader holds
 * it. Few large slabs also keep the garbage collector's work small.
 */
import { assert } from "../base/assert.ts";
import { Memory } from "../base/memory.ts";

/**
 * Batches smaller than this part of a slab, 64 KiB where slabs have a MiB, are copied in any case:
 * few large slabs are less work than many small ones.
 */
const keptShareMin = 1 / 16;

/** One slab. `memory` becomes `null` when it is forgotten; the cache holds it until then. */
export interface Slab {
  memory: Memory | null;
  /** Bytes that it holds on to. */
  readonly size: number;
  /** How far it is filled. */
  used: number;
  /** Whose runs lie in it: they are told when it is forgotten. */
  readonly owners: Set<CachedRange>;
}

/** Where a copy came to lie. */
export interface CachedPiece {
  readonly slab: Slab;
  readonly from: number;
  /** Whoever needs the bytes beyond the slab's place in the cache has to hold it. */
  readonly memory: Memory;
  readonly bytes: Uint8Array;
}

/** See the head of this file. */
export class RecordCache {
  readonly #slabs: Slab[] = [];
  /** The slab that copies go to. */
  #filling: Slab | undefined;
  /** The sum of the slabs' sizes. Invariant: at most the budget, or one slab. */
  #heldBytes = 0;

  /**
   * @param budgetBytes the most to hold; one slab is held in any case
   * @param slabBytes the size of a slab; a larger batch gets a slab of its own
   */
  constructor(
    readonly budgetBytes: number,
    readonly slabBytes: number,
  ) {
    assert(slabBytes > 0, "a slab has a size");
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Keeps a batch. One that lies in memory that is `given` stays there if it is large and most of
   * it, which becomes a slab of its own. Else it is copied, and the caller's bytes are free
   * afterwards.
   */
  hold(bytes: Uint8Array, given?: Memory): CachedPiece {
    const isKept =
      given !== undefined &&
      given.bytes.buffer === bytes.buffer &&
      bytes.length * 2 >= given.bytes.length &&
      bytes.length >= this.slabBytes * keptShareMin;
    return isKept ? this.#keep(bytes, given) : this.#copy(bytes);
  }

  #copy(bytes: Uint8Array): CachedPiece {
    const slab = this.#slabFor(bytes.length);
    const { memory } = slab;
    assert(memory !== null, "a slab that is being filled is held");
    const from = slab.used;
    memory.bytes.set(bytes, from);
    slab.used += bytes.length;
    return { slab, from, memory, bytes: memory.bytes.subarray(from, slab.used) };
  }

  #keep(bytes: Uint8Array, memory: Memory): CachedPiece {
    memory.hold();
    const slab = this.#add(memory);
    const from = bytes.byteOffset - memory.bytes.byteOffset;
    slab.used = from + bytes.length;
    return { slab, from, memory, bytes };
  }

  /** The slab that is being filled, or a new one where that has no room. */
  #slabFor(length: number): Slab {
    const filling = this.#filling;
    if (filling?.memory && filling.size - filling.used >= length) return filling;
    const size = Math.max(this.slabBytes, length);
    this.#filling = this.#add(Memory.allocate(size));
    return this.#filling;
  }

  /** Adds a slab, and forgets the oldest ones for it. */
  #add(memory: Memory): Slab {
    const size = memory.bytes.length;
    const slab: Slab = { memory, size, used: 0, owners: new Set() };
    this.#slabs.push(slab);
    this.#heldBytes += size;
    while (this.#heldBytes > this.budgetBytes && this.#slabs.length > 1) {
      const oldest = this.#slabs.shift();
      this.#heldBytes -= oldest?.size ?? 0;
      if (oldest) forget(oldest);
    }
    return slab;
  }
}

function forget(slab: Slab): void {
  slab.memory?.letGo();
  slab.memory = null;
  for (const owner of slab.owners) owner.dropForgotten();
  slab.owners.clear();
}

/** A range of a segment file that is also in memory: whole batches, one after another. */
export interface CachedRun {
  readonly slab: Slab;
  /** Where the range begins in the slab, and in the file. */
  readonly from: number;
  readonly position: number;
  length: number;
}

/**
 * What the cache holds of one segment file: runs without gaps up to the newest byte, the oldest of
 * which vanish as their slabs are forgotten.
 */
export class CachedRange {
  #runs: CachedRun[] = [];
  /** Runs before this one are known to be forgotten; they are dropped now and then. */
  #head = 0;

  /** Notes that `piece` holds the file's bytes from `position` on. */
  add(piece: CachedPiece, position: number): void {
    const last = this.#runs.at(-1);
    const joins =
      last !== undefined &&
      last.slab === piece.slab &&
      last.from + last.length === piece.from &&
      last.position + last.length === position;
    if (joins) {
      last.length += piece.bytes.length;
      return;
    }
    if (last && last.position + last.length !== position) this.clear();
    this.#runs.push({ slab: piece.slab, from: piece.from, position, length: piece.bytes.length });
    piece.slab.owners.add(this);
  }

  /** Forgets everything at and after `position`. */
  truncate(position: number): void {
    while (this.#runs.length > this.#head) {
      const last = this.#runs.at(-1);
      if (!last || last.position + last.length <= position) return;
      if (last.position < position) {
        last.length = position - last.position;
        return;
      }
      this.#runs.pop();
    }
  }

  clear(): void {
    this.#runs = [];
    this.#head = 0;
  }

  /** The run number `at`, if there is one and its memory is still held. */
  run(at: number): CachedRun | undefined {
    return this.#runs[at];
  }

  /** The number of the run that holds the file's byte at `position`; -1: it is not in memory. */
  find(position: number): number {
    this.#skipForgotten();
    let low = this.#head - 1;
    let high = this.#runs.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle]?.position ?? 0) <= position) low = middle;
      else high = middle;
    }
    const run = this.#runs[low];
    if (low < this.#head || !run) return -1;
    return position < run.position + run.length ? low : -1;
  }

  #skipForgotten(): void {
    while (this.#head < this.#runs.length && !this.#runs[this.#head]?.slab.memory) this.#head += 1;
  }

  dropForgotten(): void {
    this.#skipForgotten();
    this.#runs.splice(0, this.#head);
    this.#head = 0;
  }
}
