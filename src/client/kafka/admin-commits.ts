/** What groups have committed, as an admin reads, sets and deletes it. */
import { offset as logOffset } from "../../base/brands.ts";
import { apis } from "../../kafka/apis.ts";
import { noUuid, type ResponseOf } from "../../wire/table.ts";
import {
  coordinatorRoute,
  leftOut,
  type AdminCalls,
  type Ask,
  type Outcome,
} from "./admin-calls.ts";
import { listOffsets, type OffsetPlace } from "./admin-offsets.ts";
import { ClientError, kafkaError } from "./client-error.ts";
import { piecesOf } from "./pieces.ts";
import { byTopic, partitionName, type TopicPartition } from "./topic-partition.ts";

/** An offset that a group has committed: the next one that it is to read. */
export interface CommittedOffset extends TopicPartition, Outcome {
  /** `null`: none is committed. */
  readonly offset: number | null;
  /** -1: not known. */
  readonly leaderEpoch: number;
  readonly metadata: string;
}

/** An offset to commit. */
export interface OffsetCommitment extends TopicPartition {
  readonly offset: number;
  readonly metadata?: string;
}

export interface PartitionOutcome extends TopicPartition, Outcome {}

/** Where a group is to go on: a place in the log, an offset, or so far from where it is. */
export type ResetTarget = OffsetPlace | { readonly offset: number } | { readonly shiftBy: number };

export interface ResetOptions {
  /** Tells what would be committed, and commits nothing. */
  readonly dryRun?: boolean;
}

export interface ResetOffset extends TopicPartition, Outcome {
  /** What was committed before; `null`: nothing. */
  readonly from: number | null;
  /** What is now, within what the log has; `null`: there is an error. */
  readonly to: number | null;
}

/** From version 10 on topics are named by ids, and those that were deleted have none. */
const namesVersionMax = 9;

type CommittedTopic = Pick<
  ResponseOf<typeof apis.OffsetFetch>["topics"][number],
  "name" | "partitions"
>;

/**
 * What a group has committed, by topic and partition.
 * @param partitions `null`: all that it has committed anything for
 */
export async function committedOffsets(
  calls: AdminCalls,
  groupId: string,
  partitions: readonly TopicPartition[] | null,
): Promise<CommittedOffset[]> {
  const { cluster } = calls;
  const pieces = partitions === null ? [null] : piecesOf(partitions);
  const found: CommittedOffset[] = [];
  let done = 0;
  await calls.once(async () => {
    try {
      const to = await cluster.coordinatorOf(groupId);
      for (; done < pieces.length; done++) {
        for (const row of await fetchCommitted(calls, to, groupId, pieces[done] ?? null)) {
          found.push(row);
        }
      }
    } catch (error) {
      // It may be another's by now.
      if (error instanceof ClientError && error.retriable) cluster.forgetCoordinator(groupId);
      throw error;
    }
  });
  return found.sort(inOrder);
}

async function fetchCommitted(
  { cluster }: AdminCalls,
  to: number,
  groupId: string,
  partitions: readonly TopicPartition[] | null,
): Promise<readonly CommittedOffset[]> {
  const topics = partitions && topicsOf(partitions);
  const group = { groupId, memberId: null, memberEpoch: -1, topics };
  const request = { groupId, topics, groups: [group], requireStable: false };
  const options = { versionMin: 2, versionMax: namesVersionMax };
  const response = await cluster.send(to, apis.OffsetFetch, request, options);
  const answered = response.groups[0] ?? response;
  const error = kafkaError(answered.errorCode, `asking for the offsets of group ${groupId}`);
  if (error !== null) throw error;
  return answered.topics.flatMap((topic) => committedOf(groupId, topic));
}

const topicsOf = (partitions: readonly TopicPartition[]) =>
  [...byTopic(partitions)].map(([name, asked]) => ({
    name,
    topicId: noUuid,
    partitionIndexes: asked.map(({ partition }) => partition),
  }));

const committedOf = (groupId: string, { name, partitions }: CommittedTopic): CommittedOffset[] =>
  partitions.map((row) => ({
    topic: name,
    partition: row.partitionIndex,
    offset: row.committedOffset < 0 ? null : row.committedOffset,
    leaderEpoch: row.committedLeaderEpoch,
    metadata: row.metadata ?? "",
    error: kafkaError(
      row.errorCode,
      `asking what group ${groupId} has committed for ${name}/${row.partitionIndex}`,
    ),
  }));

/** By topic and partition. */
export const inOrder = (a: TopicPartition, b: TopicPartition): number =>
  a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition;

