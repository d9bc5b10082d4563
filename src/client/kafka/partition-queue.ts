/**
 * The batches of one partition that are not over, the oldest first, and which of them may go now.
 *
 *     [ numbered: in flight, or to be sent again ][ closed ][ open ]
 *
 * Invariants:
 * - numbered batches come before the others, their numbers following one another;
 * - what is numbered behind a gap is numbered anew, once all before the gap is over;
 * - a numbered batch is sent again only as the first of all, so that one that failed is never
 *   overtaken; a new one only while none waits to be sent again (Kafka's `Sender`);
 * - from the oldest numbered batch on, no more were numbered than a broker remembers, so that it
 *   still knows that one when it comes again;
 * - a batch whose callers were told that its time is over stays while it is in flight: what comes
 *   after it depends on whether it was stored.
 *
 * Without numbers (a producer that is not idempotent) the first batch that is not in flight goes;
 * then order over failures is kept only where one request is in flight at a time.
 */
import { assert } from "../../base/assert.ts";
import { producerBatchesRetained } from "../../limits.ts";
import { sequenceAfter } from "../../record/sequence.ts";
import type { ClientError } from "./client-error.ts";
import type { Delivery } from "./delivery.ts";
import type { ProducerBatch } from "./producer-batch.ts";
import type { EncodedRecord } from "./producer-record.ts";
import { judge, mayBeStored, type ProduceOutcome } from "./produce-outcome.ts";
import type { Sequences } from "./sequences.ts";

/** What a queue needs of its surroundings. */
export interface QueueParts {
  readonly topic: string;
  readonly partition: number;
  /** `null`: its batches have no numbers. */
  readonly sequences: Sequences | null;
  /** A batch whose first record will be this one. */
  readonly newBatch: (queue: PartitionQueue, record: EncodedRecord, d: Delivery) => ProducerBatch;
  /** A batch takes no more records. */
  readonly closed: (queue: PartitionQueue) => void;
  /** A batch is over, and what it held of the buffer is free. */
  readonly released: (heldBytes: number) => void;
}

/** Makes what callers are told whose time is over: from what went wrong last, if anything did. */
export type LateError = (trouble: ClientError | null, wasSent: boolean) => ClientError;

/** See the head of this file. */
export class PartitionQueue {
  readonly #batches: ProducerBatch[] = [];
  #inFlight = 0;
  /** Batches that were ever numbered; an `ordinal` is one of these. */
  #numberedCount = 0;
  /**
   * So many of the first batches have numbers that follow on what the broker has; those behind
   * them come after a gap. `Infinity`: there is no gap.
   */
  #soundCount = Infinity;

  constructor(private readonly parts: QueueParts) {}

  get topic(): string {
    return this.parts.topic;
  }

  get partition(): number {
    return this.parts.partition;
  }

  get sequences(): Sequences | null {
    return this.parts.sequences;
  }

  get isEmpty(): boolean {
    return this.#batches.length === 0;
  }

  /** Batches that are not over. */
  get length(): number {
    return this.#batches.length;
  }

  /** The first batch is to be sent again. */
  get hasFailed(): boolean {
    const first = this.#batches[0];
    return first !== undefined && !first.isInFlight && first.failures > 0;
  }

  /** When the first batch's time is over whose callers wait; `Infinity`: nobody waits. */
  get deadline(): number {
    return this.#batches.find(({ isSettled }) => !isSettled)?.deadline ?? Infinity;
  }

  append(record: EncodedRecord, delivery: Delivery, index: number): void {
    const open = this.#batches.at(-1);
    if (open !== undefined && !open.isClosed) {
      if (open.append(record, delivery, index)) return;
      this.#close(open);
    }
    const batch = this.parts.newBatch(this, record, delivery);
    const appended = batch.append(record, delivery, index);
    assert(appended, "append: the first record always fits");
    this.#batches.push(batch);
  }

