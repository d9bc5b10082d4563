import { describe, expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { GroupOffsets, type OffsetToCommit } from "../../../src/client/kafka/group-offsets.ts";
import { writeAssignment } from "../../../src/client/kafka/consumer-protocol.ts";
import { Membership } from "../../../src/client/kafka/membership.ts";
import { rangeAssignor } from "../../../src/client/kafka/range-assignor.ts";
import { apis } from "../../../src/kafka/apis.ts";
import type { ErrorName } from "../../../src/kafka/errors.ts";
import { clientItemsAskedMax } from "../../../src/limits.ts";
import { at } from "./assigned-members.ts";
import { codeOf, ScriptedCluster, settled } from "./scripted-cluster.ts";

const processed = (name: string, to: number): OffsetToCommit => {
  return { ...at(name), offset: to, leaderEpoch: 4, metadata: "m" };
};

/** A member that has joined, and the offsets of its group. */
class World {
  readonly cluster = new ScriptedCluster();
  readonly member: Membership;
  readonly offsets: GroupOffsets;
  /** What the coordinator says of each commit in turn; then that it is stored. */
  says: ErrorName[] = [];

  constructor() {
    const { cluster } = this;
    cluster.on(apis.JoinGroup, () => {
      return { generationId: 3, protocolName: "range", memberId: "m", leader: "another" };
    });
    cluster.on(apis.SyncGroup, () => ({ assignment: writeAssignment([at("orders/0")]) }));
    cluster.on(apis.OffsetCommit, ({ topics }) => {
      const errorCode = codeOf(this.says.shift() ?? "NONE");
      return {
        topics: topics.map(({ name, topicId, partitions }) => ({
          name,
          topicId,
          partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
        })),
      };
    });
    this.member = new Membership({
      cluster,
      lane: "join",
      wake: () => {},
      options: {
        group: "bills",
        groupInstanceId: null,
        topics: ["orders"],
        assignors: [rangeAssignor],
        sessionTimeoutMs: 10_000,
        heartbeatIntervalMs: 1_000,
        maxPollIntervalMs: 60_000,
      },
    });
    const { member } = this;
    const group = { group: "bills", groupInstanceId: null, requireStable: true };
    this.offsets = new GroupOffsets({ cluster, member, ...group });
  }

  static async joined(): Promise<World> {
    const world = new World();
    await world.rejoin();
    return world;
  }

  async rejoin(): Promise<void> {
    this.member.requestJoin();
    this.member.join([]);
    await settled();
    this.member.takeJoined();
  }

  /** What the coordinator was asked to commit, by the first partition of each request. */
  get committed(): number[] {
    return this.cluster
      .requests(apis.OffsetCommit)
      .map(({ topics }) => topics[0]?.partitions[0]?.committedOffset ?? -1);
  }
}

describe("commits", () => {
  test("go to the coordinator in the name of the member and its generation", async () => {
    const world = await World.joined();
    await world.offsets.commit([processed("orders/0", 5), processed("orders/1", 6)]);
    expect(world.cluster.requests(apis.OffsetCommit)).toMatchObject([
      {
        groupId: "bills",
        generationIdOrMemberEpoch: 3,
        memberId: "m",
        topics: [
          {
            name: "orders",
            partitions: [
              {
                partitionIndex: 0,
                committedOffset: 5,
                committedLeaderEpoch: 4,
                committedMetadata: "m",
              },
              { partitionIndex: 1, committedOffset: 6 },
            ],
          },
        ],
      },
    ]);
  });

  test("one that is tried again does not come after a newer one", async () => {
    const world = await World.joined();
    world.says = ["COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR"];
    const first = world.offsets.commit([processed("orders/0", 1)]);
    const second = world.offsets.commit([processed("orders/0", 2)]);
    await Promise.all([first, second]);
    expect(world.committed).toEqual([1, 1, 1, 2]);
    expect(world.cluster.forgottenCoordinators).toBe(1);
  });

  test("of many partitions go out in several requests", async () => {
    const world = await World.joined();
    const count = clientItemsAskedMax + 1;
    const all = Array.from({ length: count }, (_, index) => processed(`orders/${index}`, index));
    await world.offsets.commit(all);
    expect(world.committed).toEqual([0, clientItemsAskedMax]);
  });

  test("of a partition that is gone are not tried again, and the others are committed", async () => {
    const world = await World.joined();
    const count = clientItemsAskedMax + 1;
    const all = Array.from({ length: count }, (_, index) => processed(`orders/${index}`, index));
    world.says = ["UNKNOWN_TOPIC_OR_PARTITION"];
    await expect(world.offsets.commit(all)).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
      retriable: false,
    });
    expect(world.committed).toEqual([0, clientItemsAskedMax]);
  });

  test("of a generation that is over are refused, and nothing is sent", async () => {
    const world = await World.joined();
    let store = (): void => {};
    world.cluster.on(apis.OffsetCommit, async () => {
      await new Promise<void>((resolve) => (store = resolve));
      return { topics: [] };
    });
    const commit = world.offsets.commit([processed("orders/0", 1)]);
    const late = world.offsets.commit([processed("orders/0", 2)]);
    await settled();
    await world.rejoin();
    store();
    await commit;
    await expect(late).rejects.toMatchObject({ code: "ILLEGAL_GENERATION" });
    expect(world.committed).toEqual([1]);
  });

  test("go on in the old generation while the group gathers, as long as they are taken", async () => {
    const world = await World.joined();
    world.cluster.on(apis.JoinGroup, () => new Promise(() => {}));
    await world.rejoin();
    await world.offsets.commit([processed("orders/0", 1)]);
    for (const error of ["ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS"] as const) {
      world.says = [error];
      const commit = world.offsets.commit([processed("orders/0", 2)]);
      await expect(commit).rejects.toMatchObject({ code: "REBALANCE_IN_PROGRESS" });
    }
    expect(world.committed).toEqual([1, 2, 2]);
    expect(world.member.takeLoss()).toBe(false);
  });

  test("while nothing is assigned are refused", async () => {
    const world = new World();
    const commit = world.offsets.commit([processed("orders/0", 1)]);
    await expect(commit).rejects.toMatchObject({ code: "ILLEGAL_GENERATION", retriable: false });
  });

  const lost: readonly (readonly [ErrorName, boolean])[] = [
    ["ILLEGAL_GENERATION", true],
    ["UNKNOWN_MEMBER_ID", true],
    ["FENCED_INSTANCE_ID", true],
    ["REBALANCE_IN_PROGRESS", false],
  ];
  test.each(lost)("%s: it is told, and the member knows; lost: %p", async (error, isLost) => {
    const world = await World.joined();
    world.says = [error];
    const commit = world.offsets.commit([processed("orders/0", 1)]);
    await expect(commit).rejects.toMatchObject({ code: error });
    expect(world.member.takeLoss()).toBe(isLost);
    expect(world.member.needsJoin).toBe(error !== "FENCED_INSTANCE_ID");
    expect(world.committed).toEqual([1]);
  });

  test("what is wrong with a commit alone does not cost the member its place", async () => {
    const world = await World.joined();
    world.says = ["OFFSET_METADATA_TOO_LARGE"];
    const commit = world.offsets.commit([processed("orders/0", 1)]);
    await expect(commit).rejects.toMatchObject({ code: "OFFSET_METADATA_TOO_LARGE" });
    expect(world.member.takeFailure()).toBeNull();
    expect(world.member.needsJoin).toBe(false);
  });

  test("of a program that has chosen its partitions are nobody's generation", async () => {
    const world = new World();
    const { cluster } = world;
    const group = { group: "bills", groupInstanceId: null, requireStable: false };
    await new GroupOffsets({ cluster, member: null, ...group }).commit([processed("orders/0", 1)]);
    expect(cluster.requests(apis.OffsetCommit)[0]).toMatchObject({
      generationIdOrMemberEpoch: -1,
      memberId: "",
    });
  });
});

