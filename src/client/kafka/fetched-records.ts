/**
 * The records of one partition in one response, read one by one when they are wanted: each batch is
 * checked and unpacked only then.
 *
 * Invariant: `nextOffset` is where to read on, whatever was come upon. It never goes back.
 */
import { offset, type Offset } from "../../base/brands.ts";
import { Refusal } from "../../base/refusal.ts";
import { clientResponseBytesMax } from "../../limits.ts";
import {
  attribute,
  type BatchFault,
  batchBytesAt,
  batchHeaderBytes,
  checkBatch,
  nextOffsetAt,
  readHeader,
  viewOf,
} from "../../record/batch.ts";
import { type BatchRecord, openRecords } from "../../record/records.ts";
import type { AbortedTransactions } from "./aborted-transactions.ts";
import type { ClientErrorCode } from "./client-error.ts";
import { DamageError } from "./damage-error.ts";
import type { Position } from "./position.ts";

type Cursor = Exclude<ReturnType<typeof openRecords>, Refusal>;

/** See the head of this file. */
export class FetchedRecords {
  /** That of the position when they were asked for. */
  readonly turn: number;
  nextOffset: Offset;
  /** The leader epoch of the batch that was read last. */
  recordEpoch: number;
  /** Whether the timestamps of that batch are the broker's. */
  isAppendTime = false;
  /** Why reading has stopped early; asking again may mend it, or not. */
  failure: DamageError | null = null;
  readonly #view: DataView;
  #at = 0;
  #cursor: Cursor | null = null;
  /** Behind the last record of the batch under way. */
  #batchEnd: Offset;

  /**
   * @param from the offset asked for; the first batch may begin before it
   * @param aborted `null`: records of aborted transactions are read as well
   */
  constructor(
    readonly position: Position,
    readonly bytes: Uint8Array,
    from: Offset,
    private readonly aborted: AbortedTransactions | null,
  ) {
    this.turn = position.turn;
    this.nextOffset = from;
    this.recordEpoch = position.recordEpoch;
    this.#batchEnd = from;
    this.#view = viewOf(bytes);
  }

  /** Whether they are still what the program is to be given. */
  get isWanted(): boolean {
    return this.position.isAssigned && this.position.turn === this.turn;
  }

  /** The next record; `null`: there is none, or a `failure`. */
  next(): BatchRecord | null {
    for (;;) {
      const cursor = this.#cursor ?? this.#openBatch();
      if (cursor === null) return null;
      this.#cursor = cursor;
      while (cursor.next()) {
        if (cursor.offset < this.nextOffset) continue;
        this.nextOffset = offset(cursor.offset + 1);
        return cursor.record();
      }
      if (cursor.damage !== null) {
        this.#fail("CORRUPT_MESSAGE", cursor.damage.message);
        return null;
      }
      this.#endBatch();
    }
  }

  #endBatch(): void {
    this.#cursor = null;
    // Behind the last record there may be offsets of none: compaction takes them away.
    if (this.#batchEnd > this.nextOffset) this.nextOffset = this.#batchEnd;
  }

  /** The records of the next batch that has any for a program. */
  #openBatch(): Cursor | null {
    const { bytes, aborted } = this;
    while (this.failure === null && this.#at < bytes.length) {
      const at = this.#at;
      const fault = checkBatch(bytes, this.#view, at, bytes.length, clientResponseBytesMax);
      // The last batch of a response may be cut off.
      if (fault === "truncated" && at > 0) return null;
      if (fault !== null) {
        this.#fault(fault);
        return null;
      }
      const header = readHeader(this.#view, at);
      this.#at = at + header.bytes;
      this.#batchEnd = nextOffsetAt(this.#view, at);
      this.recordEpoch = header.partitionLeaderEpoch;
      this.isAppendTime = (header.attributes & attribute.logAppendTime) !== 0;
      const records = openRecords(bytes, this.#view, at);
      if (records instanceof Refusal) {
        this.#fail("CORRUPT_MESSAGE", records.message);
        return null;
      }
      if (aborted?.covers(header) !== true && !records.isControl) return records;
      if (records.isControl && records.next()) aborted?.marker(header, records.record().key);
      this.#endBatch();
    }
    return null;
  }

  #fault(fault: BatchFault): void {
    if (fault === "truncated") {
      this.#fail("MESSAGE_TOO_LARGE", "the batch is larger than what was fetched of it");
    } else if (fault === "magic") {
      const message = "the batch has a format of before Kafka 0.11";
      this.#fail("UNSUPPORTED_FOR_MESSAGE_FORMAT", message);
    } else {
      this.#fail("CORRUPT_MESSAGE", `the batch is damaged (${fault})`);
    }
  }

  #fail(code: ClientErrorCode, message: string): void {
    this.failure = new DamageError(code, this.position, this.nextOffset, message);
  }
}

/**
 * Where to fetch on behind these batches, as their headers say; `null`: one of them is not to be
 * believed, and reading will tell.
 */
export function endOfBatches(bytes: Uint8Array): Offset | null {
  const view = viewOf(bytes);
  let end: Offset | null = null;
  for (let at = 0; bytes.length - at >= batchHeaderBytes;) {
    const size = batchBytesAt(view, at);
    if (size < batchHeaderBytes || view.getInt8(at + 16) !== 2) return null;
    if (size > bytes.length - at) break;
    const next = nextOffsetAt(view, at);
    if (!Number.isSafeInteger(next) || (end !== null && next <= end)) return null;
    end = next;
    at += size;
  }
  return end;
}
