import { describe, expect, test } from "bun:test";
import { groupLag } from "../../../src/client/kafka/admin-lag.ts";
import { AdminWorld, codesOf, FakeAdminWorld } from "../../support/admin-world.ts";
import { batchOf } from "../../support/batches.ts";
import { hangUp } from "../../fake/kafka-network.ts";

const zero = { topic: "orders", partition: 0 };

describe("the lag of a group at a real broker", () => {
  test("counts what was not read, and its age from the first such record", async () => {
    await using world = await AdminWorld.open();
    const { admin, cluster } = world;
    await admin.createTopics([{ name: "orders", partitionCount: 2 }]);
    const now = cluster.world.clock.now();
    // A compressed batch that was read in part, and one behind it.
    const shape = { count: 5, compression: "zstd" } as const;
    await world.append("orders", 0, { ...shape, first: 0, timestamp: now - 3_600_000 });
    await world.append("orders", 0, { ...shape, first: 5, timestamp: now });
    await world.append("orders", 1, { first: 0, count: 3 });
    await admin.alterOffsets("group", [
      { ...zero, offset: 3 },
      { topic: "orders", partition: 1, offset: 3 },
    ]);
    const [behind, upToDate] = await admin.groupLag("group");
    expect(behind).toMatchObject({
      ...zero,
      memberId: null,
      committedOffset: 3,
      startOffset: 0,
      endOffset: 10,
      lag: 7,
      error: null,
    });
    expect(behind?.lagSeconds).toBeGreaterThanOrEqual(3_599);
    expect(behind?.lagSeconds).toBeLessThan(7_200);
    expect(upToDate).toMatchObject({ partition: 1, lag: 0, lagSeconds: 0 });
  });

  test("begins where the log does, if what was committed is gone", async () => {
    await using world = await AdminWorld.open();
    const { admin } = world;
    await admin.createTopics([{ name: "orders" }]);
    await world.append("orders", 0, { first: 0, count: 10 });
    await admin.alterOffsets("group", [{ ...zero, offset: 1 }]);
    await admin.deleteRecords([{ ...zero, beforeOffset: 6 }]);
    expect(await admin.groupLag("group")).toMatchObject([{ startOffset: 6, lag: 4 }]);
  });

  test("is that of no group that is not there", async () => {
    await using world = await AdminWorld.open();
    const asked = world.admin.groupLag("ghost");
    expect(asked).rejects.toMatchObject({ code: "GROUP_ID_NOT_FOUND" });
    await asked.catch(() => {});
  });
});

describe("the lag of a group at made-up brokers", () => {
  /** A group that has committed offset 0 of `orders/0`, which ends at 10. */
  async function open(): Promise<FakeAdminWorld> {
    const world = await FakeAdminWorld.open();
    world.one.on("DescribeGroups", () => ({ groups: [{ groupId: "group", groupState: "Empty" }] }));
    world.one.on("OffsetFetch", () => {
      const partitions = [{ partitionIndex: 0, committedOffset: 0 }];
      return { groups: [{ groupId: "group", topics: [{ name: "orders", partitions }] }] };
    });
    world.two.on("ListOffsets", ({ topics: [topic] }) => {
      const offset = topic?.partitions[0]?.timestamp === -1 ? 10 : 0;
      return { topics: [{ name: "orders", partitions: [{ partitionIndex: 0, offset }] }] };
    });
    return world;
  }

  const answer = (records: Uint8Array | null) => ({
    responses: [
      { partitions: [{ partitionIndex: 0, records: records === null ? null : [records] }] },
    ],
  });

  test("asks for one batch of each partition and no more", async () => {
    await using world = await open();
    const timestamp = world.network.clock.now() - 5_000;
    world.two.on("Fetch", () => answer(batchOf({ first: 0, timestamp })));
    const [lag] = await world.done(groupLag(world.calls, "group"));
    expect(lag).toMatchObject({ lag: 10, lagSeconds: 5 });
    expect(world.two.requests("Fetch")).toMatchObject([{ maxBytes: 1, maxWaitMs: 0 }]);
    expect(world.two.seen.find(({ api }) => api === "Fetch")?.version).toBe(12);
  });

  test("has no age where what comes is no batch, or nothing", async () => {
    await using world = await open();
    const damaged = batchOf({ first: 0 });
    damaged[damaged.length - 1]! ^= 1;
    for (const records of [damaged, new Uint8Array(3), null]) {
      world.two.on("Fetch", () => answer(records));
      const [lag] = await world.done(groupLag(world.calls, "group"));
      expect(lag).toMatchObject({ lag: 10, lagSeconds: null, error: null });
    }
  });

  test("does not wait for somebody to lead a partition: what is known of it is told", async () => {
    await using world = await open();
    world.leaders.set("orders", -1);
    const { clock } = world.network;
    const before = clock.monotonic();
    const [lag] = await world.done(groupLag(world.calls, "group"));
    expect(lag).toMatchObject({ committedOffset: 0, lag: null, endOffset: -1 });
    expect(lag?.error?.message).toBe("nobody leads orders/0 at the moment");
    expect(clock.monotonic() - before).toBeLessThan(200);
    expect(world.two.requests("ListOffsets")).toEqual([]);
  });

  test("has an error for the partition whose leader can't be reached", async () => {
    await using world = await open();
    world.two.on("Fetch", () => hangUp);
    const lags = await world.done(groupLag(world.calls, "group"));
    expect(codesOf(lags)).toEqual(["NETWORK"]);
    expect(lags[0]?.lag).toBe(10);
  });
});
