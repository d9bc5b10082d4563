import { expect, test } from "bun:test";
import { subscribedTopics } from "../../../src/broker/consumer-protocol.ts";
import {
  readAssignment,
  readSubscription,
  writeAssignment,
  writeSubscription,
} from "../../../src/client/kafka/consumer-protocol.ts";
import { Malformed } from "../../../src/wire/reader.ts";
import { bytesOf } from "../../support/hex.ts";
import { randomBytes, randomForTest } from "../../support/seed.ts";
import { at } from "./assigned-members.ts";

const subscription = {
  topics: ["orders", "bills"],
  owned: ["orders/1", "orders/0", "bills/2"].map(at),
  generationId: 7,
};

test("a subscription is what Kafka's members read, in version 3", () => {
  const subscribed = writeSubscription({ topics: ["t"], owned: [at("t/1")], generationId: 5 });
  const columns = [
    "0003 00000001 000174", // version and topics
    "00000004 00000005", // user data: the generation
    "00000001 000174 00000001 00000001", // owned partitions
    "00000005 ffff", // generation, no rack
  ];
  expect(subscribed).toEqual(bytesOf(columns.join("")));
  expect(readSubscription(writeSubscription(subscription))).toEqual(subscription);
});

test("subscriptions of older members are read: without partitions, without a generation", () => {
  expect(readSubscription(bytesOf("0000 00000001 000174 ffffffff"))).toEqual({
    topics: ["t"],
    owned: [],
    generationId: -1,
  });
  // Version 1: the generation is in the user data.
  const first = "0001 00000001 000174 00000004 00000009 00000001 000174 00000001 00000003";
  expect(readSubscription(bytesOf(first))).toEqual({
    topics: ["t"],
    owned: [at("t/3")],
    generationId: 9,
  });
});

test("what a later version adds at the end is passed over", () => {
  const later = new Uint8Array([...writeSubscription(subscription), 1, 2, 3]).with(1, 9);
  expect(readSubscription(later)).toEqual(subscription);
});

test("an assignment is what members of any age read; no bytes are no partitions", () => {
  const bytes = bytesOf("0000 00000001 000174 00000002 00000001 00000002 ffffffff");
  expect(writeAssignment([at("t/1"), at("t/2")])).toEqual(bytes);
  expect(readAssignment(writeAssignment([at("t/1"), at("u/2")]))).toEqual([at("t/1"), at("u/2")]);
  expect(readAssignment(new Uint8Array())).toEqual([]);
});

test("any bytes are read, or found to be unreadable", () => {
  const random = randomForTest();
  const isEither = (read: unknown): boolean => read instanceof Malformed || read instanceof Object;
  for (let run = 500; run > 0; run--) {
    const bytes = randomBytes(random, random.below(40));
    expect(isEither(readSubscription(bytes))).toBe(true);
    expect(isEither(readAssignment(bytes))).toBe(true);
  }
  expect(readSubscription(bytesOf("ffff 00000000"))).toBeInstanceOf(Malformed);
  expect(readSubscription(bytesOf("00"))).toBeInstanceOf(Malformed);
});

test("a broker that knows only the beginning finds the same topics in them", () => {
  const metadata = writeSubscription(subscription);
  const known = {
    memberId: "m",
    groupInstanceId: null,
    clientId: "c",
    clientHost: "h",
    rebalanceTimeoutMs: 1,
    sessionTimeoutMs: 1,
    protocols: [{ name: "range", metadata }],
    assignment: new Uint8Array(),
    joining: null,
    syncing: null,
    isNew: false,
  };
  const group = {
    protocolType: "consumer",
    protocolName: "range",
    members: { all: () => [known] },
  };
  expect([...(subscribedTopics(group) ?? [])]).toEqual(["orders", "bills"]);
});
