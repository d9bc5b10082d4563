/**
 * JoinGroup, as one group sees it (KIP-62; KIP-345 for static members; KIP-394 for
 * MEMBER_ID_REQUIRED; KIP-814 for skipAssignment).
 */
import { groupNewMemberJoinMsMax } from "../limits.ts";
import type { JoinGroupReply } from "./group-coordinator.ts";
import { type GroupCore, joinRefused, type Storing } from "./group-core.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import type { JoinEvent } from "./group-event.ts";
import { isPlaced, type Member, noBytes, sameProtocols } from "./group-members.ts";

/** Answers at once, or when the group has its next generation. */
export function join(core: GroupCore, event: JoinEvent): void {
  const { memberId, groupInstanceId } = event.request;
  const member = core.members.get(memberId);
  const holder = groupInstanceId === null ? undefined : core.members.instance(groupInstanceId);
  if (!hasRoom(core, member ?? holder)) {
    if (member === undefined) core.removePending(memberId);
    else core.removeMember(member);
    return refuse(core, event, "GROUP_MAX_SIZE_REACHED", "");
  }
  if (core.state === "Dead") return refuse(core, event, "COORDINATOR_NOT_AVAILABLE");
  if (!speaksWithAll(core, event)) return refuse(core, event, "INCONSISTENT_GROUP_PROTOCOL");
  if (memberId !== "") joinKnown(core, event);
  else if (holder !== undefined) replace(core, event, holder);
  // Without the second request, clients that give up and retry would leave members behind.
  else if (groupInstanceId === null && event.caller.apiVersion >= 4) promise(core, event);
  else add(core, event, event.newMemberId);
}

/** After the store has answered about a static member that came back. */
export function staticMemberStored(
  core: GroupCore,
  storing: StaticMember,
  errorCode: GroupErrorCode,
): void {
  const { old, replacement } = storing;
  if (errorCode === "NONE") {
    for (const later of successors(core, old)) later.old = replacement;
  }
  // A rebalance that began meanwhile answers the member, and stores it with all others.
  const isCurrent = core.members.get(replacement.memberId) === replacement;
  if (!isCurrent || core.state !== "Stable" || core.generationId !== storing.generationId) return;
  if (errorCode === "NONE") {
    core.answerJoin(replacement, returnedReply(core, storing));
    return core.keepAlive(replacement);
  }
  core.dismiss(replacement, errorCode, "");
  core.cancel(`session ${replacement.memberId}`);
  core.members.replace(replacement, old);
  core.refreshSubscription();
  core.keepAlive(old);
}

type StaticMember = Extract<Storing, { why: "static member" }>;

/** Whom the store knows in the place of a member that is only being stored. */
const beforeStoring = (core: GroupCore, member: Member): Member => {
  for (const storing of core.storing.values()) {
    if (storing.why === "static member" && storing.replacement === member) return storing.old;
  }
  return member;
};

/** Who is being stored in the place of `old`. */
const successors = (core: GroupCore, old: Member): StaticMember[] =>
  [...core.storing.values()].filter(
    (each): each is StaticMember => each.why === "static member" && each.old === old,
  );

/**
 * Whether there is a place for one more, or for a member that has none. During a rebalance a
 * dynamic member has none until it has joined, so that a group that is too large sheds the last
 * ones to come back.
 */
function hasRoom({ state, members, rules }: GroupCore, member: Member | undefined): boolean {
  switch (state) {
    case "Empty":
    case "Dead":
      return true;
    case "PreparingRebalance":
      return (member !== undefined && isPlaced(member)) || members.placedCount < rules.membersMax;
    default:
      return member !== undefined || members.size < rules.membersMax;
  }
}

function speaksWithAll(
  { state, members, protocolType }: GroupCore,
  { request }: JoinEvent,
): boolean {
  if (state === "Empty") return request.protocolType !== "" && request.protocols.length > 0;
  return request.protocolType === protocolType && members.supportAny(request.protocols);
}

/** Gives out an id; who comes back with it is a member. */
function promise(core: GroupCore, event: JoinEvent): void {
  const { newMemberId, request } = event;
  if (core.members.pendingJoin.size >= core.rules.membersMax) {
    return refuse(core, event, "GROUP_MAX_SIZE_REACHED");
  }
  core.members.pendingJoin.add(newMemberId);
  core.schedule(`session ${newMemberId}`, request.sessionTimeoutMs);
  refuse(core, event, "MEMBER_ID_REQUIRED", newMemberId);
}

