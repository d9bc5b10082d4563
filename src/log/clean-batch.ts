/**
 * One batch under compaction: which of its records stay, and the batch that is left of it. Pure.
 *
 * A record stays while it is the newest one of its key. A tombstone (a key without a value) stays
 * long enough for every consumer to see it: the first compaction that meets it writes a time into
 * its batch (the delete horizon), and one after that time drops it. Records without a key can't be
 * compacted and go, as in Kafka.
 *
 * What is left of a batch keeps its offsets, its producer, its codec and its records byte for byte:
 * only a delete horizon moves the base of their times, as KIP-534 has it. Batches of transactions
 * and their markers stay as they are: which of them count is not known here.
 *
 * Sources: Apache Kafka, `Cleaner.shouldRetainRecord`, `MemoryRecords.filterTo`; KIP-534.
 */
import type { Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import type { Steps } from "../base/steps.ts";
import { varintBytes, varlongBytes, writeVarint, writeVarlong } from "../base/varint.ts";
import { compactionStepRecords, decompressedBytesMax } from "../limits.ts";
import {
  attribute,
  batchHeaderBytes,
  type BatchHeader,
  batchPrefixBytes,
  compressionOf,
  nextOffsetAt,
  putInt64,
  readHeader,
  viewOf,
} from "../record/batch.ts";
import { compress } from "../record/compression.ts";
import { type RecordCursor, recordsOpening } from "../record/records.ts";
import type { KeyMap } from "./key-map.ts";

/** What decides. Times are milliseconds since 1970. */
export interface CleaningRules {
  readonly map: Pick<KeyMap, "newest">;
  /** The map knows nothing of the records from here on: they stay. */
  readonly mapEnd: Offset;
  readonly now: number;
  readonly deleteRetentionMs: number;
  /** The batch that ends here stays as it is: somebody knows it by its checksum. -1: none does. */
  readonly intactEnd: Offset;
  /** Whether this is the last batch of a producer that is still known: it stays, if empty. */
  readonly isLastOf: (producerId: number, baseOffset: Offset) => boolean;
}

/** `same`: all of it stays as it is. `none`: nothing does. Else its bytes, not sealed yet. */
export type CleanedBatch = "same" | "none" | Uint8Array | Refusal;

/** Counted over all batches of a run. */
export interface CleaningCounts {
  records: number;
  keptRecords: number;
  /** Records that were dropped for want of a key. */
  keylessRecords: number;
  /** Batches of transactions: an older value may hide in one, so tombstones behind it stay. */
  transactionalBatches: number;
}

/** Whether a batch belongs to a transaction, or ends one. */
export const isTransactional = (attributes: number): boolean =>
  (attributes & (attribute.control | attribute.transactional)) !== 0;

/** Times in batches stay within what two of them can be told apart by exactly. */
const horizonMax = 2 ** 51;

/**
 * Cleans the batch at `at`; what is large takes several steps, but for packing it. CORRUPT_MESSAGE:
 * its records can't be read.
 */
export function* cleanBatch(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  rules: CleaningRules,
  counts: CleaningCounts,
): Steps<CleanedBatch> {
  const header = readHeader(view, at);
  const isBeyond = header.baseOffset >= rules.mapEnd;
  const isIntact = nextOffsetAt(view, at) === rules.intactEnd;
  const isOfTransaction = isTransactional(header.attributes);
  if (isOfTransaction) counts.transactionalBatches += 1;
  if (isBeyond || isIntact || isOfTransaction) {
    counts.records += header.recordsCount;
    counts.keptRecords += header.recordsCount;
    return "same";
  }
  const isWanted = rules.isLastOf(header.producerId, header.baseOffset);
  if (header.recordsCount === 0) return isWanted ? "same" : "none";
  const records = yield* recordsOpening(bytes, view, at, decompressedBytesMax);
  if (records instanceof Refusal) return records;
  const kept = new Kept(header, rules, counts);
  for (let seen = 1; records.next(); seen++) {
    kept.look(records);
    if (seen % compactionStepRecords === 0) yield;
  }
  if (records.damage !== null) return records.damage;
  const { count, needsHorizon } = kept;
  if (count === 0) return isWanted ? emptied(bytes, at) : "none";
  if (count === header.recordsCount && !needsHorizon) return "same";
  return kept.batch(bytes.subarray(at, at + batchHeaderBytes), records.bytes);
}

/** The records of one batch that stay. */
class Kept {
  count = 0;
  /** Four numbers each: where it lies, where its tail and it end, its time. */
  readonly #places: number[] = [];
  #maxTimestamp = -1;
  #hasTombstone = false;
  #canShift = true;
  readonly #hasHorizon: boolean;
  readonly #horizon: number;

  constructor(
    private readonly header: BatchHeader,
    private readonly rules: CleaningRules,
    private readonly counts: CleaningCounts,
  ) {
    this.#hasHorizon = (header.attributes & attribute.deleteHorizon) !== 0;
    this.#horizon = this.#hasHorizon
      ? header.baseTimestamp
      : Math.min(horizonMax, rules.now + rules.deleteRetentionMs);
  }

  /** A tombstone stays that no compaction has met before. */
  get needsHorizon(): boolean {
    return this.#hasTombstone && !this.#hasHorizon && this.#canShift;
  }

  /** Takes the record at which the cursor stands, if it stays. */
  look(records: RecordCursor): void {
    this.counts.records += 1;
    if (!this.#stays(records)) return;
    const { timestamp } = records;
    this.counts.keptRecords += 1;
    this.count += 1;
    this.#places.push(records.recordFrom, records.tailFrom, records.recordTo, timestamp);
    this.#maxTimestamp = Math.max(this.#maxTimestamp, timestamp);
    // A time that is no time at all can't be told relative to another one.
    if (Math.abs(timestamp) > horizonMax) this.#canShift = false;
    if (records.valueFrom < 0) this.#hasTombstone = true;
  }

  #stays(records: RecordCursor): boolean {
    const { map, mapEnd, now } = this.rules;
    if (records.offset >= mapEnd) return true;
    if (records.keyFrom < 0) {
      this.counts.keylessRecords += 1;
      return false;
    }
    const newest = map.newest(records.bytes, records.keyFrom, records.keyTo);
    if (records.offset < newest) return false;
    // One pass may follow another within a run: what the first has marked is still to be shown.
    if (records.valueFrom >= 0 || !this.#hasHorizon || now <= this.#horizon) return true;
    return this.counts.transactionalBatches > 0;
  }

  /** The batch with what stays, under the header that it had. */
  batch(header: Uint8Array, records: Uint8Array): Uint8Array {
    const { attributes, maxTimestamp, baseTimestamp } = this.header;
    const plain = this.needsHorizon ? this.#shifted(records) : this.#joined(records);
    const codec = compressionOf(attributes);
    const body = codec === undefined || codec === "none" ? plain : compress(codec, plain);
    const batch = new Uint8Array(batchHeaderBytes + body.length);
    batch.set(header);
    batch.set(body, batchHeaderBytes);
    const view = viewOf(batch);
    const isLogAppendTime = (attributes & attribute.logAppendTime) !== 0;
    view.setInt32(8, batch.length - batchPrefixBytes);
    view.setInt16(21, this.needsHorizon ? attributes | attribute.deleteHorizon : attributes);
    putInt64(view, 27, this.needsHorizon ? this.#horizon : baseTimestamp);
    putInt64(view, 35, isLogAppendTime ? maxTimestamp : this.#maxTimestamp);
    view.setInt32(57, this.count);
    return batch;
  }

  #joined(records: Uint8Array): Uint8Array {
    const places = this.#places;
    let size = 0;
    for (let at = 0; at < places.length; at += 4) size += places[at + 2]! - places[at]!;
    const joined = new Uint8Array(size);
    let end = 0;
    for (let at = 0; at < places.length; at += 4) {
      joined.set(records.subarray(places[at], places[at + 2]), end);
      end += places[at + 2]! - places[at]!;
    }
    return joined;
  }

  /** The same, with times relative to the delete horizon. */
  #shifted(records: Uint8Array): Uint8Array {
    const places = this.#places;
    const lengthOf = (at: number): number =>
      1 + varlongBytes(places[at + 3]! - this.#horizon) + places[at + 2]! - places[at + 1]!;
    let size = 0;
    for (let at = 0; at < places.length; at += 4) size += varintBytes(lengthOf(at)) + lengthOf(at);
    const shifted = new Uint8Array(size);
    let end = 0;
    for (let at = 0; at < places.length; at += 4) {
      end = writeVarint(shifted, end, lengthOf(at));
      // The attributes of a record, which Kafka has no use for.
      shifted[end] = 0;
      end = writeVarlong(shifted, end + 1, places[at + 3]! - this.#horizon);
      shifted.set(records.subarray(places[at + 1], places[at + 2]), end);
      end += places[at + 2]! - places[at + 1]!;
    }
    return shifted;
  }
}

/** A batch without records, which tells of its producer all the same. */
function emptied(bytes: Uint8Array, at: number): Uint8Array {
  const batch = bytes.slice(at, at + batchHeaderBytes);
  const view = viewOf(batch);
  view.setInt32(8, batchHeaderBytes - batchPrefixBytes);
  view.setInt16(21, view.getInt16(21) & ~attribute.compressionMask & ~attribute.deleteHorizon);
  view.setInt32(57, 0);
  return batch;
}

/** A batch without records and without a producer: it says that nothing is left of its offsets. */
export function gapBatch(from: Offset, to: Offset, leaderEpoch: number): Uint8Array {
  const batch = new Uint8Array(batchHeaderBytes);
  const view = viewOf(batch);
  putInt64(view, 0, from);
  view.setInt32(8, batchHeaderBytes - batchPrefixBytes);
  view.setInt32(12, leaderEpoch);
  view.setInt8(16, 2);
  view.setInt32(23, to - from - 1);
  putInt64(view, 27, -1);
  putInt64(view, 35, -1);
  putInt64(view, 43, -1);
  view.setInt16(51, -1);
  view.setInt32(53, -1);
  return batch;
}
