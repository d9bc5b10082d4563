/**
 * What looking after logs has done since the start, for metrics, health and whoever asks: numbers
 * that only grow, but for those that say else. Each part of the janitor keeps its own.
 */
import type { ScrubbedDamage } from "../log/scrub.ts";

/** A partition that could not be looked after, and why. */
export interface UpkeepFault {
  readonly topic: string;
  readonly partition: number;
  readonly reason: string;
}

/** Old records that were deleted. */
export interface RetentionFigures {
  /** Over all partitions. */
  rounds: number;
  /** When the last round ended, wall time in milliseconds; `null`: none has. */
  lastRoundMs: number | null;
  segments: number;
  bytes: number;
  failures: number;
  /** What the last round could not do; `upkeepFaultsMax` of them at most. */
  faults: readonly UpkeepFault[];
}

/** Logs that were compacted. */
export interface CompactionFigures {
  runs: number;
  /** When the last log had been compacted, wall time in milliseconds; `null`: none was. */
  lastRunMs: number | null;
  failures: number;
  readBytes: number;
  writtenBytes: number;
  /** By which logs have become smaller. */
  freedBytes: number;
  /** Of all segments that were rewritten. */
  records: number;
  keptRecords: number;
  durationMs: number;
  /** The most that a map of keys has taken. */
  mapBytesMax: number;
  /** Those that are left alone for a while after a failure. */
  setAside: readonly UpkeepFault[];
}

/** Damage, and whose it is. */
export interface FoundDamage extends ScrubbedDamage {
  readonly topic: string;
  readonly partition: number;
}

/** Finished segments that were read again. */
export interface ScrubFigures {
  /** Over all partitions. */
  passes: number;
  /** When the last pass ended, wall time in milliseconds; `null`: none has. */
  lastPassMs: number | null;
  segments: number;
  bytes: number;
  /** Segments that could not be read. */
  failures: number;
  /** Damaged stretches that the last pass, and this one so far, have found. */
  damages: readonly FoundDamage[];
}

/** See the head of this file. */
export interface UpkeepFigures {
  readonly retention: Readonly<RetentionFigures>;
  readonly compaction: Readonly<CompactionFigures>;
  /** `null`: finished segments are not read again. */
  readonly scrub: Readonly<ScrubFigures> | null;
}