function joinKnown(core: GroupCore, event: JoinEvent): void {
  const { memberId, groupInstanceId, protocols } = event.request;
  if (core.members.pendingJoin.has(memberId)) {
    // Ids are given in advance to dynamic members only.
    if (groupInstanceId !== null) return refuse(core, event, "UNKNOWN_MEMBER_ID");
    return add(core, event, memberId);
  }
  const member = core.member(memberId, groupInstanceId);
  if (typeof member === "string") return refuse(core, event, member);
  const isSame = sameProtocols(member.protocols, protocols);
  switch (core.state) {
    case "CompletingRebalance":
      // It has not received the first answer, or something changed.
      if (isSame) return reply(core, event, core.joinedReply(member));
      return update(core, event, member, "changed its metadata");
    case "Stable":
      // The leader comes back when partitions or topics have changed: not its own metadata.
      if (core.members.leader === memberId)
        return update(core, event, member, "leads, and is back");
      if (isSame) return reply(core, event, core.joinedReply(member));
      return update(core, event, member, "changed its metadata");
    default:
      return update(core, event, member, "is back");
  }
}

function add(core: GroupCore, { request, caller, ticket }: JoinEvent, memberId: string): void {
  core.noteNewcomer();
  if (core.members.size === 0) core.protocolType = request.protocolType;
  core.members.add({
    memberId,
    groupInstanceId: request.groupInstanceId,
    clientId: caller.clientId,
    clientHost: caller.clientHost,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    sessionTimeoutMs: request.sessionTimeoutMs,
    protocols: request.protocols,
    assignment: noBytes,
    joining: ticket,
    syncing: null,
    isNew: true,
  });
  core.schedule(`session ${memberId}`, groupNewMemberJoinMsMax);
  core.rebalance(`${memberId} is new${reasonOf(request.reason)}`);
}

function update(core: GroupCore, event: JoinEvent, member: Member, what: string): void {
  const { rebalanceTimeoutMs, sessionTimeoutMs, protocols, reason } = event.request;
  // Only the last of several requests that wait for the same thing is listened to.
  core.answerJoin(member, joinRefused("REBALANCE_IN_PROGRESS", member.memberId));
  member.rebalanceTimeoutMs = rebalanceTimeoutMs;
  member.sessionTimeoutMs = sessionTimeoutMs;
  core.members.update(member, { protocols, joining: event.ticket });
  core.rebalance(`${member.memberId} ${what}${reasonOf(reason)}`);
}

/**
 * A static member is back, under a new member id: whoever still uses the old one is fenced. If
 * nothing changes for the others, they are not disturbed.
 */
function replace(
  core: GroupCore,
  { request, caller, ticket, newMemberId }: JoinEvent,
  old: Member,
): void {
  const oldLeader = core.members.leader ?? "";
  core.dismiss(old, "FENCED_INSTANCE_ID", old.memberId);
  core.syncReceived(old.memberId);
  const replacement: Member = {
    memberId: newMemberId,
    groupInstanceId: old.groupInstanceId,
    clientId: caller.clientId,
    clientHost: caller.clientHost,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    sessionTimeoutMs: request.sessionTimeoutMs,
    protocols: request.protocols,
    assignment: old.assignment,
    joining: ticket,
    syncing: null,
    isNew: false,
  };
  core.members.replace(old, replacement);
  core.cancel(`session ${old.memberId}`);
  core.keepAlive(replacement);
  const reason = `${newMemberId} takes the place of ${old.memberId}${reasonOf(request.reason)}`;
  if (core.state !== "Stable" || core.members.vote() !== core.protocolName) {
    // The leader may be assigning partitions to the old member id at this moment.
    return core.rebalance(reason);
  }
  core.refreshSubscription();
  core.store(
    {
      why: "static member",
      generationId: core.generationId,
      old: beforeStoring(core, old),
      replacement,
      oldLeader,
      canSkipAssignment: caller.apiVersion >= 9,
    },
    core.row(),
  );
}

/**
 * A leader that is back must not assign anew: the group would ignore it. From version 9 on it can
 * be told so; before that it must not know that it leads, hence the old leader's id.
 */
function returnedReply(
  core: GroupCore,
  { replacement, oldLeader, canSkipAssignment }: StaticMember,
): JoinGroupReply {
  const joined = core.joinedReply(replacement);
  if (canSkipAssignment) {
    return { ...joined, skipAssignment: joined.leader === replacement.memberId };
  }
  return { ...joined, leader: oldLeader, members: [] };
}

function reply(core: GroupCore, { ticket }: JoinEvent, joined: JoinGroupReply): void {
  core.emit({ kind: "join reply", ticket, reply: joined });
}

function refuse(
  core: GroupCore,
  event: JoinEvent,
  errorCode: GroupErrorCode,
  memberId = event.request.memberId,
): void {
  reply(core, event, joinRefused(errorCode, memberId));
}

const reasonOf = (reason: string | null): string => (reason ? `: ${reason}` : "");
