/** The bytes of a file in memory: they grow by doubling, and what was never written is zero. */

/** Invariant: bytes of `room` at or past `length` are zero. */
export class GrowingBytes {
  private room = new Uint8Array(0);
  private used = 0;

  get length(): number {
    return this.used;
  }

  view(): Uint8Array {
    return this.room.subarray(0, this.used);
  }

  write(position: number, bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return;
    const end = position + bytes.byteLength;
    if (end > this.used) this.setLength(end);
    this.room.set(bytes, position);
  }

  setLength(length: number): void {
    if (length < this.used) this.room.fill(0, length, this.used);
    if (length > this.room.byteLength) {
      const larger = new Uint8Array(Math.max(length, 2 * this.room.byteLength));
      larger.set(this.view());
      this.room = larger;
    }
    this.used = length;
  }

  flip(byte: number, bit: number): void {
    this.room[byte] = (this.room[byte] ?? 0) ^ (1 << bit);
  }

  clone(): GrowingBytes {
    const copy = new GrowingBytes();
    copy.room = this.view().slice();
    copy.used = this.used;
    return copy;
  }
}
