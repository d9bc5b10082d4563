/**
 * What a cluster tells of its topics: partitions with their leaders, offsets and bytes. What it
 * does not tell, to this client or in its version, is `null`, and shown as unknown.
 */
import { printable, quoted } from "../base/printable.ts";
import type { Admin } from "../client/kafka/admin.ts";
import type { LogDirectory } from "../client/kafka/admin-log-dirs.ts";
import type { OffsetPlace } from "../client/kafka/admin-offsets.ts";
import { ClientError, type ClientErrorCode } from "../client/kafka/client-error.ts";
import type { TopicMetadata } from "../client/kafka/topic-metadata.ts";
import { partitionName, type TopicPartition } from "../client/kafka/topic-partition.ts";
import { failureCharactersMax, shownCharactersMax } from "../limits.ts";
import { noUuid } from "../wire/table.ts";

/** A partition; its form in JSON. */
export interface PartitionFacts {
  readonly partition: number;
  /** Node ids. `null`: nobody leads it at the moment. */
  readonly leader: number | null;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
  readonly startOffset: number | null;
  readonly endOffset: number | null;
  /** Offsets from start to end: where a topic is compacted, it has fewer records. */
  readonly records: number | null;
  /** Of the leader's log. */
  readonly bytes: number | null;
}

/** A topic. */
export interface TopicFacts {
  readonly name: string;
  /** `null`: the broker is too old to have ids. */
  readonly id: string | null;
  readonly isInternal: boolean;
  readonly partitions: readonly PartitionFacts[];
}

/** A topic in numbers. */
export interface TopicTotals {
  readonly partitions: number;
  readonly records: number | null;
  readonly bytes: number | null;
}

/**
 * All topics, by name, or those of the names, in their order. Rejects with a {@link ClientError},
 * also if one of the names is no topic's.
 * @param warn told why something is unknown that should not be
 */
export async function topicFacts(
  admin: Admin,
  names: readonly string[] | null,
  warn: (message: string) => void,
): Promise<TopicFacts[]> {
  const topics = names === null ? await admin.listTopics() : await metadataOf(admin, names);
  const partitions = topics.flatMap(({ name: topic, partitions: all }) =>
    // Who has no leader would be asked for until the time is over.
    all.filter(({ leaderId }) => leaderId >= 0).map(({ partition }) => ({ topic, partition })),
  );
  const [starts, ends, sizes] = await Promise.all([
    offsetsAt(admin, partitions, "earliest", warn),
    offsetsAt(admin, partitions, "latest", warn),
    sizesOf(admin, topics),
  ]);
  return topics.map((topic) => {
    const facts = topic.partitions.map((each): PartitionFacts => {
      const { partition, leaderId, replicas, inSyncReplicas } = each;
      const key = partitionName({ topic: topic.name, partition });
      const startOffset = starts.get(key) ?? null;
      const endOffset = ends.get(key) ?? null;
      const isKnown = startOffset !== null && endOffset !== null;
      return {
        partition,
        leader: leaderId < 0 ? null : leaderId,
        replicas,
        inSyncReplicas,
        startOffset,
        endOffset,
        records: isKnown ? Math.max(0, endOffset - startOffset) : null,
        bytes: sizes.get(`${leaderId} ${key}`) ?? null,
      };
    });
    const { name, topicId, isInternal } = topic;
    return { name, id: topicId === noUuid ? null : topicId, isInternal, partitions: facts };
  });
}

/** Topics by their names; rejects if one of them is not there. */
export async function metadataOf(
  admin: Admin,
  names: readonly string[],
): Promise<readonly TopicMetadata[]> {
  const topics = await admin.describeTopics(names);
  for (const { name, error } of topics) {
    if (error === null) continue;
    if (error.code !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
    const message = `there is no topic ${quoted(name, shownCharactersMax)}`;
    throw new ClientError("UNKNOWN_TOPIC_OR_PARTITION", message, false);
  }
  return topics;
}

/** An offset of each partition, by its name; those that are unknown are left out. */
export async function offsetsAt(
  admin: Admin,
  partitions: readonly TopicPartition[],
  at: OffsetPlace,
  warn: (message: string) => void,
): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const errors: ClientError[] = [];
  for (const listed of await admin.listOffsets(partitions.map((each) => ({ ...each, at })))) {
    if (listed.offset !== null) found.set(partitionName(listed), listed.offset);
    if (listed.error !== null) errors.push(listed.error);
  }
  if (errors.length > 0) warn(errorsText(errors));
  return found;
}

/** The first of some errors, and how many there are. */
export function errorsText(errors: readonly ClientError[]): string {
  const [first, ...rest] = errors;
  const text = printable(first?.message ?? "", failureCharactersMax);
  return rest.length === 0 ? text : `${text} (and ${rest.length} more like it)`;
}

/** A broker that does not know the question, or does not answer it to everybody. */
const untold: ReadonlySet<ClientErrorCode> = new Set<ClientErrorCode>([
  "UNSUPPORTED",
  "CLUSTER_AUTHORIZATION_FAILED",
]);

/** Bytes, by node id and partition. */
async function sizesOf(
  admin: Admin,
  topics: readonly TopicMetadata[],
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  if (topics.length === 0) return sizes;
  let directories: readonly LogDirectory[];
  try {
    directories = await admin.describeLogDirectories(topics.map(({ name }) => name));
  } catch (error) {
    if (error instanceof ClientError && untold.has(error.code)) return sizes;
    throw error;
  }
  for (const { nodeId, partitions } of directories) {
    for (const each of partitions) {
      // One that is moved to another directory of the same broker is there twice.
      if (!each.isFuture) sizes.set(`${nodeId} ${partitionName(each)}`, each.bytes);
    }
  }
  return sizes;
}

export const totalsOf = ({ partitions }: TopicFacts): TopicTotals => ({
  partitions: partitions.length,
  records: sumOf(partitions.map(({ records }) => records)),
  bytes: sumOf(partitions.map(({ bytes }) => bytes)),
});

/** `null` if one of them is. */
export function sumOf(counts: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const count of counts) {
    if (count === null) return null;
    sum += count;
  }
  return sum;
}
