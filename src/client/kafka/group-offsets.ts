/**
 * The offsets that a group has committed: takes them to its coordinator, and asks for them.
 *
 * Commits go out one after another, so that an older one that is tried again never comes after a
 * newer one. Each belongs to the generation in which it was asked for; when that is over, others
 * may read the partitions, and it is refused.
 */
import { offset } from "../../base/brands.ts";
import { apis } from "../../kafka/apis.ts";
import { clientRequestMsMax } from "../../limits.ts";
import { noUuid, type RequestOf, type ResponseOf } from "../../wire/table.ts";
import { ClientError, kafkaError } from "./client-error.ts";
import type { ConsumerCluster } from "./consumer-cluster.ts";
import { groupFault } from "./group-fault.ts";
import type { Generation, Membership } from "./membership.ts";
import { piecesOf } from "./pieces.ts";
import { byTopic, partitionName, type TopicPartition } from "./topic-partition.ts";

/** Everything before `offset` was processed. */
export interface OffsetToCommit extends TopicPartition {
  readonly offset: number;
  /** Of the last record before it; -1: unknown. */
  readonly leaderEpoch: number;
  /** Anything that the program wants to find beside it. */
  readonly metadata: string;
}

/** What is committed. */
export interface CommittedOffset {
  readonly offset: number;
  readonly leaderEpoch: number;
}

export interface GroupOffsetsParts {
  readonly cluster: ConsumerCluster;
  readonly group: string;
  readonly groupInstanceId: string | null;
  /** `null`: partitions were assigned by the program, and the group has no members. */
  readonly member: Membership | null;
  /** Whether offsets that a transaction is about to change are waited for (KIP-447). */
  readonly requireStable: boolean;
}

/** Topic ids come with version 10; names do. */
const versionMax = 9;
const goneCode = "UNKNOWN_TOPIC_OR_PARTITION";
const noMember: Generation = { generationId: -1, memberId: "" };

/** See the head of this file. */
export class GroupOffsets {
  /** The commit under way, or the last one. Never rejects. */
  #running: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: GroupOffsetsParts) {}

  /**
   * Resolves when the coordinator has stored them. ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID: the
   * group has given the partitions to others; REBALANCE_IN_PROGRESS: it is about to.
   */
  commit(offsets: readonly OffsetToCommit[]): Promise<void> {
    const generation = this.parts.member?.generation ?? noMember;
    const result = this.#running.then(() => this.#retry(() => this.#commit(offsets, generation)));
    // The caller has the error; whoever comes next only waits.
    this.#running = result.catch(() => {});
    return result;
  }

  /** By the name of the partition, those of which something is committed. */
  committed(partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, CommittedOffset>> {
    return this.#retry(() => this.#fetch(partitions));
  }

  #retry<T>(attempt: () => Promise<T>): Promise<T> {
    const { cluster } = this.parts;
    return cluster.retry(cluster.world.clock.monotonic() + clientRequestMsMax, attempt);
  }

