/**
 * The verbs of consumer groups, one for each request of Kafka's protocol, in Kafka's words: plain
 * values in, plain values out. `groups.ts` is the one implementation.
 *
 * What depends on the version of a request is decided here and not by the caller, except for the
 * form of a message: before version 3 LeaveGroup names one member, whose error code is then the
 * whole answer; before version 1 OffsetCommit has no generation (-1) and no member ("").
 */
import type { GroupProtocol, OffsetRow } from "../metadata/metadata.ts";
import type { GroupErrorCode } from "./group-errors.ts";

/** Who asks. */
export interface GroupCaller {
  /** Of the request at hand. */
  readonly apiVersion: number;
  readonly clientId: string;
  readonly clientHost: string;
}

export interface JoinGroupRequest {
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  /** -1 where the version has none: then the session timeout counts. */
  readonly rebalanceTimeoutMs: number;
  /** Empty at first; then the one that the coordinator gave. */
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly protocolType: string;
  /** In the order of preference. */
  readonly protocols: readonly GroupProtocol[];
  readonly reason: string | null;
}

export interface JoinGroupMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Uint8Array;
}

export interface JoinGroupReply {
  readonly errorCode: GroupErrorCode;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leader: string;
  readonly skipAssignment: boolean;
  readonly memberId: string;
  /** Only the leader is told. */
  readonly members: readonly JoinGroupMember[];
}

export interface SyncGroupRequest {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** `null` before version 5. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  /** Only the leader sends any. */
  readonly assignments: readonly GroupAssignment[];
}

export interface GroupAssignment {
  readonly memberId: string;
  readonly assignment: Uint8Array;
}

export interface SyncGroupReply {
  readonly errorCode: GroupErrorCode;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Uint8Array;
}

export interface HeartbeatRequest {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface HeartbeatReply {
  readonly errorCode: GroupErrorCode;
}

export interface LeaveGroupRequest {
  readonly groupId: string;
  readonly members: readonly LeavingMember[];
}

/** By its member id, or, with an empty one, whoever has the instance id. */
export interface LeavingMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly reason: string | null;
}

export interface LeaveGroupReply {
  readonly errorCode: GroupErrorCode;
  /** In the order of the request. */
  readonly members: readonly {
    readonly memberId: string;
    readonly groupInstanceId: string | null;
    readonly errorCode: GroupErrorCode;
  }[];
}

export interface DescribedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** Empty unless the group is stable. */
  readonly memberMetadata: Uint8Array;
  readonly memberAssignment: Uint8Array;
}

export interface DescribedGroup {
  /** GROUP_ID_NOT_FOUND from version 6 on; before that, such a group is merely dead. */
  readonly errorCode: GroupErrorCode;
  readonly errorMessage: string | null;
  readonly groupId: string;
  readonly groupState: string;
  readonly protocolType: string;
  /** The protocol's name; empty unless the group is stable. */
  readonly protocolData: string;
  readonly members: readonly DescribedMember[];
}

export interface ListGroupsRequest {
  /** Names of states in any case; none for all. */
  readonly statesFilter: readonly string[];
  /** Names of types in any case; none for all. */
  readonly typesFilter: readonly string[];
}

export interface ListGroupsReply {
  readonly errorCode: GroupErrorCode;
  readonly groups: readonly ListedGroup[];
}

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  readonly groupState: string;
  readonly groupType: string;
}

export interface DeletedGroup {
  readonly groupId: string;
  readonly errorCode: GroupErrorCode;
}

export interface OffsetCommitRequest {
  readonly groupId: string;
  /** -1 from those who take no part in a group's rebalances. */
  readonly generationIdOrMemberEpoch: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  /** How long to keep the offsets; -1: as long as the broker keeps others. */
  readonly retentionTimeMs: number;
  /** The caller has seen to it that the partitions exist. */
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly OffsetCommitPartition[];
  }[];
}

export interface OffsetCommitPartition {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  /** -1 if unknown. */
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string | null;
}

/** Errors by partition, in the order of the request. */
export interface PartitionErrors {
  readonly name: string;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly errorCode: GroupErrorCode;
  }[];
}

export interface OffsetCommitReply {
  readonly topics: readonly PartitionErrors[];
}

export interface OffsetFetchRequest {
  readonly groups: readonly OffsetFetchGroup[];
  /** Whether to wait for what is being committed (KIP-447). */
  readonly requireStable: boolean;
}

export interface OffsetFetchGroup {
  readonly groupId: string;
  /** `null`: everything that the group has committed. */
  readonly topics:
    readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[] | null;
}

export interface OffsetFetchReply {
  readonly groups: readonly FetchedGroup[];
}

export interface FetchedGroup {
  readonly groupId: string;
  readonly errorCode: GroupErrorCode;
  readonly topics: readonly FetchedTopic[];
}

export interface FetchedTopic {
  readonly name: string;
  readonly partitions: readonly FetchedOffset[];
}

export interface FetchedOffset {
  readonly partitionIndex: number;
  /** -1 if the group has not committed any. */
  readonly committedOffset: number;
  readonly committedLeaderEpoch: number;
  readonly metadata: string;
  readonly errorCode: GroupErrorCode;
}

export interface OffsetDeleteRequest {
  readonly groupId: string;
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly { readonly partitionIndex: number }[];
  }[];
}

export interface OffsetDeleteReply {
  readonly errorCode: GroupErrorCode;
  readonly topics: readonly PartitionErrors[];
}

/** What a group has committed at the moment. */
export interface CommittedView {
  /** Topics of which anything is committed, sorted. */
  topics(): readonly string[];
  /** One topic's, by partition. */
  of(topic: string): readonly Pick<OffsetRow, "partitionIndex" | "committedOffset">[];
}

/**
 * All consumer groups. Methods never throw and promises never reject: what can go wrong is an
 * error code. What was answered without one is on the device. JoinGroup and SyncGroup may wait, as
 * long as the group's rebalance timeout; every request is answered exactly once, at the latest by
 * {@link close}.
 */
export interface GroupCoordinator {
  joinGroup(request: JoinGroupRequest, caller: GroupCaller): Promise<JoinGroupReply>;
  syncGroup(request: SyncGroupRequest, caller: GroupCaller): Promise<SyncGroupReply>;
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply>;
  leaveGroup(request: LeaveGroupRequest): Promise<LeaveGroupReply>;
  describeGroups(
    groupIds: readonly string[],
    caller: GroupCaller,
  ): Promise<readonly DescribedGroup[]>;
  listGroups(request: ListGroupsRequest): Promise<ListGroupsReply>;
  deleteGroups(groupIds: readonly string[]): Promise<readonly DeletedGroup[]>;
  offsetCommit(request: OffsetCommitRequest, caller: GroupCaller): Promise<OffsetCommitReply>;
  offsetFetch(request: OffsetFetchRequest): Promise<OffsetFetchReply>;
  /** For whoever looks at much of it piece by piece; `undefined`: there is no such group. */
  committed(groupId: string): CommittedView | undefined;
  offsetDelete(request: OffsetDeleteRequest): Promise<OffsetDeleteReply>;
  /**
   * Forgets all that was committed for a topic which is being deleted, before another may take its
   * name: else a group would go on in the new one where it was in the old.
   */
  forgetTopic(name: string): Promise<GroupErrorCode>;
  /** Answers all who wait, writes what was taken, and refuses everything afterwards. */
  close(): Promise<void>;
}
