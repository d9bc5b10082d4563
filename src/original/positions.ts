/**
 * The original's `.idx` file: the byte position of each message's frame, as little-endian int64,
 * dense and in order. It is a hint here, never the truth: it shows where reading can go on behind
 * damage, and what it says is compared with what the log holds.
 *
 * Owns one chunk of the file; memory is bounded however long it is.
 */
import type { DiskFile } from "../disk/disk.ts";

const entryBytes = 8;
const chunkEntries = 8 * 1024;

/** See the head of this file. */
export class Positions {
  #chunk = new DataView(new ArrayBuffer(0));
  /** The number of the first entry in the chunk. */
  #first = 0;

  private constructor(
    private readonly file: DiskFile | null,
    /** Whole entries. */
    readonly count: number,
    /** Bytes behind them: an entry that was cut off. */
    readonly tornBytes: number,
  ) {}

  /**
   * @param file `null`: there is no index
   * @throws DiskError
   */
  static async open(file: DiskFile | null): Promise<Positions> {
    const bytes = file === null ? 0 : await file.size();
    return new Positions(file, Math.floor(bytes / entryBytes), bytes % entryBytes);
  }

  /** Whether {@link at} can answer for `number` at once. */
  holds(number: number): boolean {
    return number >= this.#first && number < this.#first + this.#chunk.byteLength / entryBytes;
  }

  /**
   * Makes {@link at} answer for `number`, if there is such an entry.
   * @throws DiskError
   */
  async load(number: number): Promise<void> {
    if (this.file === null || number >= this.count || this.holds(number)) return;
    const bytes = new Uint8Array(Math.min(chunkEntries, this.count - number) * entryBytes);
    const count = await this.file.read(number * entryBytes, bytes);
    this.#chunk = new DataView(bytes.buffer, 0, count - (count % entryBytes));
    this.#first = number;
  }

  /** Where message `number` begins; -1 if nothing sensible is known. */
  at(number: number): number {
    if (!this.holds(number)) return -1;
    const at = (number - this.#first) * entryBytes;
    const high = this.#chunk.getInt32(at + 4, true);
    const position = high * 0x1_0000_0000 + this.#chunk.getUint32(at, true);
    return Number.isSafeInteger(position) && position >= 0 ? position : -1;
  }
}
