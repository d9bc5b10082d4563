/**
 * Knowing the idempotent producers of a partition again: from its snapshot, and from the log behind
 * it. What is told is what was acknowledged: the log is read up to its visible end.
 */
import { offset, type Offset } from "../base/brands.ts";
import type { Logger } from "../base/logger.ts";
import { Refusal } from "../base/refusal.ts";
import { producerTailReadBytes } from "../limits.ts";
import type { PartitionLog } from "../log/log.ts";
import { batchBytesAt, nextOffsetAt, producerIdAt, readHeader, viewOf } from "../record/batch.ts";
import { entryAfter, type ProducerEntry } from "./producer-sequence.ts";
import { decodeProducers, type ProducerSnapshot, type ProducerStore } from "./producer-snapshot.ts";

type ReadableLog = Pick<PartitionLog, "startOffset" | "visibleOffset" | "read">;

/** The producers by id, and how far the snapshot told of them. */
export interface RecoveredProducers {
  readonly entries: Map<number, ProducerEntry>;
  /** Bytes of the log that were read. */
  readonly readBytes: number;
  /** Where the snapshot ended that was believed; `null`: there was none. */
  readonly snapshotEnd: Offset | null;
}

/**
 * Reads what there is. Damage in the log is passed over: what it held can't be known. Refuses if
 * the log can't be read.
 */
export async function recoverProducers(
  log: ReadableLog,
  store: ProducerStore,
  logger: Logger,
): Promise<RecoveredProducers | Refusal> {
  const snapshot = await usableSnapshot(log, store, logger);
  const entries = new Map(snapshot?.entries);
  const end = log.visibleOffset;
  let at = snapshot?.offset ?? log.startOffset;
  let readBytes = 0;
  while (at < end) {
    // The log may be trimmed meanwhile.
    const from = at < log.startOffset ? log.startOffset : at;
    const read = await log.read(from, producerTailReadBytes);
    if (read instanceof Refusal) {
      const next = resumeAt(read, log);
      if (next === null || next <= at) return read;
      at = next;
      continue;
    }
    for (const chunk of read.chunks) noteBatches(entries, chunk);
    readBytes += read.bytes;
    if (read.nextOffset <= at) break;
    at = read.nextOffset;
  }
  return { entries, readBytes, snapshotEnd: snapshot?.offset ?? null };
}

/** The checksum of the batch that ends at `end`; `null`: none does. Refuses if it can't be read. */
export async function checkEndingAt(
  log: ReadableLog,
  end: Offset,
): Promise<number | null | Refusal> {
  if (end <= log.startOffset) return null;
  const read = await log.read(offset(end - 1), 1);
  if (read instanceof Refusal) return read;
  const [chunk] = read.chunks;
  if (chunk === undefined || read.nextOffset !== end) return null;
  return readHeader(viewOf(chunk), 0).crc;
}

/** The snapshot, if it was written for this log and for no more than is in it. */
async function usableSnapshot(
  log: ReadableLog,
  store: ProducerStore,
  logger: Logger,
): Promise<ProducerSnapshot | null> {
  const bytes = await store.read();
  if (bytes === null) return null;
  const snapshot = bytes instanceof Refusal ? null : decodeProducers(bytes);
  const fault =
    bytes instanceof Refusal ? bytes.message : await snapshotFault(log, snapshot ?? null);
  if (fault === null) return snapshot;
  logger.warn("producers are read from the whole log", { reason: fault });
  return null;
}

async function snapshotFault(
  log: ReadableLog,
  snapshot: ProducerSnapshot | null,
): Promise<string | null> {
  if (snapshot === null) return "what was kept of them is damaged";
  if (snapshot.offset > log.visibleOffset) return "what was kept of them is of a longer log";
  // Where the records before it were deleted, or are damaged, nothing contradicts it.
  if (snapshot.offset <= log.startOffset) return null;
  const check = await checkEndingAt(log, snapshot.offset);
  if (check instanceof Refusal || check === snapshot.batchCheck) return null;
  return "what was kept of them is of another log";
}

/** Where to go on after a refusal; `null`: it does not say. */
const resumeAt = (refusal: Refusal, log: ReadableLog): Offset | null =>
  refusal.code === "OFFSET_OUT_OF_RANGE" ? log.startOffset : (refusal.resumeAt ?? null);

function noteBatches(entries: Map<number, ProducerEntry>, chunk: Uint8Array): void {
  const view = viewOf(chunk);
  for (let at = 0; at < chunk.length; at += batchBytesAt(view, at)) {
    if (producerIdAt(view, at) < 0) continue;
    const batch = readHeader(view, at);
    if (batch.baseSequence < 0) continue;
    const known = entries.get(batch.producerId) ?? null;
    const next = nextOffsetAt(view, at);
    const entry = entryAfter(known, batch, batch.baseOffset, next, batch.maxTimestamp);
    entries.set(batch.producerId, entry);
  }
}
