/** SyncGroup, as one group sees it (KIP-345 for instance ids, KIP-559 for the protocol). */
import { emptyAssignment } from "./consumer-protocol.ts";
import type { SyncGroupRequest } from "./group-coordinator.ts";
import { type GroupCore, type Storing, syncRefused } from "./group-core.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import type { Ticket } from "./group-event.ts";
import type { Member } from "./group-members.ts";

/** Answers at once, or when the leader's assignment is stored. */
export function sync(core: GroupCore, ticket: Ticket, request: SyncGroupRequest): void {
  const member = syncingMember(core, request);
  if (typeof member === "string") {
    return core.emit({ kind: "sync reply", ticket, reply: syncRefused(member) });
  }
  core.syncReceived(member.memberId);
  if (core.state === "Stable") {
    return core.emit({ kind: "sync reply", ticket, reply: core.syncedReply(member) });
  }
  // Only the last of several requests that wait for the same thing is listened to.
  core.answerSync(member, syncRefused("REBALANCE_IN_PROGRESS"));
  member.syncing = ticket;
  if (core.members.leader === member.memberId && !isStoring(core)) store(core, request);
}

/** After the store has answered about the leader's assignment. */
export function assignmentStored(
  core: GroupCore,
  { row }: Extract<Storing, { why: "assignment" }>,
  errorCode: GroupErrorCode,
): void {
  // Another rebalance may have begun meanwhile: then this assignment was given to nobody.
  if (core.state !== "CompletingRebalance" || core.generationId !== row.generationId) return;
  if (errorCode === "NONE") return core.assign(row);
  core.failAssignments(errorCode);
  core.prepareRebalance(`the assignment could not be stored: ${errorCode}`);
}

function syncingMember(core: GroupCore, request: SyncGroupRequest): Member | GroupErrorCode {
  if (core.state === "Dead") return "COORDINATOR_NOT_AVAILABLE";
  const member = core.member(request.memberId, request.groupInstanceId);
  if (typeof member === "string") return member;
  if (request.generationId !== core.generationId) return "ILLEGAL_GENERATION";
  const { protocolType, protocolName } = request;
  if (differs(protocolType, core.protocolType) || differs(protocolName, core.protocolName)) {
    return "INCONSISTENT_GROUP_PROTOCOL";
  }
  return core.state === "PreparingRebalance" ? "REBALANCE_IN_PROGRESS" : member;
}

const differs = (asked: string | null, given: string | null): boolean =>
  asked !== null && given !== null && asked !== given;

/** A leader that asks again is answered with what it said first: that is being stored. */
const isStoring = (core: GroupCore): boolean =>
  [...core.storing.values()].some(
    (storing) => storing.why === "assignment" && storing.row.generationId === core.generationId,
  );

function store(core: GroupCore, request: SyncGroupRequest): void {
  const given = new Map(request.assignments.map((each) => [each.memberId, each.assignment]));
  const row = core.row();
  const members = row.members.map((member) => ({
    ...member,
    // Whom the leader has left out gets what a client can read as nothing.
    assignment: given.get(member.memberId) ?? emptyAssignment(core.protocolType),
  }));
  const stable = { ...row, currentStateTimestamp: core.now.wallMs, members };
  core.store({ why: "assignment", row: stable }, stable);
}
