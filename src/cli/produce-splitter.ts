/**
 * Records out of a stream of bytes, as kcat reads them: what stands between two delimiters is one,
 * what follows the last delimiter is one, and nothing between two delimiters is none.
 *
 * Owns the record that has begun. A record within one chunk is a view of it; one that is larger
 * than allowed is counted and not kept.
 */

/** Who takes the records. Numbers count from 1, and count the empty ones, as lines are counted. */
export interface RecordSink {
  record(bytes: Uint8Array, number: number): void;
  /** A record that was too large to be kept. */
  oversized(number: number): void;
}

/** See the head of this file. */
export class RecordSplitter {
  /** Of the last record that was handed on. */
  #number = 0;
  /** The record that has begun, in pieces. Invariant: none once it is larger than allowed. */
  #pieces: Uint8Array[] = [];
  #heldBytes = 0;
  /** Its last bytes, one less than a delimiter has: with the next chunk, they may be the rest. */
  #edge = new Uint8Array(0);

  constructor(
    private readonly delimiter: Uint8Array,
    private readonly recordBytesMax: number,
    private readonly sink: RecordSink,
  ) {}

  /** The chunk must not change afterwards. */
  feed(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const step = this.delimiter.length;
    let from = this.#endAcross(bytes);
    for (;;) {
      const end = bytes.indexOf(this.delimiter, from);
      if (end < 0) break;
      if (this.#heldBytes === 0) this.#pass(bytes.subarray(from, end));
      else {
        this.#hold(bytes.subarray(from, end));
        this.#passHeld(this.#heldBytes);
      }
      from = end + step;
    }
    if (from < bytes.length) this.#hold(bytes.subarray(from));
  }

  /** No more bytes come. */
  end(): void {
    if (this.#heldBytes > 0) this.#passHeld(this.#heldBytes);
  }

  /** Ends the held record by a delimiter that began in it; where the next one begins in `bytes`. */
  #endAcross(bytes: Buffer): number {
    const edge = this.#edge.length;
    if (edge === 0) return 0;
    const seam = Buffer.concat([this.#edge, bytes.subarray(0, this.delimiter.length - 1)]);
    const begin = seam.indexOf(this.delimiter);
    if (begin < 0) return 0;
    this.#passHeld(this.#heldBytes - (edge - begin));
    return begin + this.delimiter.length - edge;
  }

  #hold(bytes: Uint8Array): void {
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > this.recordBytesMax + this.delimiter.length) this.#pieces = [];
    else this.#pieces.push(bytes);
    const keep = this.delimiter.length - 1;
    if (keep === 0) return;
    const tail = Buffer.concat([this.#edge, bytes.subarray(-keep)]);
    this.#edge = tail.subarray(Math.max(0, tail.length - keep));
  }

  /** Hands on the first `length` bytes of what is held. */
  #passHeld(length: number): void {
    const isWhole = this.#pieces.length > 0;
    const bytes = isWhole ? Buffer.concat(this.#pieces).subarray(0, length) : null;
    this.#pieces = [];
    this.#heldBytes = 0;
    this.#edge = this.#edge.subarray(0, 0);
    this.#pass(bytes, length);
  }

  /** @param bytes `null`: they were too many */
  #pass(bytes: Uint8Array | null, length = bytes?.length ?? 0): void {
    this.#number += 1;
    if (bytes === null || length > this.recordBytesMax) this.sink.oversized(this.#number);
    else if (length > 0) this.sink.record(bytes, this.#number);
  }
}
