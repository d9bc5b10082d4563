/** What a reader comes upon, in the order in which it lies in a partition. */
import type { Offset } from "../base/brands.ts";
import type { Refusal } from "../base/refusal.ts";
import type { StoredFault } from "../log/scan.ts";
import type { BatchRecord } from "../record/records.ts";
import type { FrameFault } from "../original/frame-window.ts";
import type { FoundPartition } from "./directory.ts";

/** Where a batch lies. */
export interface BatchPlace {
  readonly path: string;
  readonly position: number;
  /** The whole batch; a view that stays good. */
  readonly bytes: Uint8Array;
}

/** Records that were wanted, all of one batch, or a run of messages of the original. */
export interface RecordsItem {
  readonly kind: "records";
  readonly found: FoundPartition;
  /** `null`: the original knows no batches. */
  readonly batch: BatchPlace | null;
  /** Empty only for a batch of control records, which are none of a producer's. */
  readonly records: readonly BatchRecord[];
}

/**
 * Why records can't be read, beside the faults of batches and frames.
 * - `records`: the batch is sound and its records are not.
 * - `missing`: the file ends too early, is not there, or no segment holds these offsets.
 */
export type DamageFault = StoredFault | FrameFault | "records" | "missing";

/** A stretch that can't be read. Both ends are exclusive of what follows. */
export interface Damage {
  readonly path: string;
  readonly fault: DamageFault;
  readonly fromPosition: number;
  readonly toPosition: number;
  readonly fromOffset: Offset;
  readonly toOffset: Offset;
}

/** Damage on the way; reading goes on behind it. */
export interface DamageItem {
  readonly kind: "damage";
  readonly found: FoundPartition;
  readonly damage: Damage;
}

/** Records that were asked for, or not yet read, are gone because the log was trimmed. */
export interface TrimmedItem {
  readonly kind: "trimmed";
  readonly found: FoundPartition;
  readonly fromOffset: Offset;
  readonly toOffset: Offset;
}

/** Another log has come in the place of the one that was followed; it is read from its start. */
export interface ReplacedItem {
  readonly kind: "replaced";
  readonly found: FoundPartition;
}

/** This partition, or with `null` everything, can't be read any further. */
export interface StoppedItem {
  readonly kind: "stopped";
  readonly found: FoundPartition | null;
  readonly refusal: Refusal;
}

export type ReadItem = RecordsItem | DamageItem | TrimmedItem | ReplacedItem | StoppedItem;
