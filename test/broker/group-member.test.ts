import { describe, expect, test } from "bun:test";
import { assignedPartitions } from "../../src/broker/consumer-protocol.ts";
import { GroupMember, type MemberOwner } from "../../src/broker/group-member.ts";
import { memberHeartbeatMs } from "../../src/limits.ts";
import { HttpWorld } from "../support/http-world.ts";
import { subscription } from "./groups-world.ts";
import { ownerOf } from "./member-owner.ts";

const caller = { apiVersion: 5, clientId: "kafka", clientHost: "" };

function memberIn(world: HttpWorld, owner: MemberOwner): GroupMember {
  const { broker, groups, base } = world;
  return new GroupMember({ broker, groups, clock: base.clock }, owner);
}

const given = ({ assignment }: GroupMember): string =>
  assignment?.map(({ topic, partition }) => `${topic}${partition}`).join(" ") ?? "none";

describe("a member of this process", () => {
  test("gets all partitions while it is alone", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 3);
    const owner = ownerOf("g", "t");
    const member = memberIn(world, owner);
    await world.movingUntil(() => given(member) === "t0 t1 t2");
    expect(owner.told).toEqual(["changed"]);
    await world.moving(member.close());
    expect([given(member), owner.told]).toEqual(["none", ["changed", "revoking"]]);
  });

  test("shares with another one, and takes over what that leaves", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 3);
    const owner = ownerOf("g", "t");
    const first = memberIn(world, owner);
    await world.movingUntil(() => given(first) === "t0 t1 t2");
    const second = memberIn(world, ownerOf("g", "t"));
    await world.movingUntil(() => {
      return [given(first), given(second)].every((each) => each !== "none" && each.length < 8);
    });
    expect([given(first), given(second)].sort().join(" ")).toBe("t0 t1 t2");
    expect(owner.told).toEqual(["changed", "revoking", "changed", "changed"]);
    await world.moving(first.close());
    await world.movingUntil(() => given(second) === "t0 t1 t2");
    await world.moving(second.close());
  });

  test("shares with a Kafka client, whichever of them leads", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 2);
    const member = memberIn(world, ownerOf("g", "t"));
    await world.movingUntil(() => given(member) === "t0 t1");
    const asked = {
      groupId: "g",
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      memberId: "",
      groupInstanceId: null,
      protocolType: "consumer",
      protocols: [
        { name: "roundrobin", metadata: subscription("t") },
        { name: "range", metadata: subscription("t") },
      ],
      reason: null,
    };
    const promised = await world.groups.joinGroup(asked, caller);
    const { memberId } = promised;
    const joining = world.groups.joinGroup({ ...asked, memberId }, caller);
    const joined = await world.moving(joining);
    expect([joined.errorCode, joined.protocolName]).toEqual(["NONE", "range"]);
    const { generationId, protocolType, protocolName } = joined;
    const synced = await world.moving(
      world.groups.syncGroup(
        {
          ...{ groupId: "g", generationId, memberId, groupInstanceId: null },
          ...{ protocolType, protocolName, assignments: [] },
        },
        caller,
      ),
    );
    await world.movingUntil(() => given(member) !== "none" && given(member) !== "t0 t1");
    const others = assignedPartitions(synced.assignment);
    expect([...others, ...(member.assignment ?? [])]).toHaveLength(2);
    expect(
      new Set([...others, ...(member.assignment ?? [])].map((each) => each.partition)),
    ).toEqual(new Set([0, 1]));
    await world.moving(member.close());
  });

  test("gets partitions that are added, and those of topics that its owner adds", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await world.topic("u");
    const topics = ["t"];
    const member = memberIn(world, { ...ownerOf("g"), topics: () => [...topics] });
    await world.movingUntil(() => given(member) === "t0");
    await world.broker.createPartitions("t", 2);
    await world.movingUntil(() => given(member) === "t0 t1", memberHeartbeatMs);
    topics.push("u");
    await world.movingUntil(() => given(member) === "t0 t1 u0", memberHeartbeatMs);
    await world.moving(member.close());
  });

  test("that was forgotten joins again, and commits as the one that it is", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const owner = ownerOf("g", "t");
    const member = memberIn(world, owner);
    await world.movingUntil(() => given(member) === "t0");
    const [group] = await world.groups.describeGroups(["g"], caller);
    const leaving = group?.members.map(({ memberId }) => {
      return { memberId, groupInstanceId: null, reason: null };
    });
    await world.moving(world.groups.leaveGroup({ groupId: "g", members: leaving ?? [] }));
    const offsets = [{ topic: "t", partition: 0, offset: 5 }];
    expect(await world.moving(member.commit(offsets))).toBe("UNKNOWN_MEMBER_ID");
    await world.movingUntil(() => owner.told.length === 3, memberHeartbeatMs);
    expect(await world.moving(member.commit(offsets))).toBe("NONE");
    await world.moving(member.close());
  });

  test("that can't be is none, and says why", async () => {
    await using world = await HttpWorld.open();
    const owner = ownerOf("g".repeat(1_000), "t");
    const member = memberIn(world, owner);
    await world.moving(member.ended);
    expect([member.fault, owner.told]).toEqual(["INVALID_GROUP_ID", ["changed"]]);
    await member.close();
  });
});
