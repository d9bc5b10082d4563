import { describe, expect, test } from "bun:test";
import { type KafkaPeer, KafkaWorld, named } from "../../support/kafka-world.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

/** Joins, comes back with the id that is given, and is alone in the group afterwards. */
async function joined(peer: KafkaPeer, groupId: string, version = 5) {
  const request = {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: bytes("asked") }],
  };
  const first = await peer.request("JoinGroup", version, request);
  if (version < 4) return first;
  expect(named(first.errorCode)).toBe("MEMBER_ID_REQUIRED");
  return await peer.request("JoinGroup", version, { ...request, memberId: first.memberId });
}

async function synced(peer: KafkaPeer, groupId: string, version = 5) {
  const { memberId, generationId } = await joined(peer, groupId);
  const answer = await peer.request("SyncGroup", version, {
    groupId,
    generationId,
    memberId,
    protocolType: "consumer",
    protocolName: "range",
    assignments: [{ memberId, assignment: bytes("given") }],
  });
  return { ...answer, memberId, generationId };
}

test("a member joins, is given its part, and stays as long as it is heard", async () => {
  const world = await KafkaWorld.open();
  const peer = world.connect();
  const answer = await joined(peer, "g", 9);
  expect(answer).toMatchObject({ errorCode: 0, protocolType: "consumer", protocolName: "range" });
  expect(answer.members.map(({ metadata }) => text(metadata))).toEqual(["asked"]);
  expect(answer.leader).toBe(answer.memberId);
  expect(answer.memberId).toStartWith("client-");
  const { memberId, generationId } = answer;
  const part = await peer.request("SyncGroup", 5, {
    groupId: "g",
    generationId,
    memberId,
    protocolType: "consumer",
    protocolName: "range",
    assignments: [{ memberId, assignment: bytes("given") }],
  });
  expect(part).toMatchObject({ errorCode: 0, protocolType: "consumer", protocolName: "range" });
  expect(text(part.assignment)).toBe("given");
  const beat = () => peer.request("Heartbeat", 4, { groupId: "g", generationId, memberId });
  expect(named((await beat()).errorCode)).toBe("NONE");
  world.base.clock.advance(10_001);
  await world.settle();
  expect(named((await beat()).errorCode)).toBe("UNKNOWN_MEMBER_ID");
  await world.close();
});

test.each([0, 1, 2, 3])("JoinGroup %d needs no second request", async (version) => {
  const world = await KafkaWorld.open();
  const answer = await joined(world.connect(), "g", version);
  expect(named(answer.errorCode)).toBe("NONE");
  expect(answer.protocolName).toBe("range");
  await world.close();
});

test("a refusal names no protocol, in whatever form the version has for that", async () => {
  const world = await KafkaWorld.open();
  const peer = world.connect();
  for (const version of [2, 7]) {
    const answer = await peer.request("JoinGroup", version, { groupId: "" });
    expect(named(answer.errorCode)).toBe("INVALID_GROUP_ID");
    expect(answer.protocolName).toBe(version < 7 ? "" : null);
  }
  await world.close();
});

describe("LeaveGroup", () => {
  test("of one member answers its error for the whole", async () => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    const { memberId } = await synced(peer, "g");
    const leave = (id: string) => peer.request("LeaveGroup", 2, { groupId: "g", memberId: id });
    expect(named((await leave("nobody")).errorCode)).toBe("UNKNOWN_MEMBER_ID");
    expect(named((await leave(memberId)).errorCode)).toBe("NONE");
    expect(named((await leave(memberId)).errorCode)).toBe("UNKNOWN_MEMBER_ID");
    await world.close();
  });

  test("of many answers for each", async () => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    const { memberId } = await synced(peer, "g");
    const answer = await peer.request("LeaveGroup", 5, {
      groupId: "g",
      members: [{ memberId }, { memberId: "nobody" }, { groupInstanceId: "nowhere" }],
    });
    expect(named(answer.errorCode)).toBe("NONE");
    expect(answer.members.map(({ errorCode }) => named(errorCode))).toEqual([
      "NONE",
      "UNKNOWN_MEMBER_ID",
      "UNKNOWN_MEMBER_ID",
    ]);
    await world.close();
  });
});

