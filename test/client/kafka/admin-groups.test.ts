import { describe, expect, test } from "bun:test";
import {
  deleteGroups,
  describeGroups,
  listGroups,
} from "../../../src/client/kafka/admin-groups.ts";
import { writeAssignment } from "../../../src/client/kafka/consumer-protocol.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { errors } from "../../../src/kafka/errors.ts";
import { hangUp } from "../../fake/kafka-network.ts";
import { AdminWorld, codesOf, FakeAdminWorld } from "../../support/admin-world.ts";

/** Joins a group as its only member, which reads `partitions` of `orders`. */
async function join({ cluster }: AdminWorld, groupId: string, partitions: number[]): Promise<void> {
  const groupInstanceId = "reader-1";
  const joined = await cluster.send("any", apis.JoinGroup, {
    groupId,
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 30_000,
    memberId: "",
    groupInstanceId,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: new Uint8Array(6) }],
    reason: null,
  });
  const { memberId, generationId } = joined;
  const assigned = partitions.map((partition) => ({ topic: "orders", partition }));
  await cluster.send("any", apis.SyncGroup, {
    groupId,
    generationId,
    memberId,
    groupInstanceId,
    protocolType: "consumer",
    protocolName: "range",
    assignments: [{ memberId, assignment: writeAssignment(assigned) }],
  });
}

describe("groups of a real broker", () => {
  test("are listed, described with who reads what, and deleted when nobody does", async () => {
    await using world = await AdminWorld.open();
    const { admin } = world;
    await admin.createTopics([{ name: "orders", partitionCount: 2 }]);
    await join(world, "busy", [0, 1]);
    const offsets = [{ topic: "orders", partition: 0, offset: 0 }];
    expect(codesOf(await admin.alterOffsets("idle", offsets))).toEqual([null]);
    expect((await admin.listGroups()).map(({ groupId, state }) => [groupId, state])).toEqual([
      ["busy", "Stable"],
      ["idle", "Empty"],
    ]);
    const described = await admin.describeGroups(["busy", "ghost"]);
    expect(codesOf(described)).toEqual([null, "GROUP_ID_NOT_FOUND"]);
    expect(described[0]).toMatchObject({
      state: "Stable",
      protocolType: "consumer",
      protocol: "range",
    });
    expect(described[0]?.members).toMatchObject([
      {
        groupInstanceId: "reader-1",
        clientId: "obelisk",
        clientHost: "127.0.0.1",
        assignment: [
          { topic: "orders", partition: 0 },
          { topic: "orders", partition: 1 },
        ],
      },
    ]);
    const deleted = await admin.deleteGroups(["busy", "idle", "ghost"]);
    expect(codesOf(deleted)).toEqual(["NON_EMPTY_GROUP", null, "GROUP_ID_NOT_FOUND"]);
    expect((await admin.listGroups()).map(({ groupId }) => groupId)).toEqual(["busy"]);
  });
});

describe("groups of several brokers", () => {
  test("are listed together, by their ids", async () => {
    await using world = await FakeAdminWorld.open();
    world.one.on("ListGroups", () => ({ groups: [{ groupId: "b" }] }));
    world.two.on("ListGroups", () => ({ groups: [{ groupId: "a" }] }));
    const listed = await world.done(listGroups(world.calls));
    expect(listed.map(({ groupId, coordinator }) => [groupId, coordinator])).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
  });

  test("are asked for at the coordinator that there is now", async () => {
    await using world = await FakeAdminWorld.open();
    const row = { groupId: "a", groupState: "Empty" };
    world.one.on("DescribeGroups", () => {
      world.coordinatorId = 2;
      return { groups: [{ ...row, errorCode: errors.NOT_COORDINATOR.code }] };
    });
    world.two.on("DescribeGroups", () => ({ groups: [row] }));
    expect(codesOf(await world.done(describeGroups(world.calls, ["a"])))).toEqual([null]);
  });

  test("are not found where an older broker calls them dead", async () => {
    await using world = await FakeAdminWorld.open();
    world.one.on("DescribeGroups", () => ({ groups: [{ groupId: "a", groupState: "Dead" }] }));
    expect(codesOf(await world.done(describeGroups(world.calls, ["a"])))).toEqual([
      "GROUP_ID_NOT_FOUND",
    ]);
  });

  test("have members whose assignments can't be read, or that are no consumers", async () => {
    await using world = await FakeAdminWorld.open();
    const members = [{ memberId: "m", memberAssignment: Uint8Array.of(0) }];
    for (const protocolType of ["consumer", "connect"]) {
      world.one.on("DescribeGroups", () => ({ groups: [{ groupId: "a", protocolType, members }] }));
      const [group] = await world.done(describeGroups(world.calls, ["a"]));
      expect(group?.members[0]?.assignment).toBeNull();
    }
  });

  test("are deleted if they are gone when it is asked again", async () => {
    await using world = await FakeAdminWorld.open();
    const errorCode = errors.GROUP_ID_NOT_FOUND.code;
    world.one.on("DeleteGroups", () => {
      world.one.on("DeleteGroups", () => ({ results: [{ groupId: "a", errorCode }] }));
      return hangUp;
    });
    expect(codesOf(await world.done(deleteGroups(world.calls, ["a"])))).toEqual([null]);
    expect(codesOf(await world.done(deleteGroups(world.calls, ["a"])))).toEqual([
      "GROUP_ID_NOT_FOUND",
    ]);
  });
});
