import { expect, test } from "bun:test";
import {
  boundedCaller,
  boundedJoin,
  boundedSync,
  groupIdError,
  joinError,
  memberGroupIdError,
  syncError,
} from "../../src/broker/group-requests.ts";
import {
  groupIdCharactersMax,
  groupMemberBytesMax,
  groupNameCharactersMax,
  groupProtocolsMax,
} from "../../src/limits.ts";
import { storyRules } from "./group-story.ts";
import { caller } from "./groups-world.ts";

const join = {
  groupId: "g",
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 20_000,
  memberId: "",
  groupInstanceId: null,
  protocolType: "consumer",
  protocols: [{ name: "range", metadata: Uint8Array.of(1) }],
  reason: null,
};
const sync = {
  groupId: "g",
  generationId: 1,
  memberId: "m",
  groupInstanceId: null,
  protocolType: "consumer",
  protocolName: "range",
  assignments: [{ memberId: "m", assignment: Uint8Array.of(1) }],
};
const longName = "n".repeat(groupNameCharactersMax + 1);

test("a group id is any well-formed text of a bounded length", () => {
  for (const groupId of ["", "g", "\0", "é\n", "g".repeat(groupIdCharactersMax)]) {
    expect(groupIdError(groupId)).toBe("NONE");
  }
  expect(groupIdError("g".repeat(groupIdCharactersMax + 1))).toBe("INVALID_GROUP_ID");
  expect(groupIdError("\udc00")).toBe("INVALID_GROUP_ID");
  expect(memberGroupIdError("")).toBe("INVALID_GROUP_ID");
});

const many = Array.from({ length: groupProtocolsMax + 1 }, (_, at) => ({
  name: `p${at}`,
  metadata: new Uint8Array(),
}));
const half = new Uint8Array(groupMemberBytesMax / 2 + 1);

test.each([
  ["as it should be", {}, "NONE"],
  ["with the shortest session", { sessionTimeoutMs: storyRules.sessionTimeoutMsMin }, "NONE"],
  ["with too short a session", { sessionTimeoutMs: 5_999 }, "INVALID_SESSION_TIMEOUT"],
  ["with too long a session", { sessionTimeoutMs: 1_800_001 }, "INVALID_SESSION_TIMEOUT"],
  ["without a group", { groupId: "" }, "INVALID_GROUP_ID"],
  ["with a long instance id", { groupInstanceId: longName }, "INVALID_REQUEST"],
  ["with a long protocol type", { protocolType: longName }, "INVALID_REQUEST"],
  ["with many protocols", { protocols: many }, "INVALID_REQUEST"],
  [
    "with a long protocol name",
    { protocols: [{ name: longName, metadata: half }] },
    "INVALID_REQUEST",
  ],
  [
    "with much metadata",
    {
      protocols: [
        { name: "x", metadata: half },
        { name: "y", metadata: half },
      ],
    },
    "INVALID_REQUEST",
  ],
] as const)("a join %s", (_, more, expected) => {
  expect(joinError({ ...join, ...more }, storyRules)).toBe(expected);
});

test("without a rebalance timeout the session timeout counts", () => {
  expect(boundedJoin({ ...join, rebalanceTimeoutMs: -1 }).rebalanceTimeoutMs).toBe(10_000);
  expect(boundedJoin(join).rebalanceTimeoutMs).toBe(20_000);
});

test("of a protocol that is offered twice the first counts", () => {
  const protocols = ["a", "b", "a"].map((name, at) => ({ name, metadata: Uint8Array.of(at) }));
  expect(boundedJoin({ ...join, protocols }).protocols).toEqual(protocols.slice(0, 2));
});

test.each([
  ["as it should be", {}, 5, "NONE"],
  ["that names no protocol", { protocolName: null }, 5, "INCONSISTENT_GROUP_PROTOCOL"],
  ["that names no type", { protocolType: null }, 5, "INCONSISTENT_GROUP_PROTOCOL"],
  ["that can't name any", { protocolType: null, protocolName: null }, 4, "NONE"],
  ["without a group", { groupId: "" }, 5, "INVALID_GROUP_ID"],
  [
    "with a large assignment",
    { assignments: [{ memberId: "m", assignment: new Uint8Array(groupMemberBytesMax + 1) }] },
    5,
    "INVALID_REQUEST",
  ],
] as const)("a sync %s", (_, more, version, expected) => {
  expect(syncError({ ...sync, ...more }, caller(version))).toBe(expected);
});

test("what is kept is a copy", () => {
  const kept = [
    boundedJoin(join).protocols[0]?.metadata,
    boundedSync(sync).assignments[0]?.assignment,
  ];
  for (const bytes of kept) {
    expect(bytes).toEqual(Uint8Array.of(1));
    expect(bytes?.buffer.byteLength).toBe(1);
  }
  expect(kept[0]).not.toBe(join.protocols[0]?.metadata);
});

test("a client's id is cut where it is too long, never within a character", () => {
  const clientId = "n".repeat(groupNameCharactersMax - 1) + "\u{1f600}";
  const bounded = boundedCaller(caller(9, clientId)).clientId;
  expect(bounded).toHaveLength(groupNameCharactersMax);
  expect(bounded.isWellFormed()).toBe(true);
});
