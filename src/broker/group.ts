/**
 * One consumer group of the classic protocol as a state machine: an event and the time go in, what
 * is to be done comes out. It waits for nothing, reads no clock and acts on nothing but itself, so
 * the same events give the same effects, always (`test/golden/group` tells it as stories). The
 * rebalance itself is in `group-core.ts`, with a picture of the states.
 *
 * Invariants: every `join`, `sync`, `heartbeat` and `leave` is answered exactly once, at the latest
 * by `closed`; no member learns its assignment before that is stored; a stable group, and an empty
 * one, is what {@link Group.row} says, and the same after it was stored and read again, as long as
 * {@link Group.isStoring} is false; no timer is for somebody who is gone.
 */
import { unreachable } from "../base/assert.ts";
import type { GroupRow } from "../metadata/metadata.ts";
import type { HeartbeatRequest, LeaveGroupRequest, LeavingMember } from "./group-coordinator.ts";
import { GroupCore } from "./group-core.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import type { GroupEffect, GroupEvent, GroupState, Now, Ticket } from "./group-event.ts";
import { join, staticMemberStored } from "./group-join.ts";
import type { Member } from "./group-members.ts";
import type { GroupRules } from "./group-rules.ts";
import { assignmentStored, sync } from "./group-sync.ts";

/** See the head of this file. */
export class Group {
  readonly #core: GroupCore;

  /** @param row what was stored of it; `null` for a new group, without members. */
  constructor(groupId: string, rules: GroupRules, row: GroupRow | null, now: Now) {
    this.#core = new GroupCore(groupId, rules, now);
    if (row !== null) this.#core.restore(row);
  }

  step(event: GroupEvent, now: Now): readonly GroupEffect[] {
    this.#core.now = now;
    this.#take(event);
    return this.#core.takeEffects();
  }

  get groupId(): string {
    return this.#core.groupId;
  }

  get state(): GroupState {
    return this.#core.state;
  }

  get generationId(): number {
    return this.#core.generationId;
  }

  get protocolType(): string | null {
    return this.#core.protocolType;
  }

  get protocolName(): string | null {
    return this.#core.protocolName;
  }

  /** See {@link GroupCore.subscribedTopics}. */
  get subscribedTopics(): ReadonlySet<string> | null {
    return this.#core.subscribedTopics;
  }

  get currentStateTimestamp(): number {
    return this.#core.currentStateTimestamp;
  }

  /** What it holds in memory. */
  get bytes(): number {
    return this.#core.members.bytes;
  }

  /** Whether something was asked to be stored and has not been answered. */
  get isStoring(): boolean {
    return this.#core.storing.size > 0;
  }

  /** Nobody is in it, and nobody was told to come in. */
  get isDeserted(): boolean {
    const { members, state } = this.#core;
    return state === "Empty" && members.size === 0 && members.pendingJoin.size === 0;
  }

  /** In the order in which they came. */
  members(): readonly Readonly<Member>[] {
    return this.#core.members.all();
  }

  /** See {@link GroupCore.member}. */
  member(memberId: string, groupInstanceId: string | null): Readonly<Member> | GroupErrorCode {
    return this.#core.member(memberId, groupInstanceId);
  }

  /** The generation as it is stored once it is stable. */
  row(): GroupRow {
    return this.#core.row();
  }