  async #commit(offsets: readonly OffsetToCommit[], generation: Generation): Promise<void> {
    const { cluster, group, groupInstanceId } = this.parts;
    this.#checkGeneration(generation);
    const { generationId, memberId } = generation;
    let failure: ClientError | null = null;
    try {
      const coordinator = await cluster.coordinatorOf(group);
      for (const piece of piecesOf(offsets)) {
        this.#checkGeneration(generation);
        const request = {
          groupId: group,
          generationIdOrMemberEpoch: generationId,
          memberId,
          groupInstanceId: this.parts.member === null ? null : groupInstanceId,
          retentionTimeMs: -1,
          topics: commitTopics(piece),
        };
        const response = await cluster.send(coordinator, apis.OffsetCommit, request, {
          versionMax,
        });
        const error = commitError(response, group);
        // What is wrong with one partition keeps nothing of the others back.
        if (error?.code === goneCode) failure ??= error;
        else if (error !== null) throw error;
      }
      if (failure !== null) throw failure;
    } catch (error) {
      throw this.#suffer(error, generation);
    }
  }

  /** Throws unless it is the one in which the member is. */
  #checkGeneration(generation: Generation): void {
    const { member } = this.parts;
    if (member === null) return;
    if (generation === member.generation && generation.generationId >= 0) return;
    throw member.isRebalancing ? this.#rebalancing() : this.#isOver();
  }

  #rebalancing(): ClientError {
    const { group } = this.parts;
    const message = `group ${group} is rebalancing: poll, and commit what is still assigned`;
    return new ClientError("REBALANCE_IN_PROGRESS", message);
  }

  #isOver(): ClientError {
    const message =
      `group ${this.parts.group} is in another generation than these offsets: what was polled ` +
      "since the last commit may have been given to another member";
    return new ClientError("ILLEGAL_GENERATION", message);
  }

  /** Draws the consequences for the membership; the error that the caller gets. */
  #suffer(error: unknown, generation: Generation): unknown {
    const { member, cluster, group } = this.parts;
    const fault = groupFault(error);
    if (member === null || fault === "coordinator") {
      if (fault === "coordinator") cluster.forgetCoordinator(group);
      return error;
    }
    // A member that keeps partitions while the group gathers commits in its old generation, as long
    // as the coordinator takes it; that it does not any more is no news of the membership.
    if (member.isRebalancing && generation.generationId >= 0) {
      return fault === "generation" || fault === "rejoin" ? this.#rebalancing() : error;
    }
    // What is wrong with the commit alone is no matter of the membership either.
    const isFenced = error instanceof ClientError && error.code === "FENCED_INSTANCE_ID";
    if (fault !== "final" || isFenced) member.suffer(error, generation);
    return error;
  }

  async #fetch(
    partitions: readonly TopicPartition[],
  ): Promise<ReadonlyMap<string, CommittedOffset>> {
    const { cluster, group, requireStable } = this.parts;
    const found = new Map<string, CommittedOffset>();
    try {
      const coordinator = await cluster.coordinatorOf(group);
      for (const piece of piecesOf(partitions)) {
        const topics = [...byTopic(piece)].map(([name, each]) => ({
          name,
          topicId: noUuid,
          partitionIndexes: each.map(({ partition }) => partition),
        }));
        const groups = [{ groupId: group, memberId: null, memberEpoch: -1, topics }];
        const request = { groupId: group, topics, groups, requireStable };
        const response = await cluster.send(coordinator, apis.OffsetFetch, request, { versionMax });
        takeCommitted(response, group, found);
      }
      return found;
    } catch (error) {
      if (groupFault(error) === "coordinator") cluster.forgetCoordinator(group);
      throw error;
    }
  }
}

const commitTopics = (
  offsets: readonly OffsetToCommit[],
): RequestOf<typeof apis.OffsetCommit>["topics"] =>
  [...byTopic(offsets)].map(([name, partitions]) => ({
    name,
    topicId: noUuid,
    partitions: partitions.map((each) => ({
      partitionIndex: each.partition,
      committedOffset: offset(each.offset),
      committedLeaderEpoch: each.leaderEpoch,
      committedMetadata: each.metadata,
    })),
  }));

/**
 * The first error of a response; one of a group comes with each partition. That a partition is not
 * there is told only where there is no other; who has read it does not wait for it to come back.
 */
function commitError(
  { topics }: ResponseOf<typeof apis.OffsetCommit>,
  group: string,
): ClientError | null {
  let gone: ClientError | null = null;
  for (const { name, partitions } of topics) {
    for (const { partitionIndex, errorCode } of partitions) {
      const doing = `committing an offset of ${name}/${partitionIndex} for group ${group}`;
      const error = kafkaError(errorCode, doing);
      if (error === null) continue;
      if (error.code !== goneCode) return error;
      gone ??= new ClientError(goneCode, error.message, false);
    }
  }
  return gone;
}

function takeCommitted(
  response: ResponseOf<typeof apis.OffsetFetch>,
  group: string,
  found: Map<string, CommittedOffset>,
): void {
  // Before version 8 there is one group, in the columns of the response itself.
  const { errorCode, topics } = response.groups[0] ?? response;
  const error = kafkaError(errorCode, `asking for the committed offsets of group ${group}`);
  if (error !== null) throw error;
  for (const { name, partitions } of topics) {
    for (const row of partitions) {
      const partition = partitionName({ topic: name, partition: row.partitionIndex });
      const doing = `asking for the committed offset of ${partition} for group ${group}`;
      const failure = kafkaError(row.errorCode, doing);
      if (failure !== null) throw failure;
      const { committedOffset, committedLeaderEpoch } = row;
      if (committedOffset < 0) continue;
      found.set(partition, { offset: committedOffset, leaderEpoch: committedLeaderEpoch });
    }
  }
}
