/**
 * The partition log: the one interface between the broker's rules and whatever stores records.
 * `segment-log.ts` implements it with segment files; a cluster will with objects in a bucket. One
 * suite (`test/conformance/log.suite.ts`) runs against every implementation.
 *
 * Three offsets, always in this order: start <= visible <= end.
 * - start: the oldest record that may be read.
 * - visible: everything below was acknowledged as the log's durability asks, and may be read.
 * - end: the offset that the next record will get; what lies between visible and end is on its way
 *   to the disk, may still be refused, and nobody sees it.
 */
import type { Offset } from "../base/brands.ts";
import type { Memory } from "../base/memory.ts";
import type { Refusal } from "../base/refusal.ts";
import type { Compactable, Compacted, CompactionMeans, CompactionRules } from "./compaction.ts";
import type { Scrubbed, ScrubMeans } from "./scrub.ts";
import type { Retention } from "./retention.ts";

/** When an append counts as committed. */
export type Durability =
  /** Once the device has it (the default). */
  | { readonly fsync: "always" }
  /** Once the operating system has it; the device gets it at the latest `intervalMs` later. */
  | { readonly fsync: "interval"; readonly intervalMs: number }
  /** Once the operating system has it; the device gets it when the system pleases. */
  | { readonly fsync: "never" };

/** What can be set for one log, after Kafka's topic configurations. */
export interface LogConfig {
  /** `segment.bytes` */
  readonly segmentBytes: number;
  /** `segment.ms` */
  readonly segmentMs: number;
  readonly durability: Durability;
  /** How long an append may wait for company before its group is written; 0: not at all. */
  readonly lingerMs: number;
  /** `segment.jitter.ms`; left out: none. */
  readonly segmentJitterMs?: number;
  /** `cleanup.policy` has `delete`; left out: nothing is deleted by itself. */
  readonly retention?: Retention;
  /** It has `compact`; left out: nothing is compacted. */
  readonly compaction?: CompactionRules;
}

/** What retention has deleted. */
export interface Expired {
  readonly segments: number;
  readonly bytes: number;
}

/** An append that was taken: its offsets are fixed, its fate is `committed`. */
export interface Appended {
  readonly baseOffset: Offset;
  /** The offset after its last record. */
  readonly nextOffset: Offset;
  /** `null` once acknowledged; a refusal if it was not stored. Never rejects. */
  readonly committed: Promise<Refusal | null>;
}

/** Whole batches, in order; the first holds the offset asked for or begins after it. */
export interface LogRead {
  /** Views: never store into them. Together they are what a Fetch answers; none at the end. */
  readonly chunks: readonly Uint8Array[];
  /** What the views lie in, held for the reader, who may let go when nobody needs them any more. */
  readonly memories: readonly Memory[];
  readonly bytes: number;
  /** Where to read on. */
  readonly nextOffset: Offset;
}

/** An answer to {@link PartitionLog.offsetForTime}. */
export interface TimedOffset {
  readonly offset: Offset;
  /** Milliseconds since 1970, of the record at `offset`. */
  readonly timestamp: number;
}

/** Who is told what becomes of a log: its partition. */
export interface LogFollower {
  /** `visibleOffset` has moved. */
  visible(): void;
  /**
   * The end has gone back to `visibleOffset`, because what lay between could not be stored: before
   * any of those appends is refused, and before another one can take their offsets.
   */
  rolledBack(): void;
}

/** See the head of this file. No method throws and no promise rejects: refusals are values. */
export interface PartitionLog {
  readonly startOffset: Offset;
  readonly visibleOffset: Offset;
  readonly endOffset: Offset;
  /** Bytes that have become visible since the log was opened: who waits for some counts them. */
  readonly visibleBytes: number;
  /** Bytes of all segments. */
  readonly sizeBytes: number;
  readonly segmentCount: number;
  /** Why it takes no appends, and will take none until somebody acts; `null`: it does. */
  readonly sealedBy: Refusal | null;
  /** The newest time that its files and records tell of, up to now; ms since 1970, wall time. */
  readonly newestMs: number | null;

  /**
   * Takes one whole, checked batch, stamps it, gives it the next offsets and queues it for the
   * disk. Order of calls is order of offsets.
   * @param memory what the batch lies in, if it may be stamped and kept where it is: nobody stores
   *   into it any more. Left out, or where it lies elsewhere: it is copied, and the caller's bytes
   *   are unchanged, and free.
   */
  append(batch: Uint8Array, memory?: Memory): Appended | Refusal;

  /**
   * Reads batches from `from` on, at least one if there is one, then as many as fit `bytesMax`.
   * Answers from memory at once where it can; otherwise as a promise. Past the visible end:
   * OFFSET_OUT_OF_RANGE, as below the start; exactly at it: empty.
   */
  read(from: Offset, bytesMax: number): LogRead | Refusal | Promise<LogRead | Refusal>;

  /** The first visible record whose timestamp is `timestamp` or later; `null` if there is none. */
  offsetForTime(timestamp: number): Promise<TimedOffset | null | Refusal>;

  /** Moves the start up to `before` (not down, not past visible) and drops segments below it. */
  trim(before: Offset): Promise<Refusal | null>;

  /**
   * Deletes what is older, or more, than the configuration keeps: whole segments, from the front.
   * @param now milliseconds since 1970, by a clock that can be believed
   */
  expire(now: number): Promise<Expired | Refusal>;

  /**
   * Ends the last segment if its records must be compacted by now (`max.compaction.lag.ms`).
   * @param now as {@link expire} takes it
   */
  rollForCompaction(now: number): Promise<Refusal | null>;

  /** What there is to compact; `null`: nothing. */
  compactable(now: number): Compactable | null;

  /**
   * Compacts what can be; offsets stay, and whoever reads meanwhile reads what there was before or
   * what there is after. One at a time. A refusal says why some or all of it is as it was.
   */
  compact(means: CompactionMeans): Promise<Compacted | Refusal>;

  /**
   * Reads the first finished segment again that holds `from` or begins after it; see `scrub.ts`.
   * `null`: there is none, or none any more.
   */
  scrub(from: Offset, means: ScrubMeans): Promise<Scrubbed | null | Refusal>;

  /** Resolves once all that was appended before the call is on the device. */
  flush(): Promise<Refusal | null>;

  /** Flushes, writes the indexes and closes. Later appends: SHUTTING_DOWN. */
  close(): Promise<void>;

  /** Closes without flushing and removes every file. */
  delete(): Promise<Refusal | null>;

  /** Tells `follower` from now on, and whoever was told before no more. */
  follow(follower: LogFollower): void;

  /**
   * Appends from now on follow `config`. Where they are to be durable and were not, resolves once
   * all earlier ones are. Refuses if the disk failed to make them so, which seals the log.
   */
  configure(config: LogConfig): Promise<Refusal | null>;
}
