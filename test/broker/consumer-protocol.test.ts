import { describe, expect, test } from "bun:test";
import {
  assignedPartitions,
  assignmentTo,
  emptyAssignment,
  subscribedTopics,
  subscriptionTo,
  topicsOf as topicsIn,
} from "../../src/broker/consumer-protocol.ts";
import type { Member } from "../../src/broker/group-members.ts";
import { assignmentOf } from "../support/http-world.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";
import { subscription } from "./groups-world.ts";

const member = (metadata: Uint8Array): Member => ({
  memberId: "m",
  groupInstanceId: null,
  clientId: "c",
  clientHost: "h",
  rebalanceTimeoutMs: 1,
  sessionTimeoutMs: 1,
  protocols: [
    { name: "other", metadata: subscription("no") },
    { name: "range", metadata },
  ],
  assignment: new Uint8Array(),
  joining: null,
  syncing: null,
  isNew: false,
});

/** The topics of a group of consumers whose members say this. */
function topicsOf(...metadata: readonly Uint8Array[]): readonly string[] | null {
  const members = metadata.map(member);
  const topics = subscribedTopics({
    protocolType: "consumer",
    protocolName: "range",
    members: { all: () => members },
  });
  return topics && [...topics].sort();
}

test("the topics of all members, each once", () => {
  expect(topicsOf(subscription("orders", "users"), subscription("users", "é"))).toEqual([
    "orders",
    "users",
    "é",
  ]);
});

test("what later versions add at the end is passed over", () => {
  const later = new Uint8Array([...subscription("orders"), 0, 0, 0, 7, 1, 2, 3]).with(1, 3);
  expect(topicsOf(later)).toEqual(["orders"]);
});

test("without members there are no topics; without topics in words we know, nothing is known", () => {
  expect(topicsOf()).toEqual([]);
  expect(topicsOf(subscription("orders"), new Uint8Array())).toBeNull();
  expect(topicsOf(subscription("orders").subarray(0, 10))).toBeNull();
  expect(topicsOf(Uint8Array.of(0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0))).toBeNull();
  expect(topicsOf(Uint8Array.of(0, 0, 0, 0, 0, 1, 0xff, 0xff))).toBeNull();
});

test("groups that are no consumers have no topics that we know", () => {
  const group = { protocolType: "connect", protocolName: "range", members: { all: () => [] } };
  expect(subscribedTopics(group)).toBeNull();
});

test("any bytes are read or refused", () => {
  const random = randomForTest();
  for (let run = 500; run > 0; run--) {
    const topics = topicsOf(randomBytes(random, random.below(40)));
    expect(topics === null || Array.isArray(topics)).toBe(true);
  }
});

test("nothing is said to a consumer in bytes: version, no topics, no user data", () => {
  expect(emptyAssignment("consumer").toHex()).toBe("000000000000ffffffff");
  expect(emptyAssignment("connect")).toHaveLength(0);
  expect(emptyAssignment(null)).toHaveLength(0);
});

test("what a member was told to read", () => {
  const assigned = assignedPartitions(assignmentOf("é", 3, 5));
  expect(assigned).toEqual([
    { topic: "é", partition: 3 },
    { topic: "é", partition: 5 },
  ]);
  expect(assignedPartitions(emptyAssignment("consumer"))).toEqual([]);
});

test("an assignment that is cut short anywhere has nothing in it, and random bytes do no harm", () => {
  const whole = assignmentOf("orders", 1, 2);
  for (let length = 0; length < whole.length; length++) {
    expect(assignedPartitions(whole.subarray(0, length))).toEqual([]);
  }
  const random = randomForTest();
  for (let round = 0; round < 1_000; round++) {
    assignedPartitions(randomBytes(random, random.below(40)));
  }
});

describe("what members of this process say", () => {
  test("a subscription is read back", () => {
    expect(topicsIn(subscriptionTo(["t", "größe"]))).toEqual(["t", "größe"]);
    expect(topicsIn(subscriptionTo([]))).toEqual([]);
    expect([...subscriptionTo(["t"])]).toEqual([...subscription("t")]);
  });

  test("an assignment is read back", () => {
    const assigned = [
      { topic: "t", partition: 0 },
      { topic: "t", partition: 7 },
      { topic: "u", partition: 1 },
    ];
    expect(assignedPartitions(assignmentTo(assigned))).toEqual(assigned);
    expect(assignedPartitions(assignmentTo([]))).toEqual([]);
  });
});
