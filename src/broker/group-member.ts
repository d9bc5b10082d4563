/**
 * A member of a consumer group that lives in this process: REST consumers and streams of a group
 * read through it. To the coordinator, and to the group's other members, it is a consumer like any
 * Kafka client: it joins, leads if it must (by `range`), and is heard of until it leaves.
 *
 * - It has an assignment only between two rebalances. Before it gives one up its owner is asked, so
 *   that what was read can be committed.
 * - What passes by itself (a coordinator that is not there, a member that was forgotten) is tried
 *   again; anything else is a fault, after which it is no member any more.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import { memberHeartbeatMs, memberRebalanceMs, memberRetryMs, memberSessionMs } from "../limits.ts";
import type { Broker } from "./broker.ts";
import {
  type AssignedPartition,
  assignedPartitions,
  assignmentTo,
  consumerProtocolType,
  subscriptionTo,
  topicsOf,
} from "./consumer-protocol.ts";
import { commitOffsets, ownCaller, type ReachedOffset } from "./group-commits.ts";
import type { GroupCoordinator, JoinGroupReply } from "./group-coordinator.ts";
import type { GroupErrorCode } from "./group-errors.ts";
import { assignRanges, rangeProtocol } from "./range-assignor.ts";

/** What a member stands on. */
export interface MemberParts {
  readonly broker: Pick<Broker, "topic">;
  readonly groups: Pick<
    GroupCoordinator,
    "heartbeat" | "joinGroup" | "leaveGroup" | "offsetCommit" | "syncGroup"
  >;
  readonly clock: Clock;
}

/** Whose member it is. */
export interface MemberOwner {
  readonly groupId: string;
  /** What the group's other members and operators see. */
  readonly clientId: string;
  readonly clientHost: string;
  /** What it reads; asked again with each heartbeat. */
  readonly topics: () => readonly string[];
  /** The assignment is about to be taken away: the last chance to commit. Must not reject. */
  readonly revoking: () => Promise<void>;
  /** There is another assignment, or none, or a fault. */
  readonly changed: () => void;
}

/** Why it joins: for the log of the group. */
type Round = "again" | "ended";

/** See the head of this file. */
export class GroupMember {
  #memberId = "";
  #generationId = -1;
  #assignment: readonly AssignedPartition[] | null = null;
  #fault: Exclude<GroupErrorCode, "NONE"> | null = null;
  #isClosing = false;
  /** Ends the pause under way. */
  #wake: Cancel = () => {};
  /** Resolves when it is no member any more, and will be none. */
  readonly ended: Promise<void>;

  /** Joins at once. */
  constructor(
    private readonly parts: MemberParts,
    private readonly owner: MemberOwner,
  ) {
    this.ended = this.#run();
  }

  /** What it may read; `null`: the group rebalances, or the member has a fault. */
  get assignment(): readonly AssignedPartition[] | null {
    return this.#assignment;
  }

  /** Why it is no member; `null`: it is, or becomes one. */
  get fault(): Exclude<GroupErrorCode, "NONE"> | null {
    return this.#fault;
  }

