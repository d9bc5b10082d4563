/**
 * A member of a consumer group that does nothing else: it joins, takes what it is given, commits
 * offsets for that as fast as it can, and joins again when it is told to. Classic protocol, eager
 * or cooperative (KIP-429). It outlives brokers: over a new connection it goes on as who it was.
 *
 * Invariant: it commits only for what the generation that it names has given it.
 */
import { named, type Response } from "../../support/kafka-world.ts";
import {
  assignCooperatively,
  assignEagerly,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from "./group-protocol.ts";
import type { GroupWitness } from "./group-witness.ts";
import type { KafkaClient } from "./kafka-client.ts";

/** How a group rebalances. */
export type GroupKind = "eager" | "cooperative";

/** What all members of a group share. */
export interface GroupShape {
  readonly kind: GroupKind;
  readonly groupId: string;
  readonly topic: string;
  readonly partitionCount: number;
  readonly sessionTimeoutMs: number;
  readonly witness: GroupWitness;
  /** A connection to the broker, once there is one; `null`: that one went away at once. */
  readonly connect: () => Promise<KafkaClient | null>;
  /** Whether a broker that stops may answer so; then it is asked again over a new connection. */
  readonly isPassing?: (code: string) => boolean;
}

/** Long enough for everybody to come back, however busy the machine is. */
const rebalanceTimeoutMs = 60_000;
const protocolType = "consumer";
/** By how much a zombie's offsets are ahead of all others. */
const zombieLead = 1_000_000_000;

/** What of an answer says how to go on. */
type Standing = "placed" | "rejoin" | "gone";

/** See the head of this file. */
export class GroupMember {
  memberId = "";
  generationId = -1;
  owned: readonly number[] = [];
  /** It has its assignment, and was told of nothing newer. */
  isPlaced = false;
  readonly #nextOffsets = new Map<number, number>();
  #client: KafkaClient | null = null;
  #isAlive = true;
  readonly ended: Promise<void>;

  constructor(private readonly shape: GroupShape) {
    this.ended = this.#live();
  }

  /** Cuts its connection, and leaves it at that: the group is told nothing. */
  kill(): void {
    this.#isAlive = false;
    this.#client?.[Symbol.dispose]();
  }

  /**
   * Commits once more for what it had, as if it had slept, offsets that nobody else commits: what
   * it is answered for each.
   */
  async commitAsZombie(): Promise<string[]> {
    using client = await this.shape.connect();
    const answer = client === null ? null : await this.#commit(client, zombieLead);
    const partitions = answer?.topics.flatMap((topic) => topic.partitions) ?? [];
    return partitions.map(({ errorCode }) => named(errorCode));
  }

  async #live(): Promise<void> {
    while (this.#isAlive) {
      const client = await this.shape.connect();
      this.#client = client;
      if (client === null) continue;
      // Killed while it was connecting.
      if (!this.#isAlive) client[Symbol.dispose]();
      for (let standing: Standing = "placed"; standing !== "gone";) {
        standing = this.isPlaced ? await this.#work(client) : await this.#join(client);
        if (standing === "rejoin") this.isPlaced = false;
      }
      if (client.violations.length > 0) this.shape.witness.violations.push(...client.violations);
    }
  }

  /** Joins the next generation and takes what it gives. */
  async #join(client: KafkaClient): Promise<Standing> {
    const { shape, memberId, owned, generationId } = this;
    const { kind, groupId, topic, sessionTimeoutMs } = shape;
    // Before it asks, an eager member gives up everything.
    if (kind === "eager") this.owned = [];
    const subscribed = encodeSubscription(topic, { owned: this.owned, generationId });
    const joined = await client.ask("JoinGroup", 9, {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId,
      protocolType,
      protocols: [{ name: kind, metadata: subscribed }],
    });
    if (joined === null) return "gone";
    if (joined.errorCode !== 0) return this.#refused(joined.errorCode, joined.memberId);
    this.memberId = joined.memberId;
    this.generationId = joined.generationId;
    const { newest } = shape.witness;
    const synced = await client.ask("SyncGroup", 5, {
      groupId,
      generationId: joined.generationId,
      memberId: joined.memberId,
      protocolType,
      protocolName: kind,
      assignments: this.#divide(joined),
    });
    if (synced === null) return "gone";
    if (synced.errorCode !== 0) return this.#refused(synced.errorCode);
    const given = decodeAssignment(synced.assignment);
    shape.witness.assigned(this.memberId, this.generationId, given, newest);
    return await this.#take(client, given, owned);
  }

  /** The leader's part. */
  #divide({ leader, memberId, members }: Response<"JoinGroup">): object[] {
    if (leader !== memberId) return [];
    const { kind, topic, partitionCount } = this.shape;
    const subscribers = members.map((each) => decodeSubscription(each.memberId, each.metadata));
    const assign = kind === "eager" ? assignEagerly : assignCooperatively;
    return [...assign(subscribers, partitionCount)].map(([id, partitions]) => {
      return { memberId: id, assignment: encodeAssignment(topic, partitions) };
    });
  }

  /** Goes on from the committed offsets of what is new to it. */
  async #take(
    client: KafkaClient,
    given: readonly number[],
    before: readonly number[],
  ): Promise<Standing> {
    const { kind } = this.shape;
    const kept = kind === "eager" ? [] : before.filter((index) => this.#nextOffsets.has(index));
    const fresh = given.filter((index) => !kept.includes(index));
    this.owned = given;
    const isFetched = await fetchCommitted(client, this.shape, fresh, (index, offset) => {
      this.#nextOffsets.set(index, offset + 1);
    });
    if (!isFetched) {
      // What it has not read it does not own.
      this.owned = given.filter((index) => kept.includes(index));
      return "gone";
    }
    const hasGivenUp = before.some((index) => !given.includes(index));
    if (kind === "cooperative" && hasGivenUp) return "rejoin";
    this.isPlaced = true;
    return "placed";
  }

  /** Commits the next offsets, and asks whether it is still a member. */
  async #work(client: KafkaClient): Promise<Standing> {
    const { memberId, generationId, shape } = this;
    const committed = this.owned.length === 0 ? { topics: [] } : await this.#commit(client);
    if (committed === null) return "gone";
    const [partition] = committed.topics.flatMap(({ partitions }) => partitions);
    if (partition !== undefined && partition.errorCode !== 0) {
      return this.#refused(partition.errorCode);
    }
    const request = { groupId: shape.groupId, memberId, generationId };
    const beat = await client.ask("Heartbeat", 4, request);
    if (beat === null) return "gone";
    return beat.errorCode === 0 ? "placed" : this.#refused(beat.errorCode);
  }

  async #commit(client: KafkaClient, lead = 0): Promise<Response<"OffsetCommit"> | null> {
    const { memberId, generationId, owned, shape } = this;
    const { witness, groupId, topic: name } = shape;
    const next = (index: number): number => (this.#nextOffsets.get(index) ?? -1) + lead;
    const offsets = new Map(owned.map((index) => [index, next(index)]));
    const commit = witness.sends(generationId, offsets, lead === 0);
    const partitions = owned.map((partitionIndex) => {
      const committedOffset = offsets.get(partitionIndex) ?? -1;
      return { partitionIndex, committedOffset, committedMetadata: memberId };
    });
    const answer = await client.ask("OffsetCommit", 9, {
      groupId,
      generationIdOrMemberEpoch: generationId,
      memberId,
      topics: [{ name, partitions }],
    });
    for (const { partitionIndex, errorCode } of answer?.topics[0]?.partitions ?? []) {
      if (errorCode !== 0) continue;
      witness.acknowledged(commit, partitionIndex);
      this.#nextOffsets.set(partitionIndex, (offsets.get(partitionIndex) ?? -1) + 1);
    }
    return answer;
  }

  #refused(errorCode: number, memberId = this.memberId): Standing {
    const code = named(errorCode);
    switch (code) {
      case "MEMBER_ID_REQUIRED":
        this.memberId = memberId;
        return "rejoin";
      case "REBALANCE_IN_PROGRESS":
        return "rejoin";
      case "UNKNOWN_MEMBER_ID":
        this.memberId = "";
        return this.#forget();
      case "ILLEGAL_GENERATION":
        return this.#forget();
      default:
        if (this.shape.isPassing?.(code) === true) return "gone";
        this.shape.witness.violations.push(`a member was answered: ${code}`);
        return this.#forget();
    }
  }

  /** What it had may be somebody else's by now. */
  #forget(): Standing {
    this.generationId = -1;
    this.owned = [];
    this.#nextOffsets.clear();
    return "rejoin";
  }
}

/** Fetches committed offsets and holds them against the witness; `false`: nobody answered. */
export async function fetchCommitted(
  client: KafkaClient,
  { groupId, topic, witness }: Pick<GroupShape, "groupId" | "topic" | "witness">,
  indexes: readonly number[],
  take: (index: number, offset: number) => void = () => {},
): Promise<boolean> {
  if (indexes.length === 0) return true;
  const expected = witness.expects();
  const topics = [{ name: topic, partitionIndexes: indexes }];
  const groups = [{ groupId, topics }];
  const found = await client.ask("OffsetFetch", 8, { groups, requireStable: true });
  // A broker that stops has no offsets any more.
  if (found === null || named(found.groups[0]?.errorCode ?? 0) === "COORDINATOR_NOT_AVAILABLE") {
    return false;
  }
  const partitions = found.groups[0]?.topics[0]?.partitions ?? [];
  if (partitions.length !== indexes.length) {
    witness.violations.push(`${indexes.length} offsets were asked for, ${partitions.length} came`);
  }
  for (const { partitionIndex, committedOffset } of partitions) {
    const offset = Math.max(0, Number(committedOffset));
    witness.found(partitionIndex, offset, expected);
    take(partitionIndex, offset);
  }
  return true;
}