  /**
   * The batch that may go now; or else when to ask again unless something happens before,
   * `Infinity`: not by itself.
   * @param hurries nobody waits for more records
   */
  next(now: number, hurries: boolean): ProducerBatch | number {
    const { sequences } = this.parts;
    for (const batch of this.#batches) {
      if (batch.isInFlight) continue;
      if (batch.number !== null) {
        if (batch !== this.#batches[0]) return Infinity;
        // What is to be numbered anew waits until nothing is under way.
        if (this.#soundCount === 0) return Infinity;
      } else if (sequences !== null) {
        const isFar = this.#numberedCount - this.#firstOrdinal >= producerBatchesRetained;
        if (isFar || !sequences.takesNew(this.#inFlight > 0)) return Infinity;
      }
      if (batch.resumesAt > now) return batch.resumesAt;
      if (!batch.isClosed && !hurries && batch.lingersUntil > now) return batch.lingersUntil;
      return batch;
    }
    return Infinity;
  }

  /**
   * Gives up the numbers of what comes after a gap, once nothing is under way and all before the
   * gap is over, which may be stored under its old numbers. First of all, before anything is to go.
   */
  mend(): void {
    const { sequences } = this.parts;
    if (sequences === null || this.#inFlight > 0) return;
    const isAnythingNumbered = (this.#batches[0]?.number ?? null) !== null;
    // If what is numbered follows on a batch that may be stored, the broker will say so.
    const isDoubtful = sequences.isUnresolved && !isAnythingNumbered;
    if (this.#soundCount > 0 && !isDoubtful) return;
    sequences.restart();
    this.#soundCount = Infinity;
    for (const batch of this.#batches) batch.number = null;
  }

  /** The batch goes: what it is as bytes. */
  take(batch: ProducerBatch): Uint8Array {
    const { sequences } = this.parts;
    if (!batch.isClosed) this.#close(batch);
    if (sequences !== null && batch.number === null) {
      batch.number = sequences.assign(batch.recordsCount);
      batch.ordinal = this.#numberedCount++;
    }
    batch.isInFlight = true;
    this.#inFlight += 1;
    return batch.built();
  }

  /**
   * It came to this.
   * @param resumesAt of the monotonic clock: when it may go again if it may
   */
  answered(batch: ProducerBatch, outcome: ProduceOutcome, now: number, resumesAt: number): void {
    const { sequences } = this.parts;
    const { isOut } = batch;
    batch.isInFlight = false;
    batch.isOut = false;
    this.#inFlight -= 1;
    const { error } = outcome;
    const verdict = judge(error);
    if (error === null || verdict === "stored") {
      if (batch.number !== null) sequences?.stored();
      batch.succeed(outcome.baseOffset, outcome.logAppendTimeMs);
      this.#remove(batch);
      return;
    }
    if (isOut && mayBeStored(error)) batch.mayBeStored = true;
    batch.trouble = error;
    batch.failures += 1;
    batch.resumesAt = resumesAt;
    if (batch.isSettled) {
      this.#giveUp(batch, error);
    } else if (verdict === "too large" && batch.recordsCount > 1 && !batch.mayBeStored) {
      this.#split(batch);
    } else if (verdict === "gap" && batch.number !== null) {
      // Not the first: one before it failed, and it waits for that one without a pause.
      if (batch === this.#batches[0]) this.#breakAt(0);
      else batch.resumesAt = now;
    } else if (verdict !== "again") {
      this.#giveUp(batch, error, outcome);
    }
  }

  /** Tells callers whose time is over. */
  expire(now: number, error: LateError): void {
    const first = this.#batches[0];
    if (first === undefined || first.deadline > now) return;
    for (const batch of [...this.#batches]) {
      if (batch.deadline > now) return;
      if (batch.isSettled) continue;
      this.#end(batch, error(batch.trouble, batch.mayBeStored || batch.isOut));
    }
  }

  /** Gives up everything; what is in flight may still be stored. */
  failAll(error: ClientError): void {
    for (const batch of [...this.#batches]) if (!batch.isSettled) this.#end(batch, error);
  }

  /** Of the oldest batch that is numbered, or else of the next one that will be. */
  get #firstOrdinal(): number {
    const first = this.#batches[0];
    return first === undefined || first.number === null ? this.#numberedCount : first.ordinal;
  }

  /** Ends a batch that was not answered. */
  #end(batch: ProducerBatch, error: ClientError): void {
    if (!batch.isClosed) this.#close(batch);
    if (batch.isInFlight) batch.fail(error, batch.mayBeStored || batch.isOut);
    else this.#giveUp(batch, error);
  }

  #giveUp(batch: ProducerBatch, error: ClientError, outcome?: ProduceOutcome): void {
    if (batch.number !== null) {
      if (batch.mayBeStored) this.parts.sequences?.doubt();
      else this.#breakAt(this.#batches.indexOf(batch));
    }
    batch.fail(error, batch.mayBeStored, outcome?.recordErrors);
    this.#remove(batch);
  }

  /** The batch there, or what should have been, is not stored and won't be. */
  #breakAt(index: number): void {
    this.#soundCount = Math.min(this.#soundCount, index);
    this.parts.sequences?.break();
  }

  #close(batch: ProducerBatch): void {
    batch.close();
    this.parts.closed(this);
  }

  #remove(batch: ProducerBatch): void {
    const at = this.#batches.indexOf(batch);
    assert(at >= 0, "remove: it is here");
    this.#batches.splice(at, 1);
    if (at < this.#soundCount) this.#soundCount -= 1;
    this.parts.released(batch.heldBytes);
  }

  /** Halves take the place and the numbers of the whole, which the broker has refused. */
  #split(batch: ProducerBatch): void {
    const [first, second] = batch.split();
    const { number } = batch;
    if (number !== null) {
      const baseSequence = sequenceAfter(number.baseSequence, first.recordsCount);
      first.number = number;
      first.ordinal = batch.ordinal;
      second.number = { ...number, baseSequence };
      second.ordinal = batch.ordinal;
    }
    const at = this.#batches.indexOf(batch);
    this.#batches.splice(at, 1, first, second);
    if (at < this.#soundCount) this.#soundCount += 1;
  }
}
