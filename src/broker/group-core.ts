/**
 * The rebalance of one group: what joining, syncing, leaving and time have in common, whoever
 * begins it (`group.ts`, `group-join.ts`, `group-sync.ts`).
 *
 *            first member                     all are back, or time is up
 *     Empty ─────────────► PreparingRebalance ──────────────────────► CompletingRebalance
 *       ▲                    │           ▲ ▲                              │      │
 *       └────────────────────┘           │ └──────────────────────────────┘      │ the leader's
 *        nobody is back                  │   somebody comes, goes, changes       │ assignment
 *                                        │                                       ▼ is stored
 *                                        └──────────────────────────────────── Stable
 *
 * `Dead` is a group that is being deleted, or belongs to a broker that stops.
 */
import { assert } from "../base/assert.ts";
import { printable } from "../base/printable.ts";
import { groupReasonCharactersMax } from "../limits.ts";
import type { GroupRow } from "../metadata/metadata.ts";
import { subscribedTopics } from "./consumer-protocol.ts";
import type { JoinGroupMember, JoinGroupReply, SyncGroupReply } from "./group-coordinator.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import type { GroupEffect, GroupState, GroupTimer, Now } from "./group-event.ts";
import { type Member, Members, metadataOf, noBytes } from "./group-members.ts";
import type { GroupRules } from "./group-rules.ts";

const before: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ["PreparingRebalance", "Dead"],
  PreparingRebalance: ["Stable", "CompletingRebalance", "Empty"],
  CompletingRebalance: ["PreparingRebalance"],
  Stable: ["CompletingRebalance"],
  Dead: ["Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead"],
};

/** What a generation's number wraps at: it is an int32 to clients. */
const generationIdMax = 0x7fff_ffff;

/** Why something is being stored, for when it is. */
export type Storing =
  | {
      readonly why: "assignment";
      /** What is being stored: the generation as it will be. */
      readonly row: GroupRow;
    }
  | {
      readonly why: "static member";
      readonly generationId: number;
      /** Who has the instance id on the device, to be put back if this can't be stored. */
      old: Member;
      readonly replacement: Member;
      readonly oldLeader: string;
      /** KIP-814 */
      readonly canSkipAssignment: boolean;
    }
  | { readonly why: "empty" };

/** See the head of this file. */
export class GroupCore {
  readonly members = new Members();
  /** What was asked to be stored and is not yet. */
  readonly storing = new Map<number, Storing>();
  generationId = 0;
  /** Of the members; of the last ones in an empty group. `null`: it never had any. */
  protocolType: string | null = null;
  /** Chosen for this generation; `null` without members. */
  protocolName: string | null = null;
  /** What the members of this generation read, if they are consumers and it can be known. */
  subscribedTopics: ReadonlySet<string> | null = null;
  /** Wall time at which the group came into its state. */
  currentStateTimestamp: number;
  /** The time of the event at hand. */
  now: Now;
  #state: GroupState = "Empty";
  /**
   * Of the first rebalance: what is left of the time for which it may go on waiting for more
   * members. `null` in any other rebalance.
   */
  #initialRemainingMs: number | null = null;
  /** Whether somebody came since the first rebalance began to wait. */
  #newcomer = false;
  #stores = 0;
  #effects: GroupEffect[] = [];

  constructor(
    readonly groupId: string,
    readonly rules: GroupRules,
    now: Now,
  ) {
    this.now = now;
    this.currentStateTimestamp = now.wallMs;
  }

  get state(): GroupState {
    return this.#state;
  }

  emit(effect: GroupEffect): void {
    this.#effects.push(effect);
  }

  /** Hands out what is to be done, once. */
  takeEffects(): readonly GroupEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Takes over a stored generation. */
  restore(row: GroupRow): void {
    this.generationId = row.generationId;
    this.protocolType = row.protocolType;
    this.protocolName = row.protocolName;
    this.currentStateTimestamp = row.currentStateTimestamp;
    for (const member of row.members) {
      this.members.add({ ...member, joining: null, syncing: null, isNew: false });
    }
    this.members.setLeader(row.leader);
    if (row.members.length > 0) this.#state = "Stable";
    this.refreshSubscription();
  }

