/**
 * The file `producers` of a partition: which idempotent producers had sent what, up to some offset
 * of the log, so that a start need only read the log behind it. Derived data: missing, damaged or
 * of another log, it is made anew from the whole log. All numbers are big endian.
 *
 *      0  magic          uint32  "OBPR"
 *      4  version        uint16  1
 *      6  0              uint16
 *      8  offset         int64   all that is before it in the log is in here
 *     16  hasBatchCheck  uint32  1, or 0 where the log held nothing before `offset`
 *     20  batchCheck     uint32  the checksum of the batch that ends at `offset`: a log which has
 *                                another one there is not the log that this was written for
 *     24  count          uint32  producers, each
 *           0  producerId     int64
 *           8  producerEpoch  int16
 *          10  batches        uint16  1 to 5, each, the oldest first
 *                0  baseSequence     int32
 *                4  lastOffsetDelta  int32
 *                8  baseOffset       int64
 *               16  timestamp        int64   the newest record's, milliseconds since 1970
 *         check          uint32  CRC-32C of all that is before it
 */
import { crc32c } from "../base/crc32c.ts";
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError, type Disk } from "../disk/disk.ts";
import { producerBatchesRetained } from "../limits.ts";
import { int64At, putInt64, viewOf } from "../record/batch.ts";
import { sequenceAfter } from "../record/sequence.ts";
import type { ProducerEntry, RetainedBatch } from "./producer-sequence.ts";

/** What is in the file. */
export interface ProducerSnapshot {
  readonly offset: Offset;
  /** `null`: the log held nothing before `offset`. */
  readonly batchCheck: number | null;
  /** By producer id. */
  readonly entries: ReadonlyMap<number, ProducerEntry>;
}

const magic = 0x4f_42_50_52;
const version = 1;
const headerBytes = 28;
const producerBytes = 12;
const batchBytes = 24;
const checkBytes = 4;

export function encodeProducers(snapshot: ProducerSnapshot): Uint8Array {
  const { entries, batchCheck } = snapshot;
  let size = headerBytes + entries.size * producerBytes + checkBytes;
  for (const { batches } of entries.values()) size += batches.length * batchBytes;
  const bytes = new Uint8Array(size);
  const view = viewOf(bytes);
  view.setUint32(0, magic);
  view.setUint16(4, version);
  putInt64(view, 8, snapshot.offset);
  view.setUint32(16, batchCheck === null ? 0 : 1);
  view.setUint32(20, batchCheck ?? 0);
  view.setUint32(24, entries.size);
  let at = headerBytes;
  for (const [producerId, { producerEpoch, batches }] of entries) {
    putInt64(view, at, producerId);
    view.setInt16(at + 8, producerEpoch);
    view.setUint16(at + 10, batches.length);
    at += producerBytes;
    for (const batch of batches) {
      view.setInt32(at, batch.baseSequence);
      view.setInt32(at + 4, batch.nextOffset - batch.baseOffset - 1);
      putInt64(view, at + 8, batch.baseOffset);
      putInt64(view, at + 16, batch.timestamp);
      at += batchBytes;
    }
  }
  view.setUint32(at, crc32c(bytes, 0, at));
  return bytes;
}

/** Reads the file; `null` if it is damaged, or of a version that is not known. */
export function decodeProducers(bytes: Uint8Array): ProducerSnapshot | null {
  const end = bytes.length - checkBytes;
  if (end < headerBytes) return null;
  const view = viewOf(bytes);
  if (view.getUint32(0) !== magic || view.getUint16(4) !== version) return null;
  if (view.getUint32(end) !== crc32c(bytes, 0, end)) return null;
  const entries = new Map<number, ProducerEntry>();
  let at = headerBytes;
  for (let left = view.getUint32(24); left > 0; left--) {
    if (at + producerBytes > end) return null;
    const count = view.getUint16(at + 10);
    const next = at + producerBytes + count * batchBytes;
    if (count < 1 || count > producerBatchesRetained || next > end) return null;
    const batches = Array.from({ length: count }, (_, index) =>
      batchAt(view, at + producerBytes + index * batchBytes),
    );
    entries.set(int64At(view, at), { producerEpoch: view.getInt16(at + 8), batches });
    at = next;
  }
  if (at !== end) return null;
  const batchCheck = view.getUint32(16) === 0 ? null : view.getUint32(20);
  return { offset: offset(int64At(view, 8)), batchCheck, entries };
}

function batchAt(view: DataView, at: number): RetainedBatch {
  const baseSequence = view.getInt32(at);
  const lastOffsetDelta = view.getInt32(at + 4);
  const baseOffset = int64At(view, at + 8);
  return {
    baseSequence,
    lastSequence: sequenceAfter(baseSequence, lastOffsetDelta),
    baseOffset: offset(baseOffset),
    nextOffset: offset(baseOffset + lastOffsetDelta + 1),
    timestamp: int64At(view, at + 16),
  };
}

/** Where a partition's snapshot is kept. */
export interface ProducerStore {
  /** `null`: there is none. */
  read(): Promise<Uint8Array | null | Refusal>;
  /** Replaces it as a whole, durably. */
  write(bytes: Uint8Array): Promise<Refusal | null>;
}

/** The file at `path`. */
export function producerFile(disk: Disk, path: string): ProducerStore {
  return {
    read: async () => await answered(disk.readWhole(path)),
    write: async (bytes) => {
      const written = await answered(disk.writeWhole(path, bytes));
      return written instanceof Refusal ? written : null;
    },
  };
}

async function answered<T>(work: Promise<T>): Promise<T | null | Refusal> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    if (error.kind === "missing") return null;
    return new Refusal("KAFKA_STORAGE_ERROR", error.message);
  }
}
