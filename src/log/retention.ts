/**
 * Which of a log's oldest segments may go: by age, by size. Pure. Only whole segments go, and only
 * from the front, as in Kafka.
 *
 * A segment is as old as its newest record says, which is what its producer said. Producers err:
 * one that counts seconds is in January 1970, and all that it sends would be gone at once; one that
 * counts microseconds is far in the future, and nothing would ever go. A time that can't be meant
 * is not believed, and the time at which the segment was written, by this machine's clock, stands
 * in for it. Whether that clock can be believed is the caller's business.
 *
 * Sources: Apache Kafka, `UnifiedLog.deleteOldSegments`; KAFKA-8020, KAFKA-4340, KAFKA-19137 (what
 * wrong times have done elsewhere).
 */
import { timestampAheadMsMax, timestampMsMin } from "../limits.ts";

/** What is deleted by itself. */
export interface Retention {
  /** `retention.ms`; Infinity: records of any age stay. */
  readonly retentionMs: number;
  /** `retention.bytes`; Infinity: logs of any size do. */
  readonly retentionBytes: number;
}

/** A segment, as far as retention looks at it. Times are milliseconds since 1970. */
export interface SegmentAge {
  readonly bytes: number;
  /** Its newest record's; -1 if it has none. */
  readonly maxTimestamp: number;
  /** When it was begun. */
  readonly createdMs: number;
  /** By when all of it had been written, at the latest. */
  readonly writtenMs: number;
}

/** How many of the oldest segments may go; the last one only if it holds anything. */
export function expiredCount(
  segments: readonly SegmentAge[],
  retention: Retention,
  now: number,
): number {
  const aged = firstKept(segments, (at) => now - timeOf(segments, at, now) > retention.retentionMs);
  let excess = segments.reduce((sum, { bytes }) => sum + bytes, 0) - retention.retentionBytes;
  const large = firstKept(segments, (at) => (excess -= segments[at]?.bytes ?? 0) >= 0);
  return Math.max(aged, large);
}

/** How many of the oldest segments in a row hold something and are to go. */
function firstKept(segments: readonly SegmentAge[], isGoing: (at: number) => boolean): number {
  const kept = segments.findIndex(({ bytes }, at) => bytes === 0 || !isGoing(at));
  return kept < 0 ? segments.length : kept;
}

/** The time of segment number `at`, as it counts for what happens to its records. */
export function timeOf(segments: readonly SegmentAge[], at: number, now: number): number {
  const segment = segments[at];
  if (segment === undefined) return now;
  const { maxTimestamp, createdMs, writtenMs } = segment;
  const isPossible = maxTimestamp >= timestampMsMin && maxTimestamp <= now + timestampAheadMsMax;
  if (isPossible) return maxTimestamp;
  // It was written before the next one was begun; a clock that was wrong then is not believed.
  const next = segments[at + 1]?.createdMs ?? writtenMs;
  return Math.min(writtenMs, Math.max(createdMs, next));
}

/** The newest time that tells of anything, `now` at most; `null`: nothing does. */
export function newestTime(segments: readonly SegmentAge[], now: number): number | null {
  let newest = -1;
  for (const { bytes, createdMs, maxTimestamp } of segments) {
    for (const time of [createdMs, maxTimestamp]) {
      if (bytes > 0 && time <= now) newest = Math.max(newest, time);
    }
  }
  return newest < 0 ? null : newest;
}
