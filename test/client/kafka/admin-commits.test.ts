import { describe, expect, test } from "bun:test";
import { alterOffsets, committedOffsets } from "../../../src/client/kafka/admin-commits.ts";
import { errors } from "../../../src/kafka/errors.ts";
import { clientItemsAskedMax } from "../../../src/limits.ts";
import { AdminWorld, codesOf, FakeAdminWorld } from "../../support/admin-world.ts";

/** A world in which `orders/0` has the offsets 2 to 10, and `orders/1` none. */
async function open(): Promise<AdminWorld> {
  const world = await AdminWorld.open();
  await world.admin.createTopics([{ name: "orders", partitionCount: 2 }]);
  await world.append("orders", 0, { first: 0, count: 10, timestamp: 1_000 });
  await world.admin.deleteRecords([{ topic: "orders", partition: 0, beforeOffset: 2 }]);
  return world;
}

const zero = { topic: "orders", partition: 0 };
const one = { topic: "orders", partition: 1 };

describe("what a group has committed", () => {
  test("is set, read and deleted", async () => {
    await using world = await open();
    const { admin } = world;
    const set = await admin.alterOffsets("group", [
      { ...zero, offset: 5, metadata: "by hand" },
      { topic: "ghost", partition: 0, offset: 1 },
    ]);
    expect(codesOf(set)).toEqual([null, "UNKNOWN_TOPIC_OR_PARTITION"]);
    expect(await admin.committedOffsets("group")).toEqual([
      { ...zero, offset: 5, leaderEpoch: -1, metadata: "by hand", error: null },
    ]);
    const both = await admin.committedOffsets("group", [zero, one]);
    expect(both.map(({ offset }) => offset)).toEqual([5, null]);
    expect(codesOf(await admin.deleteOffsets("group", [zero]))).toEqual([null]);
    expect(await admin.committedOffsets("group")).toEqual([]);
    expect(codesOf(await admin.deleteOffsets("ghost", [zero]))).toEqual(["GROUP_ID_NOT_FOUND"]);
  });

  test.each([
    ["earliest", 2],
    ["latest", 10],
    [1_004, 4],
    [9_000, 10],
    [{ offset: 7 }, 7],
    [{ offset: 0 }, 2],
    [{ offset: 99 }, 10],
    [{ shiftBy: -1 }, 4],
    [{ shiftBy: 99 }, 10],
  ] as const)("is moved to %j", async (target, to) => {
    await using world = await open();
    const { admin } = world;
    await admin.alterOffsets("group", [{ ...zero, offset: 5 }]);
    const planned = await admin.resetOffsets("group", [zero], target, { dryRun: true });
    expect(planned).toEqual([{ ...zero, from: 5, to, error: null }]);
    const offset = async () => (await admin.committedOffsets("group"))[0]?.offset;
    expect(await offset()).toBe(5);
    expect(await admin.resetOffsets("group", [zero], target)).toEqual(planned);
    expect(await offset()).toBe(to);
  });

  test("is moved where there was nothing, and not where there is no partition", async () => {
    await using world = await open();
    const ghost = { topic: "orders", partition: 9 };
    const reset = await world.admin.resetOffsets("group", [zero, one, ghost], { shiftBy: 1 });
    expect(reset.map(({ from, to }) => [from, to])).toEqual([
      [null, 3],
      [null, 0],
      [null, null],
    ]);
    expect(codesOf(reset)).toEqual([null, null, "UNKNOWN_TOPIC_OR_PARTITION"]);
  });
});

describe("commits of made-up brokers", () => {
  test("are refused for a group with members, in words that say what to do", async () => {
    await using world = await FakeAdminWorld.open();
    const errorCode = errors.UNKNOWN_MEMBER_ID.code;
    world.one.on("OffsetCommit", () => ({
      topics: [{ name: "orders", partitions: [{ partitionIndex: 0, errorCode }] }],
    }));
    const [set] = await world.done(alterOffsets(world.calls, "group", [{ ...zero, offset: 1 }]));
    expect(set?.error?.message).toBe(
      "setting the offset of group group in orders/0: the group has active members; " +
        "stop them first",
    );
  });

  test("are read from brokers of before version 8 and from a coordinator that moved", async () => {
    await using world = await FakeAdminWorld.open();
    world.one.on("OffsetFetch", () => {
      world.coordinatorId = 2;
      return { groups: [{ groupId: "group", errorCode: errors.NOT_COORDINATOR.code }] };
    });
    world.two.has("OffsetFetch", [1, 7]);
    world.two.on("OffsetFetch", () => ({
      topics: [{ name: "orders", partitions: [{ partitionIndex: 0, committedOffset: 3 }] }],
    }));
    const found = await world.done(committedOffsets(world.calls, "group", null));
    expect(found.map(({ offset }) => offset)).toEqual([3]);
    expect(world.two.requests("OffsetFetch")[0]).toMatchObject({ groupId: "group", topics: null });
  });

  test("of many partitions are asked for in several requests", async () => {
    await using world = await FakeAdminWorld.open();
    world.one.on("OffsetFetch", ({ groups }) => ({
      groups: groups.map(({ groupId, topics }) => ({
        groupId,
        topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({
            partitionIndex,
            committedOffset: 3,
          })),
        })),
      })),
    }));
    const all = Array.from({ length: clientItemsAskedMax + 1 }, (_, partition) => {
      return { topic: "orders", partition };
    });
    const found = await world.done(committedOffsets(world.calls, "group", all));
    expect(found.map(({ partition }) => partition)).toEqual(all.map(({ partition }) => partition));
    expect(world.one.requests("OffsetFetch")).toHaveLength(2);
  });
});