/** Commits for a group without members; one that has members answers UNKNOWN_MEMBER_ID. */
export function alterOffsets(
  calls: AdminCalls,
  groupId: string,
  commitments: readonly OffsetCommitment[],
): Promise<PartitionOutcome[]> {
  const ask: Ask<OffsetCommitment, PartitionOutcome> = async (to, items) => {
    const request = {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: "",
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [...byTopic(items)].map(([name, partitions]) => ({
        name,
        topicId: noUuid,
        partitions: partitions.map(({ partition, offset, metadata = "" }) => ({
          partitionIndex: partition,
          committedOffset: logOffset(offset),
          committedLeaderEpoch: -1,
          committedMetadata: metadata,
        })),
      })),
    };
    const options = { versionMax: namesVersionMax };
    const { topics } = await calls.cluster.send(to, apis.OffsetCommit, request, options);
    return outcomes(items, topics, (name) => `setting the offset of group ${groupId} in ${name}`);
  };
  return calls.each(commitments, commitRoute(calls, groupId), ask, notDone);
}

/** Deletes what was committed. GROUP_SUBSCRIBED_TO_TOPIC: members read the topic. */
export function deleteOffsets(
  calls: AdminCalls,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<PartitionOutcome[]> {
  const ask: Ask<TopicPartition, PartitionOutcome> = async (to, items) => {
    const topics = [...byTopic(items)].map(([name, asked]) => ({
      name,
      partitions: asked.map(({ partition }) => ({ partitionIndex: partition })),
    }));
    const response = await calls.cluster.send(to, apis.OffsetDelete, { groupId, topics });
    const error = kafkaError(response.errorCode, `deleting offsets of group ${groupId}`);
    if (error !== null) throw error;
    const doing = (name: string): string => `deleting the offset of group ${groupId} in ${name}`;
    return outcomes(items, response.topics, doing);
  };
  return calls.each(partitions, commitRoute(calls, groupId), ask, notDone);
}

const commitRoute = ({ cluster }: AdminCalls, groupId: string) =>
  coordinatorRoute<TopicPartition>(cluster, () => groupId);

const notDone = (
  { topic, partition }: TopicPartition,
  error: ClientError | null,
): PartitionOutcome => ({ topic, partition, error });

/** Answers that have an error for each partition. */
function outcomes(
  items: readonly TopicPartition[],
  topics: readonly {
    readonly name: string;
    readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[];
  }[],
  doing: (name: string) => string,
): PartitionOutcome[] {
  const codes = new Map(
    topics.flatMap(({ name, partitions }) =>
      partitions.map(
        (row) =>
          [partitionName({ topic: name, partition: row.partitionIndex }), row.errorCode] as const,
      ),
    ),
  );
  return items.map((item) => {
    const name = partitionName(item);
    const code = codes.get(name);
    if (code === undefined) return notDone(item, leftOut());
    const error = kafkaError(code, doing(name));
    return notDone(item, error?.code === "UNKNOWN_MEMBER_ID" ? inUse(doing(name)) : error);
  });
}

/** Kafka's code for a group with members is about a member that whoever asks has never heard of. */
const inUse = (doing: string): ClientError =>
  new ClientError("UNKNOWN_MEMBER_ID", `${doing}: the group has active members; stop them first`);

/** Sets where a group goes on, in partitions of the caller's choice, within what the logs have. */
export async function resetOffsets(
  calls: AdminCalls,
  groupId: string,
  partitions: readonly TopicPartition[],
  target: ResetTarget,
  { dryRun = false }: ResetOptions,
): Promise<ResetOffset[]> {
  // Asynchronous also in what it throws: by then the first question below is under way.
  const at = async (where: OffsetPlace) =>
    await listOffsets(
      calls,
      partitions.map(({ topic, partition }) => ({ topic, partition, at: where })),
    );
  const [before, starts, ends, times] = await Promise.all([
    committedOffsets(calls, groupId, partitions),
    at("earliest"),
    at("latest"),
    typeof target === "number" || target === "max-timestamp" ? at(target) : [],
  ]);
  let places = times;
  if (target === "earliest") places = starts;
  else if (target === "latest" || typeof target === "object") places = ends;
  const known = new Map(before.map((row) => [partitionName(row), row]));
  const resets = partitions.map(({ topic, partition }, index): ResetOffset => {
    const committed = known.get(partitionName({ topic, partition }));
    const found = [starts[index], ends[index], places[index]];
    const error = committed?.error ?? found.find((each) => each?.error)?.error ?? null;
    const from = committed?.offset ?? null;
    if (error !== null) return { topic, partition, from, to: null, error };
    const start = starts[index]?.offset ?? 0;
    const end = ends[index]?.offset ?? 0;
    // No record is as late: what comes next will be.
    let to = places[index]?.offset ?? end;
    if (typeof target === "object") {
      to = "offset" in target ? target.offset : (from ?? start) + target.shiftBy;
    }
    return { topic, partition, from, to: Math.min(Math.max(to, start), end), error: null };
  });
  if (dryRun) return resets;
  const wanted = resets.flatMap(({ topic, partition, to }) =>
    to === null ? [] : [{ topic, partition, offset: to }],
  );
  const done = await alterOffsets(calls, groupId, wanted);
  const errors = new Map(done.map((row) => [partitionName(row), row.error]));
  return resets.map((reset) => {
    const error = errors.get(partitionName(reset)) ?? reset.error;
    return error === null ? reset : { ...reset, to: null, error };
  });
}
