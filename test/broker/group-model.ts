/**
 * One group, three clients that do what they like, and a store that may fail: every event that can
 * happen next, and what must hold whatever happens. For tests that try all short histories and
 * many long ones.
 */
import { strict as assert } from "node:assert";
import type { JoinGroupReply, SyncGroupReply } from "../../src/broker/group-coordinator.ts";
import type { GroupEffect, GroupEvent, GroupTimer, Now } from "../../src/broker/group-event.ts";
import { Group } from "../../src/broker/group.ts";
import type { GroupRow } from "../../src/metadata/metadata.ts";
import { storyRules } from "./group-story.ts";

/** A consumer: what it believes to be. */
interface Client {
  readonly name: string;
  readonly apiVersion: number;
  readonly groupInstanceId: string | null;
  memberId: string;
  generationId: number;
  /** Whom it has to assign something, if it leads. */
  members: readonly string[];
}

const rules = { ...storyRules, membersMax: 3 };

/** See the head of this file. */
export class GroupModel {
  #elapsedMs = 0;
  #group: Group;
  readonly #clients: readonly Client[] = [
    client("a", 9, null),
    client("b", 3, null),
    client("s", 9, "instance"),
  ];
  readonly #timers = new Map<GroupTimer, number>();
  readonly #storing: { readonly storeId: number; readonly row: GroupRow }[] = [];
  #durable: GroupRow | null = null;
  readonly #waiting = new Map<number, (reply: JoinGroupReply | SyncGroupReply) => void>();
  /** For each generation the one set of assignments that its members may have seen. */
  readonly #assigned = new Map<number, string>();
  #tickets = 0;
  #memberIds = 0;
  #attempts = 0;
  #highestGeneration = 0;
  /** Whether the group has become empty and could not store it. */
  #isAhead = false;

  constructor() {
    this.#group = new Group("g", rules, null, this.#now());
  }

  /** The names of all that can happen now. */
  events(): readonly string[] {
    const events = this.#clients.flatMap(({ name, memberId }) => [
      `${name} joins`,
      ...(memberId === ""
        ? []
        : [
            `${name} restarts`,
            `${name} changes`,
            `${name} syncs`,
            `${name} beats`,
            `${name} leaves`,
          ]),
    ]);
    if (this.#timers.size > 0) events.push("time passes");
    if (this.#storing.length > 0) events.push("stored", "not stored", "crash, stored");
    events.push("crash");
    return events;
  }

  /** Makes one of them happen, and checks all that must hold. */
  happen(event: string): void {
    const [who, ...what] = event.split(" ");
    const asking = this.#clients.find(({ name }) => name === who);
    if (asking !== undefined) this.#ask(asking, what.join(" "));
    else if (event === "time passes") this.#fire();
    else if (event === "stored") this.#settle("NONE");
    else if (event === "not stored") this.#settle("KAFKA_STORAGE_ERROR");
    else this.#crash(event === "crash, stored");
    this.#check();
  }

  /**
   * Left alone, with a store that works, every group comes to rest: nobody waits, nobody is in it,
   * no timer is left. It is not to be used afterwards.
   */
  comeToRest(): void {
    for (let left = 100; this.#timers.size > 0 || this.#storing.length > 0; left--) {
      assert(left > 0, "the group never comes to rest");
      if (this.#storing.length > 0) this.#settle("NONE");
      else this.#fire();
      this.#check();
    }
    assert.equal(this.#waiting.size, 0, "somebody waits for ever");
    assert.equal(this.#group.state, "Empty");
    assert(this.#group.isDeserted, "an id that was given out is never forgotten");
  }

  /** Closes the group: everybody is answered. It is not to be used afterwards. */
  close(): void {
    this.#step({ kind: "closed" });
    assert.equal(this.#waiting.size, 0, "somebody is not answered at the end");
  }

  /** The same for states that differ in nothing but the names of members and generations. */
  fingerprint(): string {
    const names = new Map<string, string>();
    const named = (memberId: string): string => {
      if (memberId === "") return "";
      if (!names.has(memberId)) names.set(memberId, `m${names.size}`);
      return names.get(memberId) ?? "";
    };
    const base = this.#group.generationId;
    const rowText = (row: GroupRow | null): unknown =>
      row && [row.generationId - base, row.members.map(({ memberId }) => named(memberId))];
    const timers = [...this.#timers].sort(([, one], [, other]) => one - other);
    return JSON.stringify([
      this.#group.state,
      this.#group
        .members()
        .map((member) => [
          named(member.memberId),
          member.joining !== null,
          member.syncing !== null,
          member.isNew,
          member.assignment.length > 0,
          member.protocols[0]?.metadata.length,
        ]),
      this.#group.row().leader && named(this.#group.row().leader ?? ""),
      timers.map(([timer, dueMs]) => {
        const [kind, memberId] = timer.split(" ");
        return [kind, memberId === undefined ? "" : named(memberId), dueMs - this.#elapsedMs];
      }),
      this.#storing.map(({ row }) => rowText(row)),
      rowText(this.#durable),
      this.#clients.map(({ memberId, generationId, members }) => [
        named(memberId),
        Math.max(generationId - base, -2),
        members.map(named),
      ]),
    ]);
  }

  #ask(client: Client, what: string): void {
    const { groupInstanceId } = client;
    const ticket = ++this.#tickets;
    if (what === "beats") {
      const { memberId, generationId } = client;
      const request = { groupId: "g", memberId, generationId, groupInstanceId };
      return this.#step({ kind: "heartbeat", ticket, request });
    }
    if (what === "leaves") {
      const member = { memberId: client.memberId, groupInstanceId, reason: null };
      this.#forget(client);
      return this.#step({ kind: "leave", ticket, request: { groupId: "g", members: [member] } });
    }
    if (what === "syncs") return this.#sync(client, ticket);
    if (what === "restarts") this.#forget(client);
    return this.#join(client, ticket, what === "changes");
  }

  #join(client: Client, ticket: number, isChanged: boolean): void {
    this.#waiting.set(ticket, (reply) => {
      if (!("memberId" in reply)) throw new Error("a join is answered as a join");
      if (reply.errorCode === "NONE" || reply.errorCode === "MEMBER_ID_REQUIRED") {
        client.memberId = reply.memberId;
        client.generationId = reply.generationId;
        client.members = reply.skipAssignment ? [] : reply.members.map(({ memberId }) => memberId);
      } else if (reply.errorCode !== "REBALANCE_IN_PROGRESS") this.#forget(client);
    });
    this.#step({
      kind: "join",
      ticket,
      caller: { apiVersion: client.apiVersion, clientId: client.name, clientHost: "/127.0.0.1" },
      newMemberId: `${client.name}-${++this.#memberIds}`,
      request: {
        groupId: "g",
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 8_000,
        memberId: client.memberId,
        groupInstanceId: client.groupInstanceId,
        protocolType: "consumer",
        protocols: [{ name: "range", metadata: new Uint8Array(isChanged ? 2 : 1) }],
        reason: null,
      },
    });
  }

  #sync(client: Client, ticket: number): void {
    const { memberId, generationId, members, groupInstanceId } = client;
    const attempt = String(++this.#attempts);
    this.#waiting.set(ticket, (reply) => {
      if ("memberId" in reply) throw new Error("a sync is answered as a sync");
      if (reply.errorCode !== "NONE") return;
      const given = new TextDecoder().decode(reply.assignment);
      // Everybody sees the work of one leader, which the store has.
      this.#sees(generationId, given.split(" ")[0] ?? "");
      assert.equal(this.#durable?.generationId, generationId, "answered before it is stored");
    });
    this.#step({
      kind: "sync",
      ticket,
      request: {
        groupId: "g",
        generationId,
        memberId,
        groupInstanceId,
        protocolType: null,
        protocolName: null,
        assignments: members.map((each) => ({
          memberId: each,
          assignment: new TextEncoder().encode(`${attempt} for ${each}`),
        })),
      },
    });
  }

  /** A leader that left somebody out, since it did not know, gives nothing: that fits any work. */
  #sees(generationId: number, attempt: string): void {
    if (attempt.startsWith("\0")) return;
    const seen = this.#assigned.get(generationId) ?? attempt;
    assert.equal(attempt, seen, `generation ${generationId} has two assignments`);
    this.#assigned.set(generationId, attempt);
  }

  #fire(): void {
    const [first] = [...this.#timers].sort(([, one], [, other]) => one - other);
    if (first === undefined) return;
    this.#timers.delete(first[0]);
    this.#elapsedMs = Math.max(this.#elapsedMs, first[1]);
    this.#step({ kind: "timer", timer: first[0] });
  }

  #settle(errorCode: "NONE" | "KAFKA_STORAGE_ERROR"): void {
    const oldest = this.#storing.shift();
    if (oldest === undefined) return;
    if (errorCode === "NONE") this.#durable = oldest.row;
    // Of all that can fail, only an empty generation is left as it is.
    this.#isAhead = errorCode !== "NONE" && oldest.row.members.length === 0;
    this.#step({ kind: "stored", storeId: oldest.storeId, errorCode });
  }

  /** Connections are lost; what was being stored is stored or not, which nobody was told. */
  #crash(isStored: boolean): void {
    if (isStored) this.#durable = this.#storing[0]?.row ?? this.#durable;
    this.#waiting.clear();
    this.#timers.clear();
    this.#storing.length = 0;
    this.#isAhead = false;
    this.#group = new Group("g", rules, structuredClone(this.#durable), this.#now());
    this.#highestGeneration = this.#group.generationId;
    this.#step({ kind: "loaded" });
  }

  #forget(client: Client): void {
    client.memberId = "";
    client.generationId = -1;
    client.members = [];
  }

  #now(): Now {
    return { wallMs: 1_754_705_528_480 + this.#elapsedMs, monotonicMs: this.#elapsedMs };
  }

  #step(event: GroupEvent): void {
    for (const effect of this.#group.step(event, this.#now())) this.#perform(effect);
  }

  #perform(effect: GroupEffect): void {
    switch (effect.kind) {
      case "join reply":
      case "sync reply": {
        const answer = this.#waiting.get(effect.ticket);
        assert(answer !== undefined, "a request is answered twice, or was never asked");
        this.#waiting.delete(effect.ticket);
        return answer(effect.reply);
      }
      case "schedule":
        this.#timers.set(effect.timer, effect.deadlineMs);
        return;
      case "cancel":
        this.#timers.delete(effect.timer);
        return;
      case "store":
        this.#storing.push(effect);
        return;
      default:
    }
  }

  #check(): void {
    const group = this.#group;
    const members = group.members();
    const waiting = members.flatMap(({ joining, syncing }) => [joining, syncing]);
    const waitingTickets = waiting.filter((ticket) => ticket !== null).sort(byNumber);
    assert.deepEqual(
      [...this.#waiting.keys()].sort(byNumber),
      waitingTickets,
      "who waits is known",
    );
    assert(group.generationId >= this.#highestGeneration, "generations go up");
    this.#highestGeneration = group.generationId;
    const { leader } = group.row();
    const isLed = members.some(({ memberId }) => memberId === leader);
    assert.equal(isLed, members.length > 0, "a group with members has a leader among them");
    const instances = members.map(({ groupInstanceId }) => groupInstanceId).filter((each) => each);
    assert.equal(new Set(instances).size, instances.length, "an instance is there once");
    if (group.state === "Empty") assert.equal(members.length, 0);
    if (group.state !== "PreparingRebalance") {
      assert(members.length <= rules.membersMax, "a generation has no more members than it may");
    }
    this.#checkTimers();
    const isSettled = (group.state === "Stable" || group.state === "Empty") && !this.#isAhead;
    if (isSettled && this.#storing.length === 0) {
      if (this.#durable !== null) assert.deepEqual(group.row(), this.#durable, "live is stored");
      else assert.equal(group.generationId, 0, "a group that has had members is stored");
    }
    if (group.state !== "Stable") return;
    for (const { assignment } of members) {
      this.#sees(group.generationId, new TextDecoder().decode(assignment).split(" ")[0] ?? "");
    }
  }

  /** Every wait has an end, and nothing else has a timer. */
  #checkTimers(): void {
    const { state } = this.#group;
    const members = this.#group.members();
    const sessions = [...this.#timers.keys()].filter((timer) => timer.startsWith("session "));
    assert(sessions.length <= members.length + this.#memberIds, "timers are bounded");
    for (const { memberId, joining, syncing, isNew } of members) {
      const isExcused = (joining !== null || syncing !== null) && !isNew;
      const isTimed = this.#timers.has(`session ${memberId}`);
      assert(isTimed || isExcused, `${memberId} would stay for ever`);
    }
    const isJoining = state === "PreparingRebalance";
    assert.equal(this.#timers.has("join"), isJoining, "joining has an end, and only joining");
    const maySync = state === "CompletingRebalance" || state === "Stable";
    if (this.#timers.has("sync")) assert(maySync, "there is something to ask for");
    if (state === "CompletingRebalance") {
      const isStoring = this.#storing.some(
        ({ row }) => row.generationId === this.#group.generationId,
      );
      assert(this.#timers.has("sync") || isStoring, "syncing has an end");
    }
  }
}

const client = (name: string, apiVersion: number, groupInstanceId: string | null): Client => {
  return { name, apiVersion, groupInstanceId, memberId: "", generationId: -1, members: [] };
};

const byNumber = (one: number | null, other: number | null): number => (one ?? 0) - (other ?? 0);
