/**
 * When the next batch begins a new segment: where the last one has no room for it, or is old:
 * `segment.ms`, less a jitter, so that logs which were begun together do not all begin new files at
 * the same time.
 */
import { crc32c } from "../base/crc32c.ts";
import type { LogConfig } from "./log.ts";
import { segmentOffsetsMax } from "./scan.ts";
import type { Segment } from "./segment.ts";

/** Whether a batch of so many bytes and records may go into a segment that has others. */
export function takesMore(
  segment: Pick<Segment, "base" | "endOffset" | "endPosition" | "createdMs" | "logPath">,
  config: LogConfig,
  batch: { readonly bytes: number; readonly records: number },
  now: number,
): boolean {
  const isFull = segment.endPosition + batch.bytes > config.segmentBytes;
  const isWide = segment.endOffset - segment.base + batch.records > segmentOffsetsMax;
  return !isFull && !isWide && !isOldEnough(config, segment.logPath, now - segment.createdMs);
}

/** Whether the segment at `path`, begun so long ago, takes no more. */
function isOldEnough(
  { segmentMs, segmentJitterMs = 0 }: LogConfig,
  path: string,
  ageMs: number,
): boolean {
  const jitterMs = Math.min(segmentJitterMs, segmentMs);
  if (jitterMs === 0 || ageMs >= segmentMs) return ageMs >= segmentMs;
  if (ageMs < segmentMs - jitterMs) return false;
  // Kafka draws a random number; one that differs from segment to segment does the same.
  const bytes = new TextEncoder().encode(path);
  return ageMs >= segmentMs - (crc32c(bytes, 0, bytes.length) % jitterMs);
}
