/**
 * What a consumer that reads old records will ask for next: while it looks at one answer, the
 * following one is read from the disk and checked. Without that, consumer and disk wait for one
 * another by turns.
 *
 * - One piece for a connection, and only behind an answer with records of one partition alone: who
 *   reads several by turns might not come back to this one for long.
 * - Never more than an answer of the usual size: for larger ones the wait does not matter.
 * - A piece is dropped when it was not asked for in time, and none is read while all connections
 *   together have read their share ahead.
 *
 * Invariant: what the piece holds is taken of the budget from the beginning of its read until it
 * is handed over or dropped.
 */
import type { Offset } from "../base/brands.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import { Refusal } from "../base/refusal.ts";
import type { Partition } from "../broker/broker.ts";
import { kafkaReadAheadMs, kafkaReadAheadPieceBytesMax } from "../limits.ts";
import type { FetchBudget } from "./fetch-budget.ts";

type Read = Awaited<ReturnType<Partition["read"]>>;

/** What it needs of a partition. */
export type AheadPartition = Pick<Partition, "highWatermark" | "watermarks" | "read">;

/** Where reading is to go on. */
export interface NextRead {
  readonly partition: AheadPartition;
  readonly from: Offset;
  readonly bytesMax: number;
}

interface Piece extends NextRead {
  /** The partition's end when it was read; what reaches it may have been cut short by it. */
  readonly end: Offset;
  readonly read: Promise<Read>;
  /** Taken of the budget; what was found, once that is known: a batch may be larger than asked. */
  held: number;
}

/** See the head of this file. */
export class ReadAhead {
  #piece: Piece | null = null;
  #expiring: Cancel | null = null;
  #hasEnded = false;

  /** @param budget what all connections together may read ahead */
  constructor(
    private readonly budget: FetchBudget,
    private readonly clock: Clock,
  ) {}

  /** Begins to read what comes next, if that is on the disk. */
  begin({ partition, from, bytesMax }: NextRead): void {
    this.drop();
    if (this.#hasEnded) return;
    const end = partition.highWatermark;
    if (from >= end || bytesMax > kafkaReadAheadPieceBytesMax) return;
    if (this.budget.grant(bytesMax) < bytesMax) return;
    const read = partition.read(from, bytesMax);
    if (!(read instanceof Promise)) return letGo(read);
    this.budget.take(bytesMax);
    const piece: Piece = { partition, from, bytesMax, end, read, held: bytesMax };
    this.#piece = piece;
    this.#expiring = this.clock.after(kafkaReadAheadMs, () => this.drop());
    void read.then((found) => {
      if (this.#piece !== piece) return;
      const bytes = found instanceof Refusal ? 0 : found.bytes;
      this.budget.take(bytes - piece.held);
      piece.held = bytes;
    });
  }

  /**
   * Hands over what was read ahead from this place, as the partition itself would answer; `null`:
   * nothing was. The caller lets go of it.
   */
  take({ partition, from, bytesMax }: NextRead): Promise<Read> | null {
    const piece = this.#piece;
    if (piece === null || piece.partition !== partition || piece.from !== from) return null;
    const isFit = piece.bytesMax === bytesMax && from >= partition.watermarks.startOffset;
    if (!isFit) return null;
    this.#forget(piece);
    return piece.read.then((found) => {
      if (!(found instanceof Refusal) && found.nextOffset < piece.end) return found;
      letGo(found);
      return partition.read(from, bytesMax);
    });
  }

  /** Nobody will ask for it. */
  drop(): void {
    const piece = this.#piece;
    if (piece === null) return;
    this.#forget(piece);
    void piece.read.then(letGo);
  }

  /** The connection is gone. */
  end(): void {
    this.#hasEnded = true;
    this.drop();
  }

  #forget({ held }: Piece): void {
    this.#piece = null;
    this.#expiring?.();
    this.#expiring = null;
    this.budget.give(held);
  }
}

function letGo(read: Read): void {
  if (read instanceof Refusal) return;
  for (const memory of read.memories) memory.letGo();
}
