/**
 * Which batches of a fetched piece belong to transactions that were aborted (KIP-98): the broker
 * names the transactions of the piece, and each ends with a marker among the batches.
 */
import { attribute, type BatchHeader } from "../../record/batch.ts";

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** A marker's key: version int16, type int16. */
const markerKeyBytes = 4;
const abortMarker = 0;

/** See the head of this file. Batches are shown to it in the order of the log. */
export class AbortedTransactions {
  /** Those that begin later, the next one last. */
  readonly #waiting: AbortedTransaction[];
  /** Producers whose transaction at this place of the log was aborted. */
  readonly #open = new Set<number>();

  constructor(transactions: readonly AbortedTransaction[]) {
    this.#waiting = [...transactions].sort((a, b) => b.firstOffset - a.firstOffset);
  }

  /** Whether the records of this batch are not to be read. */
  covers(header: BatchHeader): boolean {
    const lastOffset = header.baseOffset + header.lastOffsetDelta;
    for (;;) {
      const next = this.#waiting.at(-1);
      if (next === undefined || next.firstOffset > lastOffset) break;
      this.#open.add(next.producerId);
      this.#waiting.pop();
    }
    const isTransactional = (header.attributes & attribute.transactional) !== 0;
    return isTransactional && this.#open.has(header.producerId);
  }

  /** A marker was come upon. @param key of its record */
  marker(header: BatchHeader, key: Uint8Array | null): void {
    if (key === null || key.length < markerKeyBytes) return;
    const type = new DataView(key.buffer, key.byteOffset, key.length).getInt16(2);
    if (type === abortMarker) this.#open.delete(header.producerId);
  }
}
