import { expect, test } from "bun:test";
import { CommittedOffsets } from "../../src/broker/committed-offsets.ts";
import { Group } from "../../src/broker/group.ts";
import {
  commitError,
  deleteError,
  expiredOffsets,
  isSubscribed,
} from "../../src/broker/offset-rules.ts";
import type { GroupRow, OffsetRow } from "../../src/metadata/metadata.ts";
import { storyRules } from "./group-story.ts";
import { subscription } from "./groups-world.ts";

const dayMs = 24 * 3600 * 1000;

/** A group of the given protocol type, stable or (without metadata) empty for two days. */
function groupOf(protocolType: string | null, metadata: Uint8Array | null): Group {
  const member = {
    memberId: "m",
    groupInstanceId: null,
    clientId: "c",
    clientHost: "h",
    rebalanceTimeoutMs: 1,
    sessionTimeoutMs: 1,
    protocols: [{ name: "range", metadata: metadata ?? new Uint8Array() }],
    assignment: new Uint8Array(),
  };
  const row: GroupRow = {
    groupId: "g",
    generationId: 3,
    protocolType,
    protocolName: metadata && "range",
    leader: metadata && "m",
    currentStateTimestamp: 8 * dayMs,
    members: metadata === null ? [] : [member],
  };
  return new Group("g", storyRules, row, { wallMs: 10 * dayMs, monotonicMs: 0 });
}

const offset = (topic: string, committedDay: number, expiresDay?: number): OffsetRow => ({
  topic,
  partitionIndex: 0,
  committedOffset: 1,
  committedLeaderEpoch: -1,
  metadata: "",
  commitTimestamp: committedDay * dayMs,
  expireTimestamp: expiresDay === undefined ? null : expiresDay * dayMs,
});

const readsOrders = subscription("orders");
const unreadable = Uint8Array.of(1);

test.each([
  ["without members, too short a time ago", groupOf("consumer", null), offset("t", 1), 3, false],
  ["without members, long enough ago", groupOf("consumer", null), offset("t", 9), 2, true],
  ["that never had members, committed lately", groupOf(null, null), offset("t", 9), 2, false],
  ["that never had members, committed long ago", groupOf(null, null), offset("t", 8), 2, true],
  ["that reads the topic", groupOf("consumer", readsOrders), offset("orders", 1), 2, false],
  [
    "that does not read the topic any more",
    groupOf("consumer", readsOrders),
    offset("t", 1),
    2,
    true,
  ],
  ["that has just stopped reading it", groupOf("consumer", readsOrders), offset("t", 9), 2, false],
  ["that reads we know not what", groupOf("consumer", unreadable), offset("t", 1), 2, false],
  ["of another kind", groupOf("connect", readsOrders), offset("t", 1), 2, false],
  ["whose client set a time that has come", groupOf(null, null), offset("t", 9, 10), 100, true],
  ["whose client set a later time", groupOf(null, null), offset("t", 1, 11), 1, false],
])("an offset expires, or not, of a group %s", (_, group, row, retentionDays, isExpired) => {
  const offsets = new CommittedOffsets([row]);
  const expired = expiredOffsets(group, offsets, 10 * dayMs, retentionDays * dayMs);
  expect(expired).toEqual(isExpired ? [row] : []);
});

test("while a group rebalances nothing expires", () => {
  const group = groupOf("consumer", readsOrders);
  group.step(
    {
      kind: "join",
      ticket: 1,
      caller: { apiVersion: 3, clientId: "n", clientHost: "h" },
      newMemberId: "n",
      request: {
        groupId: "g",
        sessionTimeoutMs: 1,
        rebalanceTimeoutMs: 1,
        memberId: "",
        groupInstanceId: null,
        protocolType: "consumer",
        protocols: [{ name: "range", metadata: readsOrders }],
        reason: null,
      },
    },
    { wallMs: 0, monotonicMs: 0 },
  );
  expect(group.state).toBe("PreparingRebalance");
  const unread = new CommittedOffsets([offset("t", 1)]);
  expect(expiredOffsets(group, unread, 10 * dayMs, 1)).toEqual([]);
});

test("offsets may be deleted of empty groups and of consumers", () => {
  expect(deleteError(groupOf("consumer", null))).toBe("NONE");
  expect(deleteError(groupOf("connect", null))).toBe("NONE");
  expect(deleteError(groupOf("consumer", readsOrders))).toBe("NONE");
  expect(deleteError(groupOf("connect", readsOrders))).toBe("NON_EMPTY_GROUP");
  const dying = groupOf("consumer", null);
  dying.step({ kind: "condemned", reason: "a test" }, { wallMs: 0, monotonicMs: 0 });
  expect(deleteError(dying)).toBe("GROUP_ID_NOT_FOUND");
});

test("consumers read what they say; if they say it in an unknown way, anything", () => {
  expect(isSubscribed(groupOf("consumer", readsOrders), "orders")).toBe(true);
  expect(isSubscribed(groupOf("consumer", readsOrders), "t")).toBe(false);
  expect(isSubscribed(groupOf("consumer", unreadable), "t")).toBe(true);
  expect(isSubscribed(groupOf("consumer", null), "t")).toBe(false);
  expect(isSubscribed(groupOf("connect", readsOrders), "orders")).toBe(false);
  expect(isSubscribed(groupOf(null, null), "t")).toBe(false);
});

test.each([
  ["nobody, to an empty group", null, -1, "", null, "NONE"],
  ["a member of before, to an empty group", null, 3, "m", null, "UNKNOWN_MEMBER_ID"],
  ["nobody, to a group with members", readsOrders, -1, "", null, "UNKNOWN_MEMBER_ID"],
  ["a member", readsOrders, 3, "m", null, "NONE"],
  ["a member of an older generation", readsOrders, 2, "m", null, "ILLEGAL_GENERATION"],
  ["a stranger", readsOrders, 3, "x", null, "UNKNOWN_MEMBER_ID"],
  ["an instance that is not there", readsOrders, 3, "m", "i", "UNKNOWN_MEMBER_ID"],
] as const)(
  "committing by %s",
  (_, metadata, generationId, memberId, groupInstanceId, expected) => {
    const errorCode = commitError(groupOf("consumer", metadata), {
      groupId: "g",
      generationIdOrMemberEpoch: generationId,
      memberId,
      groupInstanceId,
      retentionTimeMs: -1,
      topics: [],
    });
    expect(errorCode).toBe(expected);
  },
);
