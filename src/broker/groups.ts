/**
 * All consumer groups of a broker: the only implementation of `GroupCoordinator`. What a group does
 * is in `group.ts`; here its requests are checked, routed and answered.
 */
import { Refusal } from "../base/refusal.ts";
import type { Cancel } from "../base/clock.ts";
import { offsetsRetentionCheckMs } from "../limits.ts";
import type { GroupRow, OffsetRow } from "../metadata/metadata.ts";
import type {
  CommittedView,
  DeletedGroup,
  DescribedGroup,
  GroupCaller,
  GroupCoordinator,
  HeartbeatReply,
  HeartbeatRequest,
  JoinGroupReply,
  JoinGroupRequest,
  LeaveGroupReply,
  LeaveGroupRequest,
  ListGroupsReply,
  ListGroupsRequest,
  OffsetCommitReply,
  OffsetCommitRequest,
  OffsetDeleteReply,
  OffsetDeleteRequest,
  OffsetFetchReply,
  OffsetFetchRequest,
  SyncGroupReply,
  SyncGroupRequest,
} from "./group-coordinator.ts";
import { joinRefused, syncRefused } from "./group-core.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import { GroupHost, type GroupParts } from "./group-host.ts";
import { protocolBytes } from "./group-members.ts";
import { GroupOffsets } from "./group-offsets.ts";
import {
  boundedCaller,
  boundedJoin,
  boundedSync,
  joinError,
  memberGroupIdError,
  syncError,
} from "./group-requests.ts";
import type { GroupRules } from "./group-rules.ts";
import { describeGroup, describeMissing, listGroups } from "./group-views.ts";

/** What there is of a group, for comparing it with what another start finds. */
export interface GroupSnapshot {
  readonly groupId: string;
  /** What is on the device, as far as this broker knows. */
  readonly row: GroupRow | null;
  readonly offsets: readonly OffsetRow[];
  /** The living group, while it is supposed to be what is on the device; `null` in between. */
  readonly live: GroupRow | null;
}

/** All groups that are stored. Refuses if they cannot be read. */
export async function createGroups(
  parts: GroupParts,
  rules: GroupRules,
): Promise<Groups | Refusal> {
  const stored = await parts.store.all();
  if (stored instanceof Refusal) return stored;
  if (stored.length > 0) parts.logger.info("groups loaded", { groups: stored.length });
  return new Groups(new GroupHost(parts, rules, stored));
}

/** See the head of this file. */
export class Groups implements GroupCoordinator {
  readonly #offsets: GroupOffsets;
  #closing: Promise<void> | null = null;
  /** The next look at offsets that nobody uses. */
  #check: Cancel;

  constructor(private readonly host: GroupHost) {
    this.#offsets = new GroupOffsets(host);
    this.#check = this.#checkLater();
  }

  /** How often a group has begun to rebalance, since the start. */
  get rebalances(): number {
    return this.host.rebalances;
  }

