/**
 * The memory of the newest batches of all logs, under one budget: the original's ring buffer.
 *
 * Memory comes in slabs of about a MiB, filled in the order of appends, whichever log they belong
 * to; the oldest slab is forgotten as a whole when the budget is passed. A slab's memory is never
 * used again: a socket or a write may still hold views of it (CVE-2026-35554 is what happens
 * otherwise). Few large slabs also keep the garbage collector's work and the process size small.
 */
import { assert } from "../base/assert.ts";
import { viewOf } from "../record/batch.ts";

/** One slab. `memory` becomes `null` when it is forgotten. */
export interface Slab {
  memory: { readonly bytes: Uint8Array; readonly view: DataView } | null;
  /** How far it is filled. */
  used: number;
  /** Whose runs lie in it: they are told when it is forgotten. */
  readonly owners: Set<CachedRange>;
}

/** Where a copy came to lie. */
export interface CachedPiece {
  readonly slab: Slab;
  readonly from: number;
  /** A view of the copy, which outlives the slab's place in the cache. */
  readonly bytes: Uint8Array;
}

/** See the head of this file. */
export class RecordCache {
  readonly #slabs: Slab[] = [];
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

  /** Copies a batch in. The caller's bytes are free afterwards. */
  copy(bytes: Uint8Array): CachedPiece {
    const slab = this.#slabFor(bytes.length);
    assert(slab.memory !== null, "the newest slab is always held");
    const memory = slab.memory.bytes;
    const from = slab.used;
    memory.set(bytes, from);
    slab.used += bytes.length;
    return { slab, from, bytes: memory.subarray(from, slab.used) };
  }

  #slabFor(length: number): Slab {
    const newest = this.#slabs.at(-1);
    const room = (newest?.memory?.bytes.length ?? 0) - (newest?.used ?? 0);
    if (newest && room >= length) return newest;
    const size = Math.max(this.slabBytes, length);
    const bytes = Buffer.allocUnsafeSlow(size);
    const slab: Slab = { memory: { bytes, view: viewOf(bytes) }, used: 0, owners: new Set() };
    this.#slabs.push(slab);
    this.#heldBytes += size;
    while (this.#heldBytes > this.budgetBytes && this.#slabs.length > 1) {
      const oldest = this.#slabs.shift();
      this.#heldBytes -= oldest?.memory?.bytes.length ?? 0;
      if (oldest) forget(oldest);
    }
    return slab;
  }
}

function forget(slab: Slab): void {
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
