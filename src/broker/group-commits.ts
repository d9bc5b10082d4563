/** Committed offsets for whoever reads for a group inside this process: plain lists in and out. */
import type { AssignedPartition } from "./consumer-protocol.ts";
import type { GroupCaller, GroupCoordinator } from "./group-coordinator.ts";
import type { GroupErrorCode } from "./group-errors.ts";

/** An offset that a group has reached: of the next record that it wants. */
export interface ReachedOffset extends AssignedPartition {
  readonly offset: number;
  /** The group's own note beside it. */
  readonly metadata?: string;
}

/** As whom to commit: a member, or somebody who takes no part in rebalances. */
export interface Committer {
  readonly groupId: string;
  /** -1 and "": no member. */
  readonly generationId: number;
  readonly memberId: string;
}

/** Who asks: this process. */
export const ownCaller = (clientId: string, clientHost: string): GroupCaller => {
  return { apiVersion: 5, clientId, clientHost };
};

/** Commits all of them, or says why not; the caller has seen to it that the partitions exist. */
export async function commitOffsets(
  groups: Pick<GroupCoordinator, "offsetCommit">,
  { groupId, generationId, memberId }: Committer,
  offsets: readonly ReachedOffset[],
): Promise<GroupErrorCode> {
  if (offsets.length === 0) return "NONE";
  const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([name, rows]) => ({
    name,
    partitions: rows.map(({ partition, offset, metadata }) => ({
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: -1,
      committedMetadata: metadata ?? null,
    })),
  }));
  const request = {
    groupId,
    generationIdOrMemberEpoch: generationId,
    memberId,
    groupInstanceId: null,
    retentionTimeMs: -1,
    topics,
  };
  const reply = await groups.offsetCommit(request, ownCaller("obelisk", ""));
  const errors = reply.topics.flatMap(({ partitions }) => partitions);
  return errors.find(({ errorCode }) => errorCode !== "NONE")?.errorCode ?? "NONE";
}

/**
 * What the group has committed for these partitions, or, `null`, for all. A partition for which it
 * has committed nothing is not in the answer.
 */
export async function committedOffsets(
  groups: Pick<GroupCoordinator, "offsetFetch">,
  groupId: string,
  wanted: readonly AssignedPartition[] | null,
): Promise<readonly Required<ReachedOffset>[] | Exclude<GroupErrorCode, "NONE">> {
  const topics =
    wanted &&
    [...Map.groupBy(wanted, ({ topic }) => topic)].map(([name, rows]) => {
      return { name, partitionIndexes: rows.map(({ partition }) => partition) };
    });
  const request = { groups: [{ groupId, topics }], requireStable: false };
  const [fetched] = (await groups.offsetFetch(request)).groups;
  if (fetched === undefined) return "GROUP_ID_NOT_FOUND";
  if (fetched.errorCode !== "NONE") return fetched.errorCode;
  const found: Required<ReachedOffset>[] = [];
  for (const { name, partitions } of fetched.topics) {
    for (const { partitionIndex, committedOffset, metadata, errorCode } of partitions) {
      if (errorCode !== "NONE") return errorCode;
      if (committedOffset < 0) continue;
      found.push({ topic: name, partition: partitionIndex, offset: committedOffset, metadata });
    }
  }
  return found;
}