  async joinGroup(request: JoinGroupRequest, caller: GroupCaller): Promise<JoinGroupReply> {
    const { groupId, memberId } = request;
    const refused = (errorCode: GroupErrorCode): JoinGroupReply => joinRefused(errorCode, memberId);
    if (this.#closing !== null) return refused("COORDINATOR_NOT_AVAILABLE");
    const errorCode = joinError(request, this.host.rules);
    if (errorCode !== "NONE") return refused(errorCode);
    if (!this.host.hasRoom(protocolBytes(request.protocols))) return refused("POLICY_VIOLATION");
    // Only who has no id yet may begin a group: another speaks of one that is gone.
    const isFirst = memberId === "";
    const hosted = isFirst ? this.host.getOrCreate(groupId) : this.host.get(groupId);
    if (hosted === undefined) return refused(isFirst ? "POLICY_VIOLATION" : "UNKNOWN_MEMBER_ID");
    const known = boundedCaller(caller);
    const prefix = request.groupInstanceId ?? known.clientId;
    const newMemberId = `${prefix}-${this.host.parts.random.uuid()}`;
    return await this.host.join(hosted, (ticket) => ({
      kind: "join",
      ticket,
      caller: known,
      request: boundedJoin(request),
      newMemberId,
    }));
  }

  async syncGroup(request: SyncGroupRequest, caller: GroupCaller): Promise<SyncGroupReply> {
    if (this.#closing !== null) return syncRefused("COORDINATOR_NOT_AVAILABLE");
    const errorCode = syncError(request, caller);
    if (errorCode !== "NONE") return syncRefused(errorCode);
    const hosted = this.host.get(request.groupId);
    if (hosted === undefined) return syncRefused("UNKNOWN_MEMBER_ID");
    const bytes = request.assignments.reduce((sum, each) => sum + each.assignment.length, 0);
    if (!this.host.hasRoom(bytes)) return syncRefused("POLICY_VIOLATION");
    return await this.host.sync(hosted, (ticket) => ({
      kind: "sync",
      ticket,
      request: boundedSync(request),
    }));
  }

  async heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply> {
    if (this.#closing !== null) return { errorCode: "COORDINATOR_NOT_AVAILABLE" };
    const errorCode = memberGroupIdError(request.groupId);
    if (errorCode !== "NONE") return { errorCode };
    const hosted = this.host.get(request.groupId);
    if (hosted === undefined) return { errorCode: "UNKNOWN_MEMBER_ID" };
    return await this.host.heartbeat(hosted, (ticket) => ({ kind: "heartbeat", ticket, request }));
  }

  async leaveGroup(request: LeaveGroupRequest): Promise<LeaveGroupReply> {
    if (this.#closing !== null) return { errorCode: "COORDINATOR_NOT_AVAILABLE", members: [] };
    const errorCode = memberGroupIdError(request.groupId);
    if (errorCode !== "NONE") return { errorCode, members: [] };
    const hosted = this.host.get(request.groupId);
    if (hosted !== undefined) {
      return await this.host.leave(hosted, (ticket) => ({ kind: "leave", ticket, request }));
    }
    const members = request.members.map(({ memberId, groupInstanceId }) => {
      return { memberId, groupInstanceId, errorCode: "UNKNOWN_MEMBER_ID" } as const;
    });
    return { errorCode: "NONE", members };
  }

  async describeGroups(
    groupIds: readonly string[],
    caller: GroupCaller,
  ): Promise<readonly DescribedGroup[]> {
    return groupIds.map((groupId) => {
      const missing = describeMissing(groupId, caller.apiVersion);
      if (this.#closing !== null) return { ...missing, errorCode: "COORDINATOR_NOT_AVAILABLE" };
      const hosted = this.host.get(groupId);
      return hosted === undefined ? missing : describeGroup(hosted.group);
    });
  }

  async listGroups(request: ListGroupsRequest): Promise<ListGroupsReply> {
    if (this.#closing !== null) return { errorCode: "COORDINATOR_NOT_AVAILABLE", groups: [] };
    const groups = this.host.all().map(({ group }) => group);
    return { errorCode: "NONE", groups: listGroups(groups, request) };
  }

  async deleteGroups(groupIds: readonly string[]): Promise<readonly DeletedGroup[]> {
    const deleting = groupIds.map(async (groupId) => {
      return { groupId, errorCode: await this.#delete(groupId) };
    });
    return await Promise.all(deleting);
  }

  async offsetCommit(
    request: OffsetCommitRequest,
    caller: GroupCaller,
  ): Promise<OffsetCommitReply> {
    return await this.#offsets.offsetCommit(request, caller);
  }

  committed(groupId: string): CommittedView | undefined {
    return this.host.get(groupId)?.offsets;
  }

  async offsetFetch(request: OffsetFetchRequest): Promise<OffsetFetchReply> {
    return await this.#offsets.offsetFetch(request);
  }

  async offsetDelete(request: OffsetDeleteRequest): Promise<OffsetDeleteReply> {
    return await this.#offsets.offsetDelete(request);
  }

  async forgetTopic(name: string): Promise<GroupErrorCode> {
    return await this.#offsets.forgetTopic(name);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** All groups, sorted by id. */
  snapshot(): readonly GroupSnapshot[] {
    const snapshots = this.host.all().map(({ group, row, offsets, writes }) => {
      const { groupId, state } = group;
      const isSettled = (state === "Stable" || state === "Empty") && row !== null && writes === 0;
      return { groupId, row, offsets: offsets.all(), live: isSettled ? group.row() : null };
    });
    return snapshots.sort((one, other) => (one.groupId < other.groupId ? -1 : 1));
  }

  async #delete(groupId: string): Promise<GroupErrorCode> {
    if (this.#closing !== null) return "COORDINATOR_NOT_AVAILABLE";
    const hosted = this.host.get(groupId);
    if (hosted === undefined || hosted.group.state === "Dead") return "GROUP_ID_NOT_FOUND";
    if (hosted.group.state !== "Empty") return "NON_EMPTY_GROUP";
    const errorCode = await this.host.remove(hosted, "it is deleted");
    if (errorCode === "NONE") this.host.parts.logger.info("group deleted", { group: groupId });
    return errorCode;
  }

  #checkLater(): Cancel {
    return this.host.parts.clock.after(offsetsRetentionCheckMs, () => {
      this.#offsets.expire();
      this.#check = this.#checkLater();
    });
  }

  async #close(): Promise<void> {
    this.#check();
    this.#offsets.isClosed = true;
    await this.host.close();
  }
}
