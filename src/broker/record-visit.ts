/**
 * Records of a partition, one after another, for whoever wants to look at them: lag, reading over
 * HTTP, the console. Batches are opened where they lie, and a caller stops whenever it has enough.
 */
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import { batchBytesAt, viewOf } from "../record/batch.ts";
import { type BatchRecord, openRecords } from "../record/records.ts";
import type { Partition } from "./broker.ts";

/** One record, not yet a value: `timestamp` is cheap, `record()` makes an object. */
export interface VisitedRecord {
  readonly offset: Offset;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** Views of the log's memory: never store into them. */
  record(): BatchRecord;
}

/** How a visit ended. */
export interface Visited {
  /** Where to read on. */
  readonly nextOffset: Offset;
  /** Bytes of the batches that were looked at. */
  readonly bytes: number;
  /** The visitor wanted no more. */
  readonly isStopped: boolean;
}

/**
 * Reads once, from `from` on, about `bytesMax` and at least one batch, and shows each record to
 * `visit` until it says false. Nothing at the end. Refuses as `Partition.read` does;
 * CORRUPT_MESSAGE for a batch that can't be opened.
 */
export async function visitRecords(
  partition: Pick<Partition, "read">,
  from: Offset,
  bytesMax: number,
  visit: (record: VisitedRecord) => boolean,
): Promise<Visited | Refusal> {
  const read = await partition.read(from, bytesMax);
  if (read instanceof Refusal) return read;
  let bytes = 0;
  for (const chunk of read.chunks) {
    const view = viewOf(chunk);
    for (let at = 0; at < chunk.length; at += batchBytesAt(view, at)) {
      bytes += batchBytesAt(view, at);
      const records = openRecords(chunk, view, at);
      if (records instanceof Refusal) return records;
      while (records.next()) {
        if (records.isControl || records.offset < from) continue;
        if (!visit(records)) {
          return { nextOffset: offset(records.offset + 1), bytes, isStopped: true };
        }
      }
      if (records.damage !== null) return records.damage;
    }
  }
  return { nextOffset: read.nextOffset, bytes, isStopped: false };
}
