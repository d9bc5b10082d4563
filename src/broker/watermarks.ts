/**
 * The four offsets of a partition that Kafka's clients know, set in one place, in one order:
 *
 *     start <= stable <= high <= end
 *
 * - start: the log start offset, the oldest record that may be read.
 * - stable: the last stable offset; no record before it belongs to an open transaction. Until there
 *   are transactions, it is the high watermark.
 * - high: the high watermark; everything before it is acknowledged, and may be read.
 * - end: the log end offset, which the next record will get. What lies between is on its way to the
 *   disk; it goes back when that fails, and nobody has seen it.
 *
 * The first three never go back, or a consumer could see a record that is another one later.
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/brands.ts";
import type { PartitionLog } from "../log/log.ts";

/** The offsets of a log, as it gives them. */
export type LogOffsets = Pick<PartitionLog, "startOffset" | "visibleOffset" | "endOffset">;

/** See the head of this file. */
export class Watermarks {
  #start: Offset;
  #stable: Offset;
  #high: Offset;
  #end: Offset;

  constructor({ startOffset, visibleOffset, endOffset }: LogOffsets) {
    this.#start = startOffset;
    this.#stable = this.#high = visibleOffset;
    this.#end = endOffset;
    this.#check();
  }

  get startOffset(): Offset {
    return this.#start;
  }

  get lastStableOffset(): Offset {
    return this.#stable;
  }

  get highWatermark(): Offset {
    return this.#high;
  }

  get endOffset(): Offset {
    return this.#end;
  }

  /** Follows the log. */
  set({ startOffset, visibleOffset, endOffset }: LogOffsets): void {
    assert(startOffset >= this.#start, "the log start offset never goes back");
    assert(visibleOffset >= this.#high, "the high watermark never goes back");
    this.#start = startOffset;
    this.#stable = this.#high = visibleOffset;
    this.#end = endOffset;
    this.#check();
  }

  #check(): void {
    // Without their values: texts would be made of them with every append.
    assert(this.#start <= this.#stable, "start <= stable");
    assert(this.#stable <= this.#high, "stable <= high");
    assert(this.#high <= this.#end, "high <= end");
  }
}