  #take(event: GroupEvent): void {
    const core = this.#core;
    switch (event.kind) {
      case "join":
        return join(core, event);
      case "sync":
        return sync(core, event.ticket, event.request);
      case "heartbeat":
        return this.#heartbeat(event.ticket, event.request);
      case "leave":
        return this.#leave(event.ticket, event.request);
      case "commit":
        return this.#committed(event.memberId);
      case "timer":
        if (event.timer === "join") return core.joinTimeIsUp();
        if (event.timer === "sync") return this.#syncTimeIsUp();
        return this.#sessionIsOver(event.timer.slice("session ".length));
      case "stored":
        return this.#stored(event.storeId, event.errorCode);
      case "loaded":
        return this.#loaded();
      case "condemned":
        for (const memberId of core.members.pendingJoin) core.removePending(memberId);
        return core.enter("Dead", event.reason);
      case "spared":
        return core.spare();
      case "closed":
        return this.#close();
      default:
        return unreachable(event);
    }
  }

  #heartbeat(ticket: Ticket, request: HeartbeatRequest): void {
    const errorCode = this.#heartbeatError(request);
    this.#core.emit({ kind: "heartbeat reply", ticket, reply: { errorCode } });
  }

  #heartbeatError(request: HeartbeatRequest): GroupErrorCode {
    const core = this.#core;
    if (core.state === "Dead") return "COORDINATOR_NOT_AVAILABLE";
    const member = core.member(request.memberId, request.groupInstanceId);
    if (typeof member === "string") return member;
    if (request.generationId !== core.generationId) return "ILLEGAL_GENERATION";
    core.keepAlive(member);
    return core.state === "PreparingRebalance" ? "REBALANCE_IN_PROGRESS" : "NONE";
  }

  #leave(ticket: Ticket, { members }: LeaveGroupRequest): void {
    const core = this.#core;
    if (core.state === "Dead") {
      const reply = { errorCode: "COORDINATOR_NOT_AVAILABLE", members: [] } as const;
      return core.emit({ kind: "leave reply", ticket, reply });
    }
    const sizeBefore = core.members.size;
    const answers = members.map((leaving) => ({
      memberId: leaving.memberId,
      groupInstanceId: leaving.groupInstanceId,
      errorCode: this.#remove(leaving),
    }));
    const reply = { errorCode: "NONE", members: answers } as const;
    core.emit({ kind: "leave reply", ticket, reply });
    if (core.state === "PreparingRebalance") return core.completeJoinIfDone();
    if (core.members.size === sizeBefore) return;
    const reasons = members.map(({ reason }) => reason ?? "no reason given");
    core.rebalance(`members leave: ${reasons.join(", ")}`);
  }

  /** Administrators remove static members by their instance id alone. */
  #remove({ memberId, groupInstanceId }: LeavingMember): GroupErrorCode {
    const core = this.#core;
    if (core.members.pendingJoin.has(memberId)) {
      core.removePending(memberId);
      return "NONE";
    }
    const holder = groupInstanceId === null ? undefined : core.members.instance(groupInstanceId);
    const id = memberId === "" && holder !== undefined ? holder.memberId : memberId;
    const member = core.member(id, groupInstanceId);
    if (typeof member === "string") return member;
    core.removeMember(member);
    return "NONE";
  }

  #committed(memberId: string): void {
    const member = this.#core.members.get(memberId);
    if (member !== undefined) this.#core.keepAlive(member);
  }

  #sessionIsOver(memberId: string): void {
    const core = this.#core;
    const member = core.members.get(memberId);
    if (member === undefined) core.removePending(memberId);
    else {
      // Who waits for an answer can't send heartbeats; a new member could wait for ever.
      const isWaiting = member.joining !== null || member.syncing !== null;
      if (isWaiting && !member.isNew) return;
      core.removeMember(member);
    }
    if (core.state === "PreparingRebalance") {
      if (core.members.allJoined) core.completeJoin();
    } else if (member !== undefined) core.rebalance(`${memberId} was not heard of`);
  }

  /** Members that have joined and never ask what they are to do would hold their partitions. */
  #syncTimeIsUp(): void {
    const core = this.#core;
    if (core.state !== "CompletingRebalance" && core.state !== "Stable") return;
    const late = [...core.members.pendingSync];
    if (late.length === 0) return;
    for (const memberId of late) {
      core.members.remove(memberId);
      core.cancel(`session ${memberId}`);
    }
    core.prepareRebalance(`${late.length} members never asked for their assignment`);
  }

  #stored(storeId: number, errorCode: GroupErrorCode): void {
    const core = this.#core;
    const storing = core.storing.get(storeId);
    core.storing.delete(storeId);
    if (storing?.why === "assignment") assignmentStored(core, storing, errorCode);
    if (storing?.why === "static member") staticMemberStored(core, storing, errorCode);
    // An empty generation that is not stored does no harm: it has nobody in it.
  }

  #loaded(): void {
    const core = this.#core;
    for (const member of core.members.all()) core.keepAlive(member);
    if (core.members.size > core.rules.membersMax) {
      core.prepareRebalance("it has more members than it may");
    }
  }

  #close(): void {
    for (const member of this.#core.members.all()) {
      this.#core.dismiss(member, "COORDINATOR_NOT_AVAILABLE", member.memberId);
    }
    this.#core.enter("Dead", "the broker stops");
  }
}
