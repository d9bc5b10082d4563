/**
 * The files of the original Obelisk, by name. Its newest layout is flat, a later one has
 * partitions; both may stand in one directory, and beside topics of ours:
 *
 *     topics/orders.log                  frames, one after another
 *     topics/orders.idx                  where each begins: little-endian int64, one a message
 *     topics/orders/partition-0.log      the same, by partition
 *     topics/orders/partition-0.idx
 */
import { DiskError, type Disk, type DiskEntry } from "../disk/disk.ts";
import { Refusal } from "../base/refusal.ts";

/** One log of the original. */
export interface OriginalLog {
  readonly topic: string;
  readonly partition: number;
  readonly layout: "flat" | "partitioned";
  readonly logPath: string;
  readonly logBytes: number;
  readonly indexPath: string;
  /** `null`: there is no index file. */
  readonly indexBytes: number | null;
}

/**
 * The original's logs below `topics`, a directory: by topic and partition, the flat layout as
 * partition 0. None: it is not the original's. KAFKA_STORAGE_ERROR: it can't be read.
 * @param only the one topic to look for
 */
export async function findOriginalLogs(
  disk: Disk,
  topics: string,
  only?: string,
): Promise<readonly OriginalLog[] | Refusal> {
  try {
    const isAsked = ({ name }: DiskEntry): boolean =>
      only === undefined || name === only || name === `${only}.log` || name === `${only}.idx`;
    const entries = (await disk.list(topics)).filter(isAsked);
    const found = logsIn(topics, entries, flat);
    for (const entry of entries) {
      if (entry.kind !== "directory") continue;
      const directory = `${topics}/${entry.name}`;
      const partitioned = (name: string): Named | null => partitionOf(entry.name, name);
      found.push(...logsIn(directory, await disk.list(directory), partitioned));
    }
    return found.sort(byTopicAndPartition);
  } catch (error) {
    return readingRefused(error);
  }
}

/** What a disk's error becomes; anything else is a programmer's and is thrown on. */
export function readingRefused(error: unknown): Refusal {
  if (!(error instanceof DiskError)) throw error;
  return new Refusal("KAFKA_STORAGE_ERROR", `reading failed: ${error.message}`);
}

type Named = Pick<OriginalLog, "topic" | "partition" | "layout">;

/** What a log file's name says, without its ending; `null`: it is no log of the original. */
function flat(name: string): Named | null {
  // Twenty digits are a segment of ours.
  if (name === "" || /^\d{20}$/.test(name)) return null;
  return { topic: name, partition: 0, layout: "flat" };
}

function partitionOf(topic: string, name: string): Named | null {
  const digits = /^partition-(\d{1,9})$/.exec(name)?.[1];
  return digits === undefined ? null : { topic, partition: Number(digits), layout: "partitioned" };
}

function logsIn(
  directory: string,
  entries: readonly DiskEntry[],
  named: (name: string) => Named | null,
): OriginalLog[] {
  const files = new Map(
    entries.filter((entry) => entry.kind === "file").map((entry) => [entry.name, entry.bytes]),
  );
  const found: OriginalLog[] = [];
  for (const [name, logBytes] of files) {
    if (!name.endsWith(".log")) continue;
    const stem = name.slice(0, -".log".length);
    const what = named(stem);
    if (what === null) continue;
    const indexPath = `${directory}/${stem}.idx`;
    const indexBytes = files.get(`${stem}.idx`) ?? null;
    found.push({ ...what, logPath: `${directory}/${name}`, logBytes, indexPath, indexBytes });
  }
  return found;
}

function byTopicAndPartition(a: OriginalLog, b: OriginalLog): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition || (a.layout === "flat" ? -1 : 1);
}
