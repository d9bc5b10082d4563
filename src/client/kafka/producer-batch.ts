/**
 * One batch of one partition, from its first record to its outcome: its bytes, and whose records
 * they are.
 *
 *     open ──close──► closed ──bytes──► built ──► (sent, and sent again) ──► settled
 *
 * Records are written into a builder, which many batches use one after another; what is sent is a
 * copy, and never written again while it may be on its way: it is made anew when its numbers
 * change.
 */
import { assert } from "../../base/assert.ts";
import { Refusal } from "../../base/refusal.ts";
import { batchBytesMax } from "../../limits.ts";
import { batchHeaderBytes, putInt64, seal, viewOf, type Compression } from "../../record/batch.ts";
import { BatchBuilder } from "../../record/builder.ts";
import { openRecords } from "../../record/records.ts";
import type { ClientError } from "./client-error.ts";
import { DeliveryError } from "./delivery-error.ts";
import type { Delivery } from "./delivery.ts";
import type { EncodedRecord } from "./producer-record.ts";
import type { BatchNumber } from "./sequences.ts";

/** Builders that wait for their next batch. */
export class BuilderPool {
  readonly #idle: BatchBuilder[] = [];

  take(bytesMax: number): BatchBuilder {
    const builder = this.#idle.pop() ?? new BatchBuilder();
    builder.bytesMax = bytesMax;
    return builder;
  }

  /** Takes an empty one back. */
  give(builder: BatchBuilder): void {
    if (this.#idle.length < idleBuildersMax) this.#idle.push(builder);
  }
}

/** Each keeps the memory of a batch. */
const idleBuildersMax = 16;

/** Records of one call that follow one another in the batch. */
interface Run {
  readonly delivery: Delivery;
  /** The place of the first one in its call, and its own timestamp. */
  readonly index: number;
  readonly timestamp: number;
  count: number;
}

export interface BatchParts {
  readonly topic: string;
  readonly partition: number;
  readonly compression: Compression;
  readonly builders: BuilderPool;
  /** Of the monotonic clock: then its callers are told that it was not delivered. */
  readonly deadline: number;
  /** Of the monotonic clock: until then it waits for more records. */
  readonly lingersUntil: number;
}

/** Why a broker refused some of the records: by their place in the batch (KIP-467). */
export type RecordErrors = ReadonlyMap<number, string>;

/** See the head of this file. */
export class ProducerBatch {
  recordsCount = 0;
  /** Bytes of the producer's buffer that its records hold. */
  heldBytes = 0;
  /** Its numbers, once it has them; only for an idempotent producer. */
  number: BatchNumber | null = null;
  /** Its place among all batches that its queue has numbered. */
  ordinal = -1;
  isInFlight = false;
  /** The attempt under way has found a connection: the broker may see it. */
  isOut = false;
  /** Its callers know how it ended. */
  isSettled = false;
  /** An attempt that was out had no clear answer. */
  mayBeStored = false;
  /** How often it has failed, and why it did so last. */
  failures = 0;
  trouble: ClientError | null = null;
  /** Of the monotonic clock: not sent again before. */
  resumesAt = -Infinity;

  #isClosed = false;
  /** Until it is built. */
  #builder: BatchBuilder | null;
  /** From then on, and the numbers that they were built with. */
  #bytes: Uint8Array | null = null;
  #builtNumber: BatchNumber | null = null;
  readonly #runs: Run[] = [];

  /** @param bytesMax of the batch, not packed */
  constructor(
    private readonly parts: BatchParts,
    bytesMax: number,
  ) {
    this.#builder = parts.builders.take(bytesMax);
  }

  get deadline(): number {
    return this.parts.deadline;
  }

