/**
 * Memory that several hold, and that is freed when the last of them lets go: pieces of up to some
 * MiB which come with the load, of which the garbage collector would let hundreds of MiB gather.
 *
 * Whoever keeps a view beyond the call that it was given in holds the memory. Who never lets go
 * leaves it to the collector, which is always right. Who lets go too early would be found out:
 * the buffer of freed memory is detached, so that all views of it are empty, and none shows what
 * comes to lie in the same place (CVE-2026-35554 is what happens otherwise).
 *
 * Invariant: the memory is there as long as somebody holds it.
 */
import { assert } from "./assert.ts";

/** See the head of this file. */
export class Memory {
  #holders = 1;
  #view: DataView | undefined;

  /**
   * Held by whoever makes it.
   * @param bytes all of a buffer, which nobody else refers to
   */
  constructor(readonly bytes: Uint8Array) {}

  /** So many bytes, which hold whatever was there before. */
  static allocate(length: number): Memory {
    // No Buffer: its `slice` is a view, where that of others is a copy.
    return new Memory(new Uint8Array(Buffer.allocUnsafeSlow(length).buffer));
  }

  /** Of all of {@link bytes}; there is one. */
  get view(): DataView {
    return (this.#view ??= new DataView(
      this.bytes.buffer,
      this.bytes.byteOffset,
      this.bytes.byteLength,
    ));
  }

  get isFreed(): boolean {
    return this.#holders === 0;
  }

  /** One more holds it. */
  hold(): void {
    assert(this.#holders > 0, "memory that is freed can't be held");
    this.#holders += 1;
  }

  /** One less does; the last one frees it. */
  letGo(): void {
    assert(this.#holders > 0, "memory is let go of once by each that holds it");
    this.#holders -= 1;
    if (this.#holders > 0) return;
    const { buffer } = this.bytes;
    if (buffer instanceof ArrayBuffer) buffer.transfer(0);
  }
}
