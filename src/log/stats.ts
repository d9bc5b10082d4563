/**
 * What all logs of an environment count, since the start. Only `log/` writes here; `/metrics`
 * reads.
 * A further count of what is done to logs (retention, compaction) has its place here, and its row
 * in `metrics/log-families.ts`.
 */
import { countBounds, durationBoundsMs, Histogram, sizeBounds } from "../base/histogram.ts";
import type { DiskErrorKind } from "../disk/disk.ts";

/** See the head of this file. */
export class LogStats {
  /** Writes of a commit group that the device has when they end, in milliseconds. */
  readonly durableWritesMs = new Histogram(durationBoundsMs);
  /** The same where the operating system has it. */
  readonly bufferedWritesMs = new Histogram(durationBoundsMs);
  /** What went out in one write. */
  readonly writeBytes = new Histogram(sizeBounds);
  readonly writeBatches = new Histogram(countBounds);
  readonly writeFailures = new Map<DiskErrorKind, number>();
  readonly syncsMs = new Histogram(durationBoundsMs);
  /** Reads that the cache could not answer, from files, in milliseconds. */
  readonly fileReadsMs = new Histogram(durationBoundsMs);
  cacheHits = 0;
  cacheMisses = 0;

  /** The disk has not taken a commit group. */
  noteFailedWrite(kind: DiskErrorKind): void {
    this.writeFailures.set(kind, (this.writeFailures.get(kind) ?? 0) + 1);
  }
}