  /** Commits as this member, for the generation at hand. */
  async commit(offsets: readonly ReachedOffset[]): Promise<GroupErrorCode> {
    const [memberId, generationId] = [this.#memberId, this.#generationId];
    const { groupId } = this.owner;
    return await commitOffsets(this.parts.groups, { groupId, memberId, generationId }, offsets);
  }

  /** Leaves the group; the others need not wait until it is missed. */
  async close(): Promise<void> {
    if (this.#isClosing) return await this.ended;
    this.#isClosing = true;
    if (this.#assignment !== null) await this.owner.revoking();
    this.#assignment = null;
    this.#wake();
    await this.#leave();
    await this.ended;
  }

  async #run(): Promise<void> {
    while (!this.#isClosing && this.#fault === null) {
      if ((await this.#round()) === "ended") break;
    }
  }

  /** From joining until the group rebalances. */
  async #round(): Promise<Round> {
    const topics = this.owner.topics();
    const joined = await this.#join(topics);
    if (joined.errorCode !== "NONE") return await this.#failed(joined.errorCode);
    this.#generationId = joined.generationId;
    const led = this.#lead(joined);
    const synced = await this.#sync(joined, led.assignments);
    if (synced.errorCode !== "NONE") return await this.#failed(synced.errorCode);
    if (this.#isClosing) return "ended";
    this.#assignment = assignedPartitions(synced.assignment);
    this.owner.changed();
    const errorCode = await this.#live(topics, led.shape);
    if (this.#isClosing) return "ended";
    if (errorCode === "NONE" || errorCode === "REBALANCE_IN_PROGRESS") await this.owner.revoking();
    this.#assignment = null;
    this.owner.changed();
    return errorCode === "NONE" ? "again" : await this.#failed(errorCode);
  }

  async #join(topics: readonly string[]): Promise<JoinGroupReply> {
    const { groupId, clientId, clientHost } = this.owner;
    const caller = ownCaller(clientId, clientHost);
    const request = {
      groupId,
      sessionTimeoutMs: memberSessionMs,
      rebalanceTimeoutMs: memberRebalanceMs,
      memberId: this.#memberId,
      groupInstanceId: null,
      protocolType: consumerProtocolType,
      protocols: [{ name: rangeProtocol, metadata: subscriptionTo(topics) }],
      reason: null,
    };
    const joined = await this.parts.groups.joinGroup(request, caller);
    // The id first: whoever leaves before the group is complete must be able to say who it was.
    if (joined.errorCode === "NONE") this.#memberId = joined.memberId;
    if (joined.errorCode !== "MEMBER_ID_REQUIRED" || this.#isClosing) return joined;
    this.#memberId = joined.memberId;
    return await this.parts.groups.joinGroup({ ...request, memberId: joined.memberId }, caller);
  }

  /** What the leader gives out, and what that was made from; nothing of the others. */
  #lead(joined: JoinGroupReply) {
    if (joined.leader !== joined.memberId) return { assignments: [], shape: () => "" };
    const members = joined.members.map(({ memberId, groupInstanceId, metadata }) => {
      return { memberId, groupInstanceId, topics: topicsOf(metadata) ?? [] };
    });
    const topics = [...new Set(members.flatMap((member) => member.topics))];
    const count = (topic: string): number => this.parts.broker.topic(topic)?.partitions.length ?? 0;
    const assigned = assignRanges(members, count);
    const assignments = [...assigned].map(([memberId, partitions]) => {
      return { memberId, assignment: assignmentTo(partitions) };
    });
    return { assignments, shape: () => topics.map(count).join() };
  }

  async #sync(
    { generationId, memberId, protocolType, protocolName }: JoinGroupReply,
    assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[],
  ) {
    const { groupId, clientId, clientHost } = this.owner;
    const request = { groupId, generationId, memberId, groupInstanceId: null };
    return await this.parts.groups.syncGroup(
      { ...request, protocolType, protocolName, assignments },
      ownCaller(clientId, clientHost),
    );
  }

  /** Heartbeats until something changes; NONE: it is this member that wants to rebalance. */
  async #live(topics: readonly string[], shape: () => string): Promise<GroupErrorCode> {
    const { groupId } = this.owner;
    const shapeAtFirst = shape();
    for (;;) {
      await this.#pause(memberHeartbeatMs);
      if (this.#isClosing) return "NONE";
      const request = { groupId, generationId: this.#generationId, memberId: this.#memberId };
      const beat = await this.parts.groups.heartbeat({ ...request, groupInstanceId: null });
      if (beat.errorCode !== "NONE" || this.#isClosing) return beat.errorCode;
      if (shape() !== shapeAtFirst || this.owner.topics().join() !== topics.join()) return "NONE";
    }
  }

  async #failed(errorCode: Exclude<GroupErrorCode, "NONE">): Promise<Round> {
    if (this.#isClosing) return "ended";
    switch (errorCode) {
      case "REBALANCE_IN_PROGRESS":
        return "again";
      case "ILLEGAL_GENERATION":
      case "UNKNOWN_MEMBER_ID":
        this.#memberId = "";
        this.#generationId = -1;
        return "again";
      case "COORDINATOR_NOT_AVAILABLE":
        await this.#pause(memberRetryMs);
        return "again";
      default:
        this.#fault = errorCode;
        this.owner.changed();
        return "ended";
    }
  }

  async #leave(): Promise<void> {
    if (this.#memberId === "") return;
    const { groupId } = this.owner;
    const member = { memberId: this.#memberId, groupInstanceId: null, reason: "it was closed" };
    // Whoever is unknown has left already.
    await this.parts.groups.leaveGroup({ groupId, members: [member] });
  }

  async #pause(ms: number): Promise<void> {
    if (this.#isClosing) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.parts.clock.after(ms, resolve);
    this.#wake = () => {
      cancel();
      resolve();
    };
    await promise;
  }
}
