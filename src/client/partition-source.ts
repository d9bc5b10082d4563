/** Where a consumer reads one partition from: a directory of ours or a log of the original. */
import type { Offset } from "../base/brands.ts";
import type { Refusal } from "../base/refusal.ts";
import type { BatchRecord } from "../record/records.ts";

/** Records to be taken one by one, in the order of their offsets. */
export interface RecordRun {
  readonly kind: "run";
  /** The next record; `null` after the last. */
  next(): BatchRecord | null;
  /** Where to read on once `next` has answered `null`. */
  readonly nextOffset: Offset;
  /** Why it ended early; known once `next` has answered `null`. */
  readonly damage: DamagedRange | null;
}

/** Records that can't be read. */
export interface DamagedRange {
  readonly kind: "damage";
  readonly fromOffset: Offset;
  /** Where reading can go on. */
  readonly toOffset: Offset;
  readonly message: string;
}

/**
 * What reading answers.
 * - `end`: there is nothing at this offset yet.
 * - `moved`: the start of the log or its generation has changed; look at them and ask again.
 */
export type SourceRead = RecordRun | DamagedRange | Refusal | "end" | "moved";

/** Methods never reject. UNKNOWN_TOPIC_OR_PARTITION: the partition is gone. */
export interface PartitionSource {
  /** The oldest offset that may be read, as of the last look. */
  readonly startOffset: Offset;
  /** Goes up when another log has come in this one's place. */
  readonly generation: number;
  /** Looks again at what there is. */
  refresh(): Promise<Refusal | null>;
  /** About `bytesMax` bytes of records from `from` on, at least one if there is one. */
  read(from: Offset, bytesMax: number): Promise<SourceRead>;
  /** The offset after the last record that may be read now. */
  visibleEnd(): Promise<Offset | Refusal>;
  /** The same partition with all that its files hold, whether or not it may be read yet. */
  stored(): PartitionSource;
  close(): Promise<void>;
}