  get lingersUntil(): number {
    return this.parts.lingersUntil;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What it takes in a request, or would if it were not packed. */
  get bytes(): number {
    return this.#bytes?.length ?? this.#builder?.bytes ?? 0;
  }

  /**
   * Appends a record; false if there is no room.
   * @param index its place in its call
   */
  append(record: EncodedRecord, delivery: Delivery, index: number): boolean {
    assert(!this.#isClosed && this.#builder !== null, "append: it is open");
    if (!this.#builder.append(record)) return false;
    this.recordsCount += 1;
    this.heldBytes += record.bytes;
    const last = this.#runs.at(-1);
    if (last?.delivery === delivery && last.index + last.count === index) last.count += 1;
    else this.#runs.push({ delivery, index, timestamp: record.timestamp, count: 1 });
    return true;
  }

  /** Takes no more records. */
  close(): void {
    this.#isClosed = true;
  }

  /** Its bytes with its numbers. They never change. */
  built(): Uint8Array {
    assert(this.#isClosed, "built: nothing is added any more");
    const { number, parts } = this;
    const builder = this.#builder;
    if (builder !== null) {
      const { compression } = parts;
      this.#bytes = builder.build({ compression, ...number });
      this.#dropBuilder();
    } else if (number !== this.#builtNumber) {
      assert(this.#bytes !== null, "built: what has no builder has bytes");
      this.#bytes = renumbered(this.#bytes, number);
    }
    this.#builtNumber = number;
    assert(this.#bytes !== null, "built: there are bytes");
    return this.#bytes;
  }

  /**
   * Its records are stored.
   * @param baseOffset of the first, -1: not known
   * @param logAppendTimeMs -1: the records keep their own timestamps
   */
  succeed(baseOffset: number, logAppendTimeMs: number): void {
    if (this.isSettled) return;
    this.isSettled = true;
    const { topic, partition } = this.parts;
    let at = 0;
    for (const { delivery, timestamp, count } of this.#runs) {
      const offset = baseOffset < 0 ? -1 : baseOffset + at;
      const time = logAppendTimeMs < 0 ? timestamp : logAppendTimeMs;
      delivery.delivered(count, topic, partition, offset, time);
      at += count;
    }
  }

  /** They are given up. */
  fail(error: ClientError, mayBeStored: boolean, recordErrors: RecordErrors = noErrors): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.close();
    this.#dropBuilder();
    const { topic, partition } = this.parts;
    const place = { topic, partition, mayBeStored };
    const where = partition < 0 ? topic : `${topic}/${partition}`;
    const records = this.recordsCount === 1 ? "record" : `${this.recordsCount} records`;
    const message = `${records} for ${where}: ${error.message}`;
    const common = new DeliveryError(error.code, message, place);
    let at = 0;
    for (const { delivery, index, count } of this.#runs) {
      const refused = firstWithin(recordErrors, at, count);
      if (refused === null) {
        delivery.failed(count, index, common);
      } else {
        const words = `record for ${where}: ${recordErrors.get(refused) || error.message}`;
        const own = new DeliveryError(error.code, words, place);
        delivery.failed(count, index + refused - at, own);
      }
      at += count;
    }
  }

  /** Two batches with its records, in their order, and its numbers. It has two records or more. */
  split(): [ProducerBatch, ProducerBatch] {
    assert(this.recordsCount > 1, "split: there are two to part");
    const bytes = this.built();
    const records = openRecords(bytes, viewOf(bytes), 0);
    assert(!(records instanceof Refusal), "split: a batch of our own can be opened");
    const first = new ProducerBatch(this.parts, batchBytesMax);
    const second = new ProducerBatch(this.parts, batchBytesMax);
    const half = this.recordsCount >> 1;
    const share = Math.floor(this.heldBytes / this.recordsCount);
    let at = 0;
    for (const { delivery, index, count } of this.#runs) {
      for (let place = 0; place < count; place++, at++) {
        assert(records.next(), "split: as many records as went in");
        const { timestamp, key, value, headers } = records.record();
        const { topic, partition } = this.parts;
        const record = { topic, partition, timestamp, key, value, headers, bytes: share };
        const part = at < half ? first : second;
        const appended = part.append(record, delivery, index + place);
        assert(appended, "split: a half is smaller than the whole");
      }
    }
    second.heldBytes += this.heldBytes - first.heldBytes - second.heldBytes;
    first.close();
    second.close();
    return [first, second];
  }

  #dropBuilder(): void {
    if (this.#builder === null) return;
    if (this.#builder.recordsCount > 0) this.#builder.clear();
    this.parts.builders.give(this.#builder);
    this.#builder = null;
  }
}

const noErrors: RecordErrors = new Map();

/** The first place of `errors` in [from, from + count). */
function firstWithin(errors: RecordErrors, from: number, count: number): number | null {
  if (errors.size === 0) return null;
  for (let at = from; at < from + count; at++) if (errors.has(at)) return at;
  return null;
}

/** A copy with other numbers; see record/batch.ts for the fields. */
function renumbered(built: Uint8Array, number: BatchNumber | null): Uint8Array {
  const bytes = built.slice();
  assert(bytes.length > batchHeaderBytes, "renumbered: a whole batch");
  const view = viewOf(bytes);
  putInt64(view, 43, number?.producerId ?? -1);
  view.setInt16(51, number?.producerEpoch ?? -1);
  view.setInt32(53, number?.baseSequence ?? -1);
  seal(bytes, view, 0);
  return bytes;
}
