/**
 * Bytes in the order in which they came, in few pieces: what waits to be sent, and what has come
 * of a frame that is not complete. Large pieces are kept as they are; small ones are copied
 * together into slabs, so that neither ten thousand tiny objects nor ten thousand tiny writes
 * come of them (ten small writes to a socket cost eight times one joined write).
 *
 * Invariants: `bytes` is the sum of what has been appended and not dropped. Slabs grow with what
 * the chain holds: less than twice `bytes` is allocated, one smallest slab aside.
 */
import { assert } from "../base/assert.ts";

/** Slabs grow up to this size. */
const slabBytesMax = 64 * 1024;
/** Dropped pieces are cut off the list in runs of at least this many. */
const droppedPiecesMax = 256;
/**
 * Smallest slabs of which everything has been dropped, by their size, for the next chains that need
 * one: each reply of a connection with one request in flight would leave one to the collector.
 */
const spareSlabs = new Map<number, Uint8Array[]>();
/** Of each size. */
const spareSlabsMax = 64;

/** Where a chain can be written to: a socket, which may take less than it is offered. */
export interface ByteTaker {
  /** Takes up to `length` bytes from `from` on; how many it took, or -1 if it is closed. */
  write(bytes: Uint8Array, from: number, length: number): number;
}

/** See the head of this file. */
export class ByteChain {
  #bytes = 0;
  /** Complete pieces; those before `#first` are gone, and `#offset` bytes of the first one. */
  #pieces: Uint8Array[] = [];
  #first = 0;
  #offset = 0;
  /** The slab being filled: its used part comes after all pieces. */
  #slab: Uint8Array | undefined;
  #slabUsed = 0;
  /** The memory that it is the rest of. */
  #slabWhole: Uint8Array | undefined;

  readonly #spares: Uint8Array[];

  /** @param slabBytesMin the smallest slab: what one round of small pieces usually needs. */
  constructor(private readonly slabBytesMin: number) {
    this.#spares = spareSlabs.get(slabBytesMin) ?? [];
    spareSlabs.set(slabBytesMin, this.#spares);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps `piece` as it is: it must not change any more. */
  appendReference(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#sealSlab();
    this.#pieces.push(piece);
    this.#bytes += piece.length;
  }

  /** Copies `piece`: for small ones, and for those that hold on to much larger memory. */
  appendCopy(piece: Uint8Array): void {
    const room = this.#slab === undefined ? 0 : this.#slab.length - this.#slabUsed;
    const fits = Math.min(room, piece.length);
    if (fits > 0) this.#fill(fits === piece.length ? piece : piece.subarray(0, fits));
    if (fits === piece.length) return;
    this.#sealSlab();
    const rest = piece.length - fits;
    const grown = Math.min(slabBytesMax, Math.max(this.slabBytesMin, this.#bytes));
    this.#slabWhole = this.#slab = this.#newSlab(Math.max(rest, grown));
    this.#slabUsed = 0;
    this.#fill(fits === 0 ? piece : piece.subarray(fits));
  }

  /**
   * Writes from the front until all is gone or `taker` takes less; the bytes taken, -1: closed.
   * `taker` keeps nothing that it is offered.
   */
  writeTo(taker: ByteTaker): number {
    let taken = 0;
    while (this.#bytes > 0) {
      if (this.#first === this.#pieces.length) this.#sealSlab();
      const piece = this.#pieces[this.#first]!;
      const offered = piece.length - this.#offset;
      const count = taker.write(piece, this.#offset, offered);
      if (count < 0) return -1;
      assert(count <= offered, "a socket takes no more than it was offered");
      this.#drop(count);
      taken += count;
      if (count < offered) break;
    }
    return taken;
  }

  /** Copies everything into `into`, which begins with it and may be longer. */
  copyTo(into: Uint8Array): void {
    let at = 0;
    for (let index = this.#first; index < this.#pieces.length; index++) {
      const piece = this.#pieces[index]!;
      const whole = index > this.#first || this.#offset === 0;
      into.set(whole ? piece : piece.subarray(this.#offset), at);
      at += whole ? piece.length : piece.length - this.#offset;
    }
    if (this.#slab !== undefined) into.set(this.#slab.subarray(0, this.#slabUsed), at);
  }

  clear(): void {
    this.#bytes = 0;
    this.#pieces.length = 0;
    this.#first = 0;
    this.#offset = 0;
    const whole = this.#slabWhole;
    if (whole?.length === this.slabBytesMin && this.#spares.length < spareSlabsMax) {
      this.#spares.push(whole);
    }
    this.#slabWhole = this.#slab = undefined;
    this.#slabUsed = 0;
  }

  #newSlab(length: number): Uint8Array {
    const spare = length === this.slabBytesMin ? this.#spares.pop() : undefined;
    return spare ?? new Uint8Array(length);
  }

  #fill(piece: Uint8Array): void {
    this.#slab!.set(piece, this.#slabUsed);
    this.#slabUsed += piece.length;
    this.#bytes += piece.length;
  }

  /** Makes the used part of the slab a piece; its free part goes on as the slab. */
  #sealSlab(): void {
    const slab = this.#slab;
    if (slab === undefined || this.#slabUsed === 0) return;
    this.#pieces.push(slab.subarray(0, this.#slabUsed));
    this.#slab = this.#slabUsed < slab.length ? slab.subarray(this.#slabUsed) : undefined;
    this.#slabUsed = 0;
  }

  #drop(count: number): void {
    this.#bytes -= count;
    this.#offset += count;
    if (this.#offset < this.#pieces[this.#first]!.length) return;
    this.#offset = 0;
    this.#first += 1;
    if (this.#bytes === 0) {
      this.clear();
    } else if (this.#first >= droppedPiecesMax) {
      this.#pieces = this.#pieces.slice(this.#first);
      this.#first = 0;
    }
  }
}
