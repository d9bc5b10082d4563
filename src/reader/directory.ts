/**
 * What a directory holds, for those who only look: partitions of ours, logs of the original, or
 * both. It may be a data directory or its `topics` directory; no metadata is needed.
 */
import { Refusal } from "../base/refusal.ts";
import { DiskError, type Disk } from "../disk/disk.ts";
import { findTopicsDirectory, listPartitions } from "../log/layout.ts";
import { findOriginalLogs, type OriginalLog } from "../original/layout.ts";

/** One partition and where its records are. */
export interface FoundPartition {
  readonly topic: string;
  readonly partition: number;
  readonly source:
    | { readonly kind: "own"; readonly directory: string }
    | { readonly kind: "original"; readonly log: OriginalLog };
}

/** See the head of this file. */
export interface FoundDirectory {
  /** Where the topics are below the root of the disk: `topics`, or `.` for the root itself. */
  readonly topics: string;
  readonly kind: "own" | "original" | "both" | "neither";
  /** By topic and number; where both stand side by side, ours first. */
  readonly partitions: readonly FoundPartition[];
}

/** Looks what the root of `disk` holds. KAFKA_STORAGE_ERROR: it can't be read. */
export async function findPartitions(disk: Disk): Promise<FoundDirectory | Refusal> {
  try {
    const topics = await findTopicsDirectory(disk);
    const own = await listPartitions(disk, topics);
    const originals = await findOriginalLogs(disk, topics);
    if (originals instanceof Refusal) return originals;
    const partitions = [
      ...own.map(({ topic, partition, directory }): FoundPartition => {
        return { topic, partition, source: { kind: "own", directory } };
      }),
      ...originals.map((log): FoundPartition => {
        return { topic: log.topic, partition: log.partition, source: { kind: "original", log } };
      }),
    ].sort(byTopicAndPartition);
    const kind = kindOf(own.length > 0, originals.length > 0);
    return { topics, kind, partitions };
  } catch (error) {
    return readingRefused(error);
  }
}

/** What a disk's error becomes; anything else is a programmer's and is thrown on. */
export function readingRefused(error: unknown): Refusal {
  if (!(error instanceof DiskError)) throw error;
  return new Refusal("KAFKA_STORAGE_ERROR", `reading failed: ${error.message}`);
}

function kindOf(hasOwn: boolean, hasOriginal: boolean): FoundDirectory["kind"] {
  if (hasOwn) return hasOriginal ? "both" : "own";
  return hasOriginal ? "original" : "neither";
}

/** Sorting is stable: of one topic and number, ours stays first. */
function byTopicAndPartition(a: FoundPartition, b: FoundPartition): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition;
}
