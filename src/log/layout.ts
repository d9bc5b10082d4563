/**
 * Where a data directory keeps its records, and what a name in it may be.
 *
 *     topics/            or this directory itself, when a reader was given it
 *     └── orders/        the topic's name
 *         └── 0/         the partition's number; its files are in files.ts
 *
 * A valid name is also the name of a directory, so the rule for names is what keeps paths safe
 * (Apache Kafka, `common/internals/Topic.java`). Names of consumer groups follow it, too.
 */
import { quoted } from "../base/printable.ts";
import type { Disk, DiskEntry } from "../disk/disk.ts";
import { shownCharactersMax, topicNameCharactersMax } from "../limits.ts";

export const topicsDirectory = "topics";
/** How the directories of deleted topics begin: they are no topics any more. */
export const deletedPrefix = ".deleted-";

/** The directory of a partition, below whatever holds the topics. */
export const partitionDirectory = (topics: string, topic: string, partition: number): string =>
  `${topics}/${topic}/${partition}`;

/** One partition directory. */
export interface OwnPartition {
  readonly topic: string;
  readonly partition: number;
  readonly directory: string;
}

/**
 * Where the topics are, below the disk's root: `topics` where that exists, else the root itself,
 * so that whoever looks may be given either.
 * @throws DiskError
 */
export async function findTopicsDirectory(disk: Disk): Promise<string> {
  const isTopics = (entry: DiskEntry): boolean =>
    entry.kind === "directory" && entry.name === topicsDirectory;
  return (await disk.list(".")).some(isTopics) ? topicsDirectory : ".";
}

/**
 * The partition directories below `topics`, by topic and number.
 * @throws DiskError
 */
export async function listPartitions(disk: Disk, topics: string): Promise<OwnPartition[]> {
  const found: OwnPartition[] = [];
  for (const entry of await disk.list(topics)) {
    if (entry.kind !== "directory" || nameFault(entry.name) !== null) continue;
    found.push(...(await listTopic(disk, topics, entry.name)));
  }
  return found;
}

/**
 * The partition directories of one topic, by number.
 * @throws DiskError `missing` if the topic has no directory
 */
export async function listTopic(
  disk: Disk,
  topics: string,
  topic: string,
): Promise<OwnPartition[]> {
  const found: OwnPartition[] = [];
  for (const entry of await disk.list(`${topics}/${topic}`)) {
    if (entry.kind !== "directory" || !/^(0|[1-9]\d{0,6})$/.test(entry.name)) continue;
    const partition = Number(entry.name);
    found.push({ topic, partition, directory: partitionDirectory(topics, topic, partition) });
  }
  return found.sort((a, b) => a.partition - b.partition);
}

const allowed = /^[a-zA-Z0-9._-]+$/;
const notAllowed = /[^a-zA-Z0-9._-]/u;

/** What is wrong with the name of a topic or group, to end a sentence; `null`: nothing. */
export function nameFault(name: string): string | null {
  const fault = faultOf(name);
  if (fault === null) return null;
  return `${fault}. Allowed are 1 to ${topicNameCharactersMax} of the characters a-z A-Z 0-9 . _ -`;
}

function faultOf(name: string): string | null {
  if (name === "") return "it is empty";
  if (name === "." || name === "..") return "it means a directory";
  if (name.length > topicNameCharactersMax) return `it has ${name.length} characters`;
  if (name.toLowerCase().startsWith(deletedPrefix)) return `it begins with ${deletedPrefix}`;
  if (allowed.test(name)) return null;
  const [character] = notAllowed.exec(name) ?? [""];
  return `it contains ${quoted(character, shownCharactersMax)}`;
}
