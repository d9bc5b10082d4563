/** What is refused of groups and of clients, in every version; and versions that are not served. */
import { describe, expect, test } from "bun:test";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import type { Api } from "../../src/wire/table.ts";
import { KafkaWorld } from "../support/kafka-world.ts";
import { byId, type Ready, type Refused, refuses, unknownId } from "../support/refusals.ts";
import { turns } from "../support/until.ts";

const joining = (more: object) => (): object => ({
  groupId: "other",
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  protocolType: "consumer",
  protocols: [{ name: "range" }],
  ...more,
});
const inGroup =
  (more: object = {}) =>
  (_version: number, { memberId }: Ready): object => {
    return {
      groupId: "g",
      memberId,
      generationId: 1,
      protocolType: "consumer",
      protocolName: "range",
      ...more,
    };
  };
const commitRow =
  (topic: string, more: object = {}) =>
  (version: number, { ids, memberId }: Ready): object => {
    const asked = version >= 10 ? { topicId: ids[topic] ?? unknownId } : { name: topic };
    const partitions = [{ partitionIndex: 0, committedOffset: 1 }];
    const member = { memberId, generationIdOrMemberEpoch: 1 };
    return { groupId: "g", ...member, topics: [{ ...asked, partitions }], ...more };
  };

const grouped: readonly Refused[] = [
  {
    what: "no group id",
    api: "JoinGroup",
    request: joining({ groupId: "" }),
    error: "INVALID_GROUP_ID",
  },
  ...[1, 60_001].map((sessionTimeoutMs): Refused => {
    return {
      what: `a session of ${sessionTimeoutMs} ms`,
      api: "JoinGroup",
      request: joining({ sessionTimeoutMs }),
      error: "INVALID_SESSION_TIMEOUT",
    };
  }),
  {
    what: "a new member, which gets its id first",
    api: "JoinGroup",
    since: 4,
    request: joining({}),
    error: "MEMBER_ID_REQUIRED",
  },
  {
    what: "a member that nobody knows",
    api: "JoinGroup",
    request: joining({ groupId: "g", memberId: "nobody" }),
    error: "UNKNOWN_MEMBER_ID",
  },
  {
    what: "another protocol than the group's",
    api: "JoinGroup",
    request: joining({ groupId: "g", protocolType: "connect" }),
    error: "INCONSISTENT_GROUP_PROTOCOL",
  },
  ...(["SyncGroup", "Heartbeat"] as const).flatMap((api): Refused[] => [
    { what: "no member", api, request: inGroup({ memberId: "x" }), error: "UNKNOWN_MEMBER_ID" },
    {
      what: "no generation",
      api,
      request: inGroup({ generationId: 7 }),
      error: "ILLEGAL_GENERATION",
    },
    { what: "no group id", api, request: inGroup({ groupId: "" }), error: "INVALID_GROUP_ID" },
  ]),
  {
    what: "no member",
    api: "LeaveGroup",
    request: inGroup({ memberId: "x", members: [{ memberId: "x" }] }),
    error: "UNKNOWN_MEMBER_ID",
  },
  {
    what: "no group",
    api: "DescribeGroups",
    since: 6,
    request: () => ({ groups: ["none"] }),
    error: "GROUP_ID_NOT_FOUND",
  },
  {
    what: "no group",
    api: "DeleteGroups",
    request: () => ({ groupsNames: ["none"] }),
    error: "GROUP_ID_NOT_FOUND",
  },
  {
    what: "a group with members",
    api: "DeleteGroups",
    request: () => ({ groupsNames: ["g"] }),
    error: "NON_EMPTY_GROUP",
  },
  { what: "no topic", api: "OffsetCommit", request: commitRow("none"), error: byId(10) },
  {
    what: "no member",
    api: "OffsetCommit",
    request: commitRow("t", { memberId: "x" }),
    error: "UNKNOWN_MEMBER_ID",
  },
  {
    what: "no generation",
    api: "OffsetCommit",
    request: commitRow("t", { generationIdOrMemberEpoch: 7 }),
    error: "ILLEGAL_GENERATION",
  },
  {
    what: "an id that nobody has",
    api: "OffsetFetch",
    since: 10,
    request: () => ({
      groups: [{ groupId: "g", topics: [{ topicId: unknownId, partitionIndexes: [0] }] }],
    }),
    error: "UNKNOWN_TOPIC_ID",
  },
  {
    what: "no group",
    api: "OffsetDelete",
    request: () => ({ groupId: "none", topics: [] }),
    error: "GROUP_ID_NOT_FOUND",
  },
  {
    what: "share groups",
    api: "FindCoordinator",
    since: 1,
    request: () => ({ keyType: 2, key: "x", coordinatorKeys: ["x"] }),
    error: "INVALID_REQUEST",
  },
  {
    what: "transactions, of old clients",
    api: "FindCoordinator",
    since: 1,
    until: 3,
    request: () => ({ keyType: 1, key: "x" }),
    error: "TRANSACTIONAL_ID_AUTHORIZATION_FAILED",
  },
  {
    what: "transactions",
    api: "FindCoordinator",
    since: 4,
    request: () => ({ keyType: 1, coordinatorKeys: ["x"] }),
    error: "INVALID_REQUEST",
  },
  {
    what: "a transactional id",
    api: "InitProducerId",
    request: () => ({ transactionalId: "x", transactionTimeoutMs: 1_000 }),
    error: "INVALID_REQUEST",
  },
  {
    what: "a client without a name",
    api: "ApiVersions",
    since: 3,
    request: () => ({ clientSoftwareName: "", clientSoftwareVersion: "1" }),
    error: "INVALID_REQUEST",
  },
];

describe("what is refused of groups", () => refuses(grouped));

describe("a version that is not served ends the connection", () => {
  const others = (Object.keys(apis) as ApiName[])
    .filter((name) => name !== "ApiVersions")
    .flatMap((name) => {
      const { versions }: Api = apis[name];
      return [versions[0] - 1, versions[1] + 1].map((version) => [name, version] as const);
    });

  test.each(others)("%s %d", async (name, version) => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    const before = peer.frame("ListGroups", 0, {});
    const frame = peer.frame(name, apis[name].versions[1], {});
    new DataView(frame.buffer, frame.byteOffset).setInt16(2, version);
    peer.receive(before, frame);
    await turns(5);
    expect(peer.order).toEqual([1]);
    expect(peer.closedFor).toBe(`version ${version} of ${name} is not served`);
    await world.close();
  });
});