  /** The generation as it is stored, or would be. */
  row(): GroupRow {
    const { groupId, generationId, protocolType, protocolName, currentStateTimestamp } = this;
    return {
      groupId,
      generationId,
      protocolType,
      protocolName,
      leader: this.members.leader,
      currentStateTimestamp,
      members: this.members.all().map((member) => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        rebalanceTimeoutMs: member.rebalanceTimeoutMs,
        sessionTimeoutMs: member.sessionTimeoutMs,
        protocols: member.protocols,
        assignment: member.assignment,
      })),
    };
  }

  store(storing: Storing, row: GroupRow): void {
    const storeId = ++this.#stores;
    this.storing.set(storeId, storing);
    this.emit({ kind: "store", storeId, row });
  }

  enter(state: GroupState, reason: string): void {
    assert(before[state].includes(this.#state), `no way from ${this.#state} to ${state}`);
    this.#state = state;
    // A dead group may have to be what it was before.
    if (state !== "Dead") this.currentStateTimestamp = this.now.wallMs;
    const { generationId } = this;
    const shown = printable(reason, groupReasonCharactersMax);
    this.emit({
      kind: "state",
      state,
      generationId,
      memberCount: this.members.size,
      reason: shown,
    });
  }

  /** A group whose deletion has failed is what it was before. */
  spare(): void {
    const { currentStateTimestamp } = this;
    this.enter("Empty", "it could not be deleted");
    this.currentStateTimestamp = currentStateTimestamp;
  }

  schedule(timer: GroupTimer, delayMs: number): void {
    this.emit({ kind: "schedule", timer, deadlineMs: this.now.monotonicMs + delayMs });
  }

  cancel(timer: GroupTimer): void {
    this.emit({ kind: "cancel", timer });
  }

  /** The member was heard of: it has another session timeout from now on. */
  keepAlive(member: Member): void {
    this.schedule(`session ${member.memberId}`, member.sessionTimeoutMs);
  }

  /** Somebody came while the group was waiting: it may wait a little longer if it is new. */
  noteNewcomer(): void {
    if (this.#initialRemainingMs !== null) this.#newcomer = true;
  }

  /**
   * The member that a request speaks of. FENCED_INSTANCE_ID if its instance has another member id
   * by now, UNKNOWN_MEMBER_ID if there is no such member (KIP-345).
   */
  member(memberId: string, groupInstanceId: string | null): Member | GroupErrorCode {
    const holder = groupInstanceId === null ? null : this.members.instance(groupInstanceId);
    if (holder !== null && holder !== undefined && holder.memberId !== memberId) {
      return "FENCED_INSTANCE_ID";
    }
    const member = this.members.get(memberId);
    return member === undefined || holder === undefined ? "UNKNOWN_MEMBER_ID" : member;
  }

  /** After a member's metadata has changed without a new generation. */
  refreshSubscription(): void {
    this.subscribedTopics = subscribedTopics(this);
  }

  /** After a change of members: begins a rebalance, or goes on with the one under way. */
  rebalance(reason: string): void {
    if (this.#state === "PreparingRebalance") this.completeJoinIfDone();
    else this.prepareRebalance(reason);
  }

  prepareRebalance(reason: string): void {
    if (this.#state === "CompletingRebalance") this.failAssignments("REBALANCE_IN_PROGRESS");
    this.members.pendingSync.clear();
    this.cancel("sync");
    const isFirst = this.#state === "Empty";
    this.enter("PreparingRebalance", reason);
    if (isFirst) {
      const delayMs = this.rules.initialRebalanceDelayMs;
      this.#initialRemainingMs = Math.max(this.members.rebalanceTimeoutMs - delayMs, 0);
      this.#newcomer = false;
      this.schedule("join", delayMs);
    } else if (this.members.allJoined) this.completeJoin();
    else this.schedule("join", this.members.rebalanceTimeoutMs);
  }

  /** The first rebalance ends by time alone: more members are expected. */
  completeJoinIfDone(): void {
    if (this.#state !== "PreparingRebalance" || this.#initialRemainingMs !== null) return;
    if (this.members.allJoined) this.completeJoin();
  }

  /** The time for joining is over; the first rebalance waits on while members keep coming. */
  joinTimeIsUp(): void {
    if (this.#state !== "PreparingRebalance") return;
    const remainingMs = this.#initialRemainingMs;
    if (!this.#newcomer || remainingMs === null || remainingMs === 0) return this.completeJoin();
    const delayMs = Math.min(this.rules.initialRebalanceDelayMs, remainingMs);
    this.#newcomer = false;
    this.#initialRemainingMs = Math.max(remainingMs - delayMs, 0);
    this.schedule("join", delayMs);
  }

  /** The next generation begins with those who have joined; static members may be late. */
  completeJoin(): void {
    this.cancel("join");
    this.#initialRemainingMs = null;
    for (const member of this.members.all()) {
      if (member.joining !== null || member.groupInstanceId !== null) continue;
      this.members.remove(member.memberId);
      this.cancel(`session ${member.memberId}`);
    }
    if (!this.members.electJoined() && this.members.size > 0) {
      // Only static members are left, and none came: until one does or their sessions end.
      return this.schedule("join", this.members.rebalanceTimeoutMs);
    }
    this.generationId = this.generationId === generationIdMax ? 0 : this.generationId + 1;
    this.protocolName = this.members.size > 0 ? this.members.vote() : null;
    this.refreshSubscription();
    if (this.members.size === 0) {
      this.enter("Empty", "no members are left");
      return this.store({ why: "empty" }, this.row());
    }
    this.enter("CompletingRebalance", `${this.members.joiningCount} members have joined`);
    for (const member of this.members.all()) this.#admit(member);
    this.schedule("sync", this.members.rebalanceTimeoutMs);
  }

  #admit(member: Member): void {
    this.answerJoin(member, this.joinedReply(member));
    member.isNew = false;
    this.members.pendingSync.add(member.memberId);
    this.keepAlive(member);
  }

  /** What a member of this generation is told; the leader also, who the others are. */
  joinedReply(member: Member): JoinGroupReply {
    const { generationId, protocolType, protocolName } = this;
    const { leader } = this.members;
    assert(leader !== null, "a generation has a leader");
    return {
      errorCode: "NONE",
      generationId,
      protocolType,
      protocolName,
      leader,
      skipAssignment: false,
      memberId: member.memberId,
      members: leader === member.memberId ? this.#forLeader() : [],
    };
  }

  #forLeader(): JoinGroupMember[] {
    return this.members.all().map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      metadata: metadataOf(member, this.protocolName),
    }));
  }

  answerJoin(member: Member, reply: JoinGroupReply): void {
    if (member.joining === null) return;
    this.emit({ kind: "join reply", ticket: member.joining, reply });
    this.members.update(member, { joining: null });
  }

  answerSync(member: Member, reply: SyncGroupReply): void {
    if (member.syncing === null) return;
    this.emit({ kind: "sync reply", ticket: member.syncing, reply });
    member.syncing = null;
  }

  /** Ends whatever the member waits for, before it is replaced or removed. */
  dismiss(member: Member, errorCode: GroupErrorCode, memberId: string): void {
    this.answerJoin(member, joinRefused(errorCode, memberId));
    this.answerSync(member, syncRefused(errorCode));
  }

  /** Removes a member for good; what follows from it is up to the caller. */
  removeMember(member: Member): void {
    // It comes again, with another id, if it is still there.
    this.dismiss(member, "UNKNOWN_MEMBER_ID", "");
    this.members.remove(member.memberId);
    this.cancel(`session ${member.memberId}`);
  }

  /** Forgets an id that was given out and not used. */
  removePending(memberId: string): void {
    if (this.members.pendingJoin.delete(memberId)) this.cancel(`session ${memberId}`);
  }

  /** A member has asked for its assignment; when all have, nobody is waited for. */
  syncReceived(memberId: string): void {
    this.members.pendingSync.delete(memberId);
    if (this.members.pendingSync.size === 0) this.cancel("sync");
  }

  /** This generation will not have assignments: whoever waits for one is told why. */
  failAssignments(errorCode: GroupErrorCode): void {
    for (const member of this.members.all()) {
      this.members.update(member, { assignment: noBytes });
      const isWaiting = member.syncing !== null;
      this.answerSync(member, syncRefused(errorCode));
      if (isWaiting) this.keepAlive(member);
    }
  }

  /** Every member has its assignment: those who wait are told, the others may ask. */
  assign(row: GroupRow): void {
    const assignments = new Map(row.members.map((each) => [each.memberId, each.assignment]));
    for (const member of this.members.all()) {
      this.members.update(member, { assignment: assignments.get(member.memberId) ?? noBytes });
      const isWaiting = member.syncing !== null;
      this.answerSync(member, this.syncedReply(member));
      // A session that ended while the member waited was not held against it.
      if (isWaiting) this.keepAlive(member);
    }
    this.enter("Stable", "the assignment is stored");
    this.currentStateTimestamp = row.currentStateTimestamp;
  }

  syncedReply({ assignment }: Member): SyncGroupReply {
    const { protocolType, protocolName } = this;
    return { errorCode: "NONE", protocolType, protocolName, assignment };
  }
}

export const joinRefused = (errorCode: GroupErrorCode, memberId: string): JoinGroupReply => ({
  errorCode,
  generationId: -1,
  protocolType: null,
  protocolName: null,
  leader: "",
  skipAssignment: false,
  memberId,
  members: [],
});

export const syncRefused = (errorCode: GroupErrorCode): SyncGroupReply => ({
  errorCode,
  protocolType: null,
  protocolName: null,
  assignment: noBytes,
});
