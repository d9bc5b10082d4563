/**
 * What the state of a group allows to be done with its committed offsets, and when they are too
 * old (KIP-211, KIP-496).
 */
import type { OffsetRow } from "../metadata/metadata.ts";
import type { CommittedOffsets } from "./committed-offsets.ts";
import { consumerProtocolType } from "./consumer-protocol.ts";
import type { OffsetCommitRequest } from "./group-coordinator.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import type { Group } from "./group.ts";

/** Whether these may be committed: by members of this generation, or while there are none. */
export function commitError(group: Group, request: OffsetCommitRequest): GroupErrorCode {
  const { generationIdOrMemberEpoch: generationId, memberId, groupInstanceId } = request;
  if (group.state === "Dead") return "COORDINATOR_NOT_AVAILABLE";
  if (generationId < 0 && group.state === "Empty") return "NONE";
  // Neither a member nor allowed to be none: it must not move what members are working on.
  if (generationId < 0 && memberId === "" && groupInstanceId === null) return "UNKNOWN_MEMBER_ID";
  const member = group.member(memberId, groupInstanceId);
  if (typeof member === "string") return member;
  if (generationId !== group.generationId) return "ILLEGAL_GENERATION";
  // It knows the generation and not yet its assignment: it can't have read in it.
  return group.state === "CompletingRebalance" ? "REBALANCE_IN_PROGRESS" : "NONE";
}

/** Whether offsets may be deleted at all; {@link isSubscribed} decides about each topic. */
export function deleteError(group: Group): GroupErrorCode {
  if (group.state === "Dead") return "GROUP_ID_NOT_FOUND";
  if (group.state === "Empty" || group.protocolType === consumerProtocolType) return "NONE";
  return "NON_EMPTY_GROUP";
}

/** Whether members read this topic; of consumers who say it in an unknown way, we assume so. */
export const isSubscribed = (group: Group, topic: string): boolean =>
  group.subscribedTopics?.has(topic) ?? group.protocolType === consumerProtocolType;

/**
 * The offsets that have been of no use for too long: since the group became empty; since the last
 * commit, if it never had members, or if it has and they do not read the topic. While a group
 * rebalances nothing is too old: who knows what it will read.
 */
export function expiredOffsets(
  group: Group,
  offsets: CommittedOffsets,
  nowMs: number,
  retentionMs: number,
): readonly OffsetRow[] {
  const { state, protocolType, subscribedTopics } = group;
  const isRead = state === "Stable" && subscribedTopics !== null;
  if (protocolType !== null && state !== "Empty" && !isRead) return [];
  const unusedSince = (row: OffsetRow): number =>
    protocolType !== null && state === "Empty" ? group.currentStateTimestamp : row.commitTimestamp;
  return offsets
    .topics()
    .filter((topic) => !isSubscribed(group, topic))
    .flatMap((topic) => offsets.of(topic))
    .filter((row) => nowMs >= (row.expireTimestamp ?? unusedSince(row) + retentionMs));
}
