/**
 * A consumer's place in its group: joins, is told what to read, says that it lives, leaves. What it
 * is told is carried out by rebalance.ts; nothing here calls the program.
 *
 *     out ──join──► joining ──JoinGroup, SyncGroup──► member ──rejoin──► joining …
 *      ▲                 └──────────── error ───────────┴── lost ──► out
 *
 * As Kafka's own consumer: a member keeps its id as long as the group knows it. A generation that
 * is over is lost, and with it everything that was assigned in it.
 *
 * Invariants: one attempt to join is under way at most. `generation` is another object whenever
 * any of it changes, so that an answer can be held against the one that it is about.
 */
import { apis } from "../../kafka/apis.ts";
import { consumerLeaveMsMax, consumerRebalanceGraceMs } from "../../limits.ts";
import { Malformed } from "../../wire/reader.ts";
import type { ResponseOf } from "../../wire/table.ts";
import type { AssignedMember, Assignor, PartitionCounts } from "./assignor.ts";
import { ClientError, kafkaError } from "./client-error.ts";
import type { ConsumerCluster } from "./consumer-cluster.ts";
import {
  consumerProtocolType,
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from "./consumer-protocol.ts";
import { groupFault } from "./group-fault.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Pause } from "./pause.ts";
import type { TopicPartition } from "./topic-partition.ts";
import { countsOf } from "./topic-watch.ts";

export interface MembershipOptions {
  readonly group: string;
  /** A static member: it may be away for a session, and its place is kept (KIP-345). */
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  /** In the order in which they are wished for. */
  readonly assignors: readonly Assignor[];
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxPollIntervalMs: number;
}

export interface MembershipParts {
  readonly cluster: ConsumerCluster;
  readonly options: MembershipOptions;
  /** Of the requests that wait for all other members. */
  readonly lane: string;
  /** Something has happened that the next poll has to see to. */
  readonly wake: () => void;
}

/** Who a member is, and since when. */
export interface Generation {
  /** -1: none. */
  readonly generationId: number;
  /** Empty: none. */
  readonly memberId: string;
}

/** What came of joining. */
export interface Joined {
  readonly generation: Generation;
  readonly assigned: readonly TopicPartition[];
  /** What the leader has divided; `null` for the others. */
  readonly divided: PartitionCounts | null;
  /** All topics of the group, known to its leader. */
  readonly groupTopics: readonly string[];
}

type JoinResponse = ResponseOf<typeof apis.JoinGroup>;

const nobody: Generation = { generationId: -1, memberId: "" };

/** See the head of this file. */
export class Membership {
  #generation: Generation = nobody;
  #isJoining = false;
  #needsJoin = true;
  #joined: Joined | null = null;
  #isLost = false;
  #failure: unknown = null;
  #isOver = false;
  readonly #heartbeat: Heartbeat;
  readonly #pause: Pause;

  constructor(private readonly parts: MembershipParts) {
    const { cluster, options, wake } = parts;
    const { heartbeatIntervalMs, maxPollIntervalMs } = options;
    this.#pause = new Pause(cluster.world, wake);
    this.#heartbeat = new Heartbeat({
      world: cluster.world,
      heartbeatIntervalMs,
      maxPollIntervalMs,
      beat: () => this.#beat(),
      abandoned: () => void this.leave(`not polled for ${maxPollIntervalMs} ms`),
    });
  }

  get generation(): Generation {
    return this.#generation;
  }

  /** Whether it is time to join, or to join anew. */
  get needsJoin(): boolean {
    return this.#needsJoin && !this.#isJoining && !this.#pause.isOn && !this.#isOver;
  }

  /** Whether it is under way to another generation, or has not been told yet what to read in it. */
  get isRebalancing(): boolean {
    return this.#isJoining || this.#joined !== null;
  }

  /** The group is to divide anew. */
  requestJoin(): void {
    this.#needsJoin = true;
  }

  /** Begins to join; the outcome is there when `wake` is called. */
  join(kept: readonly TopicPartition[]): void {
    if (!this.needsJoin) return;
    this.#needsJoin = false;
    this.#isJoining = true;
    this.#heartbeat.stop();
    void this.#attempt(kept);
  }

  /** What came of joining, once; `null`: nothing yet, or nothing new. */
  takeJoined(): Joined | null {
    const joined = this.#joined;
    this.#joined = null;
    return joined?.generation === this.#generation ? joined : null;
  }

  /** Whether what was assigned has been lost since the last call: others may read it by now. */
  takeLoss(): boolean {
    const isLost = this.#isLost;
    this.#isLost = false;
    return isLost;
  }

  /** What the program has to be told, once; a member that was fenced stays so. `null`: nothing. */
  takeFailure(): unknown {
    const failure = this.#failure;
    if (!this.#isOver) this.#failure = null;
    return failure;
  }

  pollBegins(): void {
    this.#heartbeat.pollBegins();
  }

  pollEnds(): void {
    this.#heartbeat.pollEnds();
  }

  /**
   * Draws the consequence of an error that a request of `generation` came upon, unless the member
   * is in another one by now. False: the same may be tried again.
   */
  suffer(error: unknown, generation: Generation): boolean {
    if (generation !== this.#generation) return true;
    switch (groupFault(error)) {
      case "coordinator":
        this.parts.cluster.forgetCoordinator(this.parts.options.group);
        return false;
      case "again":
        return false;
      case "rejoin":
        this.#needsJoin = true;
        break;
      case "generation":
        this.#lose({ generationId: -1, memberId: generation.memberId });
        break;
      case "member":
        this.#lose(nobody);
        break;
      default:
        this.#fail(error);
    }
    this.parts.wake();
    return true;
  }

  /**
   * Gives up its place. A static member keeps it for a session; all forget what was assigned.
   * Never rejects: whoever can't say so is missed by its heartbeats.
   */
  async leave(reason: string): Promise<void> {
    const { cluster, options } = this.parts;
    const { memberId } = this.#generation;
    this.#lose(nobody);
    this.parts.wake();
    if (memberId === "" || options.groupInstanceId !== null) return;
    const request = {
      groupId: options.group,
      memberId,
      members: [{ memberId, groupInstanceId: null, reason }],
    };
    try {
      const coordinator = await cluster.coordinatorOf(options.group);
      await cluster.send(coordinator, apis.LeaveGroup, request, { timeoutMs: consumerLeaveMsMax });
    } catch {
      // The session of a member that is not heard of any more ends by itself.
    }
  }

  /** Leaves for good. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#pause.stop();
    await this.leave("the consumer is closing");
  }

  #lose(left: Generation): void {
    if (this.#generation.generationId >= 0) this.#isLost = true;
    this.#generation = left;
    this.#needsJoin = true;
    this.#joined = null;
    this.#heartbeat.stop();
  }

  #fail(error: unknown): void {
    this.#failure = error;
    this.#needsJoin = true;
    this.#heartbeat.stop();
    if (error instanceof ClientError && error.code === "FENCED_INSTANCE_ID") {
      // Another has this one's name and place: joining again would only fence that one.
      this.#lose(nobody);
      this.#isOver = true;
    }
  }

  async #attempt(kept: readonly TopicPartition[]): Promise<void> {
    try {
      const joined = await this.#join(kept);
      this.#pause.succeeded();
      this.#joined = joined;
    } catch (error) {
      if (!this.#isOver) this.suffer(error, this.#generation);
      // A group that rebalances once more is joined at once; everything else may be wrong for long.
      if (!this.#isOver && groupFault(error) !== "rejoin") this.#pause.failed();
      this.#needsJoin = true;
    }
    this.#isJoining = false;
    this.parts.wake();
  }

  async #join(kept: readonly TopicPartition[]): Promise<Joined> {
    const { options } = this.parts;
    for (;;) {
      const response = await this.#askToJoin(kept);
      const { memberId, generationId, errorCode } = response;
      const error = kafkaError(errorCode, `joining group ${options.group}`);
      if (error?.code === "MEMBER_ID_REQUIRED" && this.#generation.memberId === "") {
        this.#generation = { generationId: -1, memberId };
        continue;
      }
      if (error !== null) throw error;
      this.#generation = { generationId, memberId };
      // The group waits for its leader's plan; that this member lives is to be heard meanwhile.
      this.#heartbeat.start();
      return await this.#synchronize(response);
    }
  }

  async #askToJoin(kept: readonly TopicPartition[]): Promise<JoinResponse> {
    const { cluster, options, lane } = this.parts;
    const { group, groupInstanceId, topics, sessionTimeoutMs, maxPollIntervalMs } = options;
    const { generationId, memberId } = this.#generation;
    const coordinator = await cluster.coordinatorOf(group);
    this.#checkOver();
    const metadata = writeSubscription({ topics, owned: kept, generationId });
    const request = {
      groupId: group,
      sessionTimeoutMs,
      rebalanceTimeoutMs: maxPollIntervalMs,
      memberId,
      groupInstanceId,
      protocolType: consumerProtocolType,
      protocols: options.assignors.map(({ name }) => ({ name, metadata })),
      reason: null,
    };
    const timeoutMs = maxPollIntervalMs + consumerRebalanceGraceMs;
    const response = await cluster.send(coordinator, apis.JoinGroup, request, { lane, timeoutMs });
    this.#checkOver();
    return response;
  }

  async #synchronize(response: JoinResponse): Promise<Joined> {
    const { cluster, options, lane } = this.parts;
    const { group, groupInstanceId, assignors } = options;
    const generation = this.#generation;
    const { protocolType, protocolName } = response;
    const assignor = assignors.find(({ name }) => name === protocolName);
    if ((protocolType ?? consumerProtocolType) !== consumerProtocolType || !assignor) {
      const said = `the group speaks ${protocolType ?? "?"}, ${protocolName}`;
      throw new ClientError("INCONSISTENT_GROUP_PROTOCOL", `joining group ${group}: ${said}`);
    }
    const isLeader = response.leader === response.memberId;
    const members = isLeader ? response.members.map(memberOf) : [];
    const groupTopics = [...new Set(members.flatMap(({ topics }) => topics))];
    const divided = isLeader ? countsOf(await cluster.topics(groupTopics)) : null;
    const plan =
      divided === null || response.skipAssignment ? [] : assignor.assign(members, divided);
    const request = {
      groupId: group,
      ...generation,
      groupInstanceId,
      protocolType: consumerProtocolType,
      protocolName,
      assignments: [...plan].map(([memberId, partitions]) => {
        return { memberId, assignment: writeAssignment(partitions) };
      }),
    };
    const coordinator = await cluster.coordinatorOf(group);
    this.#checkOver();
    const timeoutMs = options.maxPollIntervalMs + consumerRebalanceGraceMs;
    const synced = await cluster.send(coordinator, apis.SyncGroup, request, { lane, timeoutMs });
    this.#checkOver();
    const error = kafkaError(synced.errorCode, `asking group ${group} what to read`);
    if (error !== null) throw error;
    const assigned = readAssignment(synced.assignment);
    if (assigned instanceof Malformed) {
      throw new ClientError(
        "MALFORMED",
        `the leader of group ${group} said what to read: ${assigned}`,
      );
    }
    return { generation, assigned, divided, groupTopics };
  }

  #checkOver(): void {
    if (this.#isOver) throw new ClientError("CLOSED", "the consumer is closed");
  }

  async #beat(): Promise<boolean> {
    const { cluster, options } = this.parts;
    const { group, groupInstanceId, sessionTimeoutMs } = options;
    const generation = this.#generation;
    try {
      const coordinator = await cluster.coordinatorOf(group);
      if (generation !== this.#generation) return true;
      const request = { groupId: group, ...generation, groupInstanceId };
      const timeoutMs = sessionTimeoutMs;
      const { errorCode } = await cluster.send(coordinator, apis.Heartbeat, request, { timeoutMs });
      const error = kafkaError(errorCode, `keeping a place in group ${group}`);
      return error === null || this.suffer(error, generation);
    } catch (error) {
      return this.suffer(error, generation);
    }
  }
}

/** A member whose subscription can't be read is given nothing, since nobody knows what it reads. */
function memberOf(row: JoinResponse["members"][number]): AssignedMember {
  const { memberId, groupInstanceId, metadata } = row;
  const read = readSubscription(metadata);
  const subscription =
    read instanceof Malformed ? { topics: [], owned: [], generationId: -1 } : read;
  return { memberId, groupInstanceId, ...subscription };
}
