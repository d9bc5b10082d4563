/**
 * What one idempotent producer may send next to one partition: the rules of sequence numbers, as
 * functions of what is remembered of it. Pure.
 *
 * A producer numbers its records in each partition, from 0 on, and goes on at 0 after 2^31 - 1.
 * Of each producer the last five batches are remembered, because it may have five requests under
 * way: whichever of them comes again, because its answer was lost, is answered with the offset that
 * it got the first time.
 *
 * Sources: KIP-98, KIP-360; Apache Kafka, `ProducerAppendInfo`, `ProducerStateEntry`.
 */
import type { Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import { producerBatchesRetained } from "../limits.ts";
import type { BatchHeader } from "../record/batch.ts";
import { isAfter, sequenceAfter } from "../record/sequence.ts";

/** A batch that a producer has numbered. */
export type SequencedBatch = Pick<
  BatchHeader,
  "producerId" | "producerEpoch" | "baseSequence" | "lastOffsetDelta"
>;

/** A batch that was appended. */
export interface RetainedBatch {
  readonly baseSequence: number;
  /** Of its last record. */
  readonly lastSequence: number;
  readonly baseOffset: Offset;
  /** The offset after its last record. */
  readonly nextOffset: Offset;
  /** Of its newest record; milliseconds since 1970. */
  readonly timestamp: number;
}

/** What is remembered of a producer. */
export interface ProducerEntry {
  readonly producerEpoch: number;
  /** All of this epoch, the newest last; at least one. */
  readonly batches: readonly RetainedBatch[];
}

/**
 * The first batch of an unknown producer that could not be stored, and has to come again, or one
 * before it: else the next one, already on its way, would be taken for the first and change places
 * with it.
 */
export interface AwaitedBatch {
  readonly producerEpoch: number;
  readonly baseSequence: number;
}

/** `next`: to be appended. A batch: this one was appended before, and is here again. */
export type Verdict = "next" | RetainedBatch | Refusal;

/** The number of the batch's last record. */
const lastSequenceOf = (batch: SequencedBatch): number =>
  sequenceAfter(batch.baseSequence, batch.lastOffsetDelta);

/**
 * Judges a batch of a producer with an id.
 * INVALID_PRODUCER_EPOCH: a newer one of the same id has been here.
 * OUT_OF_ORDER_SEQUENCE_NUMBER: something is missing before it, or it is older than what is
 * remembered.
 * @param entry `null`: nothing is remembered, and any sequence will do, since the records that
 *   would tell may have been deleted
 */
export function judge(
  entry: ProducerEntry | null,
  awaited: AwaitedBatch | null,
  batch: SequencedBatch,
): Verdict {
  const { producerEpoch: epoch, baseSequence } = batch;
  const known = entry ?? awaited;
  if (known === null) return "next";
  if (epoch < known.producerEpoch) return staleEpoch(batch, known.producerEpoch);
  if (epoch > known.producerEpoch) return baseSequence === 0 ? "next" : outOfOrder(batch, 0);
  const last = entry?.batches.at(-1);
  if (entry === null || last === undefined) {
    const first = awaited?.baseSequence ?? baseSequence;
    return isAfter(baseSequence, first) ? outOfOrder(batch, first) : "next";
  }
  const lastSequence = lastSequenceOf(batch);
  const duplicate = entry.batches.find(
    (one) => one.baseSequence === baseSequence && one.lastSequence === lastSequence,
  );
  if (duplicate !== undefined) return duplicate;
  const expected = sequenceAfter(last.lastSequence, 1);
  return baseSequence === expected ? "next" : outOfOrder(batch, expected);
}

/** What is remembered once the batch has been appended. */
export function entryAfter(
  entry: ProducerEntry | null,
  batch: SequencedBatch,
  baseOffset: Offset,
  nextOffset: Offset,
  timestamp: number,
): ProducerEntry {
  const { producerEpoch, baseSequence } = batch;
  const lastSequence = lastSequenceOf(batch);
  const appended = { baseSequence, lastSequence, baseOffset, nextOffset, timestamp };
  const before = entry?.producerEpoch === producerEpoch ? entry.batches : [];
  return { producerEpoch, batches: [...before.slice(1 - producerBatchesRetained), appended] };
}

const staleEpoch = ({ producerId, producerEpoch }: SequencedBatch, current: number): Refusal =>
  new Refusal(
    "INVALID_PRODUCER_EPOCH",
    `producer ${producerId} has epoch ${producerEpoch}, and ${current} has been here`,
  );

const outOfOrder = (batch: SequencedBatch, expected: number): Refusal =>
  new Refusal(
    "OUT_OF_ORDER_SEQUENCE_NUMBER",
    `producer ${batch.producerId}, epoch ${batch.producerEpoch}, sends sequence ` +
      `${batch.baseSequence} where ${expected} comes next`,
  );
