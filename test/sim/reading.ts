/** The records in what a broker hands out, each batch checked as a consumer would. */
import { Refusal } from "../../src/base/refusal.ts";
import type { Partition } from "../../src/broker/broker.ts";
import { offset } from "../../src/base/brands.ts";
import { batchBytesMax } from "../../src/limits.ts";
import { batchBytesAt, checkBatch, viewOf } from "../../src/record/batch.ts";
import { openRecords, type BatchRecord } from "../../src/record/records.ts";

/** The records of whole batches, in pieces; a damaged batch is thrown. */
export function recordsOf(pieces: readonly Uint8Array[]): BatchRecord[] {
  const records: BatchRecord[] = [];
  if (pieces.length === 0) return records;
  const bytes = new Uint8Array(Buffer.concat([...pieces]));
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length; at += batchBytesAt(view, at)) {
    const fault = checkBatch(bytes, view, at, bytes.length, batchBytesMax);
    if (fault !== null) throw new Error(`a batch was handed out that is damaged: ${fault}`);
    const cursor = openRecords(bytes, view, at);
    if (cursor instanceof Refusal) throw new Error(cursor.message);
    while (cursor.next()) records.push(cursor.record());
  }
  return records;
}

/** All that a partition has; where reading stopped, if it did. */
export async function readPartition(
  partition: Partition,
): Promise<{ readonly records: readonly BatchRecord[]; readonly stopped: Refusal | null }> {
  const records: BatchRecord[] = [];
  let stopped: Refusal | null = null;
  for (let at = partition.log.startOffset; at < partition.highWatermark;) {
    const read = await partition.read(at, 5000);
    if (read instanceof Refusal) {
      stopped ??= read;
      if (read.resumeAt === undefined || read.resumeAt <= at) break;
      at = read.resumeAt;
      continue;
    }
    for (const record of recordsOf(read.chunks)) if (record.offset >= at) records.push(record);
    if (read.nextOffset <= at) break;
    at = offset(read.nextOffset);
  }
  return { records, stopped };
}