describe("committed offsets", () => {
  const rows = (errorCode: number) => [
    {
      name: "orders",
      topicId: "",
      partitions: [
        {
          partitionIndex: 0,
          committedOffset: offset(7),
          committedLeaderEpoch: 2,
          metadata: "",
          errorCode,
        },
        {
          partitionIndex: 1,
          committedOffset: offset(-1),
          committedLeaderEpoch: -1,
          metadata: "",
          errorCode: 0,
        },
      ],
    },
  ];

  test("of many partitions are asked for in several requests", async () => {
    const cluster = new ScriptedCluster();
    cluster.on(apis.OffsetFetch, ({ groups }) => ({
      topics: (groups[0]?.topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: offset(partitionIndex),
          committedLeaderEpoch: -1,
          metadata: "",
          errorCode: 0,
        })),
      })),
    }));
    const group = { group: "bills", groupInstanceId: null, member: null, requireStable: false };
    const count = clientItemsAskedMax + 1;
    const all = Array.from({ length: count }, (_, index) => at(`orders/${index}`));
    const found = await new GroupOffsets({ cluster, ...group }).committed(all);
    expect([...found.values()].map((each) => each.offset)).toEqual(
      all.map(({ partition }) => offset(partition)),
    );
    expect(cluster.requests(apis.OffsetFetch)).toHaveLength(2);
  });

  test("come from brokers of any age; -1 is none", async () => {
    const world = new World();
    const wanted = ["orders/0", "orders/1"].map(at);
    world.cluster.on(apis.OffsetFetch, () => {
      return { groups: [{ groupId: "bills", topics: rows(0), errorCode: 0 }] };
    });
    const found = await world.offsets.committed(wanted);
    expect([...found]).toEqual([["orders/0", { offset: 7, leaderEpoch: 2 }]]);
    world.cluster.on(apis.OffsetFetch, () => ({ topics: rows(0) }));
    expect(await world.offsets.committed(wanted)).toEqual(found);
    expect(world.cluster.requests(apis.OffsetFetch)[0]).toMatchObject({
      groupId: "bills",
      requireStable: true,
      topics: [{ name: "orders", partitionIndexes: [0, 1] }],
      groups: [{ groupId: "bills", topics: [{ name: "orders", partitionIndexes: [0, 1] }] }],
    });
  });

  test("that a transaction is about to change are asked for again", async () => {
    const world = new World();
    world.cluster.on(apis.OffsetFetch, () => {
      const isFirst = world.cluster.requests(apis.OffsetFetch).length === 1;
      return { topics: rows(isFirst ? codeOf("UNSTABLE_OFFSET_COMMIT") : 0) };
    });
    expect((await world.offsets.committed([at("orders/0")])).size).toBe(1);
    expect(world.cluster.requests(apis.OffsetFetch)).toHaveLength(2);
  });
});
