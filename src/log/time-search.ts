/** Finding the first record that is as new as a given time (Kafka's ListOffsets by timestamp). */
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import { batchBytesAt, maxTimestampAt, viewOf } from "../record/batch.ts";
import { openRecords } from "../record/records.ts";
import type { PartitionLog, TimedOffset } from "./log.ts";
import type { Segment } from "./segment.ts";
import { storageFailure } from "./storage-failure.ts";

/** How much is read at a time behind the place that the time index names. */
const readBytes = 256 * 1024;

/** What is searched: a log and the segments it is made of. */
export interface Searched extends Pick<PartitionLog, "startOffset" | "visibleOffset" | "read"> {
  readonly segments: readonly Segment[];
}

/** See {@link PartitionLog.offsetForTime}. Damaged stretches are passed over: they have no time. */
export async function findTime(
  log: Searched,
  timestamp: number,
): Promise<TimedOffset | null | Refusal> {
  let next = log.startOffset;
  for (;;) {
    // By offset: segments may go, or give way to others, while one of them is searched.
    const segment = log.segments.find(({ endOffset }) => endOffset > next);
    if (segment === undefined) return null;
    if (segment.maxTimestamp >= timestamp) {
      const begin = await beginning(segment, timestamp);
      if (begin instanceof Refusal && !segment.isRemoved) return begin;
      // What was trimmed meanwhile has no answer; the segments behind it have.
      const from = begin instanceof Refusal ? segment.base : begin;
      const at = offset(Math.max(from, next, log.startOffset));
      const found = await searchFrom(log, at, segment, timestamp);
      const isTrimmed = log.startOffset >= segment.endOffset;
      if (found !== null && !(found instanceof Refusal && isTrimmed)) return found;
    }
    next = offset(Math.max(segment.endOffset, log.startOffset));
  }
}

async function beginning(segment: Segment, timestamp: number): Promise<Offset | Refusal> {
  try {
    const relative = (await segment.indexReady()).relativeForTime(timestamp);
    const sure = relative ?? (await segment.rebuildIndex()).relativeForTime(timestamp) ?? 0;
    return offset(segment.base + sure);
  } catch (error) {
    return storageFailure("reading", error);
  }
}

async function searchFrom(
  log: Searched,
  from: Offset,
  segment: Segment,
  timestamp: number,
): Promise<TimedOffset | null | Refusal> {
  let next = from;
  while (next < segment.endOffset && next < log.visibleOffset) {
    const read = await log.read(next, readBytes);
    if (read instanceof Refusal) {
      if (next < log.startOffset) {
        next = log.startOffset;
        continue;
      }
      if (read.resumeAt === undefined || read.resumeAt <= next) return read;
      next = read.resumeAt;
      continue;
    }
    for (const chunk of read.chunks) {
      const found = searchChunk(chunk, timestamp, log.startOffset);
      if (found !== null) return found;
    }
    if (read.nextOffset <= next) return null;
    next = read.nextOffset;
  }
  return null;
}

function searchChunk(chunk: Uint8Array, timestamp: number, start: Offset): TimedOffset | null {
  const view = viewOf(chunk);
  for (let at = 0; at < chunk.length; at += batchBytesAt(view, at)) {
    if (maxTimestampAt(view, at) < timestamp) continue;
    const records = openRecords(chunk, view, at);
    if (records instanceof Refusal) continue;
    while (records.next()) {
      if (records.timestamp < timestamp || records.offset < start) continue;
      return { offset: records.offset, timestamp: records.timestamp };
    }
  }
  return null;
}