test("groups are described and listed; those without members are deleted", async () => {
  const world = await KafkaWorld.open();
  const peer = world.connect();
  await synced(peer, "g");
  const described = await peer.request("DescribeGroups", 5, {
    groups: ["g", "none"],
    includeAuthorizedOperations: true,
  });
  expect(described.groups).toMatchObject([
    {
      errorCode: 0,
      groupId: "g",
      groupState: "Stable",
      protocolType: "consumer",
      protocolData: "range",
      members: [{ clientId: "client", clientHost: "/127.0.0.1" }],
    },
    { errorCode: 0, groupId: "none", groupState: "Dead", members: [] },
  ]);
  expect(described.groups[0]?.authorizedOperations).toBe(0b1101_0100_1000);
  expect(text(described.groups[0]?.members[0]?.memberAssignment ?? bytes(""))).toBe("given");
  const missing = await peer.request("DescribeGroups", 6, { groups: ["none"] });
  expect(named(missing.groups[0]?.errorCode ?? 0)).toBe("GROUP_ID_NOT_FOUND");
  expect(missing.groups[0]?.authorizedOperations).toBe(-0x8000_0000);

  const list = async (version: number, statesFilter: string[], typesFilter: string[]) => {
    const answer = await peer.request("ListGroups", version, { statesFilter, typesFilter });
    return answer.groups.map(({ groupId, groupState }) => `${groupId} ${groupState}`);
  };
  expect(await list(0, [], [])).toEqual(["g "]);
  expect(await list(4, ["stable"], [])).toEqual(["g Stable"]);
  expect(await list(5, ["Empty"], [])).toEqual([]);
  expect(await list(5, [], ["consumer"])).toEqual([]);
  const deleted = await peer.request("DeleteGroups", 2, { groupsNames: ["g", "none"] });
  expect(deleted.results.map(({ groupId, errorCode }) => [groupId, named(errorCode)])).toEqual([
    ["g", "NON_EMPTY_GROUP"],
    ["none", "GROUP_ID_NOT_FOUND"],
  ]);
  await world.close();
});

test("two members wait for one another, each on a connection of its own", async () => {
  const world = await KafkaWorld.open({}, { initialRebalanceDelayMs: 100 });
  await world.topic("t");
  const [one, other] = [world.connect(), world.connect()];
  const request = {
    groupId: "g",
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: bytes("x") }],
  };
  const first = one.ask("JoinGroup", 3, request);
  const second = other.ask("JoinGroup", 3, request);
  world.base.clock.advance(10_000);
  const [a, b] = [
    await one.response<"JoinGroup">(first),
    await other.response<"JoinGroup">(second),
  ];
  expect([a.generationId, b.generationId]).toEqual([1, 1]);
  expect(a.members.length + b.members.length).toBe(2);
  const follower = a.members.length === 0 ? { peer: one, ...a } : { peer: other, ...b };
  const leader = a.members.length === 0 ? { peer: other, ...b } : { peer: one, ...a };
  // The follower asks before there is anything to be given.
  const asked = follower.peer.ask("SyncGroup", 3, {
    groupId: "g",
    generationId: 1,
    memberId: follower.memberId,
  });
  await leader.peer.request("SyncGroup", 3, {
    groupId: "g",
    generationId: 1,
    memberId: leader.memberId,
    assignments: [
      { memberId: leader.memberId, assignment: bytes("first") },
      { memberId: follower.memberId, assignment: bytes("second") },
    ],
  });
  const given = await follower.peer.response<"SyncGroup">(asked);
  expect(text(given.assignment)).toBe("second");
  await world.close();
});

test("a commit of a member that is not in this generation is refused", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t");
  const peer = world.connect();
  const { memberId, generationId } = await synced(peer, "g");
  const commit = async (generation: number, id: string): Promise<string> => {
    const partitions = [{ partitionIndex: 0, committedOffset: 5 }];
    const answer = await peer.request("OffsetCommit", 7, {
      groupId: "g",
      generationIdOrMemberEpoch: generation,
      memberId: id,
      topics: [{ name: "t", partitions }],
    });
    return named(answer.topics[0]?.partitions[0]?.errorCode ?? 0);
  };
  expect(await commit(generationId, memberId)).toBe("NONE");
  expect(await commit(generationId + 1, memberId)).toBe("ILLEGAL_GENERATION");
  expect(await commit(generationId, "nobody")).toBe("UNKNOWN_MEMBER_ID");
  await world.close();
});
