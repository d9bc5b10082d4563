/** A group coordinator and all that it stands on, for tests: store in memory, manual clock. */
import type {
  GroupCaller,
  JoinGroupReply,
  JoinGroupRequest,
  OffsetCommitReply,
  SyncGroupReply,
} from "../../src/broker/group-coordinator.ts";
import type { GroupErrorCode } from "../../src/broker/group-errors.ts";
import type { GroupRules } from "../../src/broker/group-rules.ts";
import { createGroups, type Groups } from "../../src/broker/groups.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { groupTransactionPauseMs } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryGroupStore } from "../fake/group-store.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { unwrap } from "../support/log-world.ts";
import { turns } from "../support/until.ts";
import { storyRules } from "./group-story.ts";

export const caller = (apiVersion: number, clientId = "app"): GroupCaller => {
  return { apiVersion, clientId, clientHost: "/127.0.0.1" };
};

/** The subscription of a consumer, version 0 of Kafka's protocol, without user data. */
export function subscription(...topics: readonly string[]): Uint8Array {
  const bytes: number[] = [0, 0, 0, 0, 0, topics.length];
  for (const topic of topics) {
    const text = new TextEncoder().encode(topic);
    bytes.push(0, text.length, ...text);
  }
  return Uint8Array.from([...bytes, 0xff, 0xff, 0xff, 0xff]);
}

export class GroupsWorld {
  readonly clock = new ManualClock();
  readonly logger = new MemoryLogger();
  store = new MemoryGroupStore();

  private constructor(
    readonly rules: GroupRules,
    readonly random: Random,
  ) {}

  static async open(
    rules: Partial<GroupRules> = {},
    random = seededRandom(1),
  ): Promise<GroupsWorld> {
    const world = new GroupsWorld({ ...storyRules, membersMax: 1_000, ...rules }, random);
    world.groups = await world.create(world.store);
    return world;
  }

  groups!: Groups;

  /** A coordinator of its own over a store, with this world's clock. */
  async create(store: MemoryGroupStore): Promise<Groups> {
    const { clock, logger, random } = this;
    return unwrap(await createGroups({ store, clock, random, logger }, this.rules));
  }

  /** The broker is gone at once; the next one finds what was stored. */
  async crash(): Promise<void> {
    this.store.isClosed = true;
    this.store = this.store.reopened();
    this.groups = await this.create(this.store);
  }

  /** Lets everything happen that needs no time, and all that waits be stored. */
  async settle(): Promise<void> {
    for (let left = 4; left > 0; left--) {
      this.clock.advance(groupTransactionPauseMs);
      await turns(1);
    }
  }

  /** Lets time pass, a little at a time, so that what is stored on the way is. */
  async pass(durationMs: number, stepMs = durationMs): Promise<void> {
    for (let left = durationMs; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(left, stepMs));
      await this.settle();
    }
  }

  join(
    groupId: string,
    more: Partial<JoinGroupRequest> = {},
    version = 3,
  ): Promise<JoinGroupReply> {
    const request = {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      memberId: "",
      groupInstanceId: null,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: subscription("t") }],
      reason: null,
      ...more,
    };
    return this.groups.joinGroup(request, caller(version));
  }

  /** Of a leader: gives each member its own id as assignment. */
  sync(
    groupId: string,
    joined: JoinGroupReply,
    groupInstanceId: string | null = null,
  ): Promise<SyncGroupReply> {
    const { memberId, generationId, members } = joined;
    const request = {
      groupId,
      generationId,
      memberId,
      groupInstanceId,
      protocolType: "consumer",
      protocolName: "range",
      assignments: members.map((member) => ({
        memberId: member.memberId,
        assignment: new TextEncoder().encode(member.memberId),
      })),
    };
    return this.groups.syncGroup(request, caller(5));
  }

  /** A stable group of one member, and how it joined. */
  async stable(groupId: string, more: Partial<JoinGroupRequest> = {}): Promise<JoinGroupReply> {
    const joining = this.join(groupId, more);
    await this.pass(this.rules.initialRebalanceDelayMs);
    const joined = await joining;
    const syncing = this.sync(groupId, joined);
    await this.settle();
    await syncing;
    return joined;
  }

  async heartbeat(
    groupId: string,
    { memberId, generationId }: JoinGroupReply,
    groupInstanceId: string | null = null,
  ): Promise<string> {
    const request = { groupId, memberId, generationId, groupInstanceId };
    return (await this.groups.heartbeat(request)).errorCode;
  }

  /** Commits offsets by topic and partition ("t 0"); as a member, or as nobody. */
  commit(
    groupId: string,
    offsets: Readonly<Record<string, number>>,
    as: { memberId: string; generationId: number } = { memberId: "", generationId: -1 },
    version = 8,
  ): Promise<OffsetCommitReply> {
    const topics = Object.entries(offsets).map(([name, committedOffset]) => {
      const [topic = "", index] = name.split(" ");
      const partition = {
        partitionIndex: Number(index),
        committedOffset,
        committedLeaderEpoch: 5,
        committedMetadata: null,
      };
      return { name: topic, partitions: [partition] };
    });
    const request = {
      groupId,
      generationIdOrMemberEpoch: as.generationId,
      memberId: as.memberId,
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics,
    };
    return this.groups.offsetCommit(request, caller(version));
  }

  /** All that a group has committed: "t 0" to offset. */
  async committed(groupId: string, requireStable = false): Promise<Record<string, number>> {
    const fetching = this.groups.offsetFetch({
      groups: [{ groupId, topics: null }],
      requireStable,
    });
    const [group] = (await fetching).groups;
    const found: Record<string, number> = {};
    for (const { name, partitions } of group?.topics ?? []) {
      for (const { partitionIndex, committedOffset } of partitions) {
        found[`${name} ${partitionIndex}`] = committedOffset;
      }
    }
    return found;
  }
}

/** The error codes of a reply, in its order. */
export const codesOf = (reply: {
  readonly topics: readonly {
    readonly partitions: readonly { readonly errorCode: GroupErrorCode }[];
  }[];
}): GroupErrorCode[] =>
  reply.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode));
