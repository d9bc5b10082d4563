import { expect, test } from "bun:test";
import { type ConsumerOptions, planOf } from "../../../src/client/kafka/consumer-options.ts";
import { earliestTime, latestTime } from "../../../src/client/kafka/offset-lookup.ts";
import { ScriptedCluster } from "./scripted-cluster.ts";

const cluster = new ScriptedCluster();

test("what is left out is as Kafka's consumer has it, but for commits by itself", () => {
  const plan = planOf({ cluster, group: "bills", topics: ["orders"] });
  expect(plan).toMatchObject({
    fromTime: earliestTime,
    isCooperative: false,
    autoCommitIntervalMs: null,
    membership: {
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 3_000,
      maxPollIntervalMs: 300_000,
    },
    fetching: { isolationLevel: 0, fetchWaitMs: 500 },
  });
  expect(plan.membership.assignors.map(({ name }) => name)).toEqual([
    "range",
    "cooperative-sticky",
  ]);
});

test("members rebalance cooperatively when all that they offer is cooperative", () => {
  const assignors = ["cooperative-sticky"] as const;
  expect(planOf({ cluster, group: "bills", topics: ["orders"], assignors }).isCooperative).toBe(
    true,
  );
});

test("where to begin is an end or a time", () => {
  const fromTime = (from: NonNullable<ConsumerOptions["from"]>) =>
    planOf({ cluster, topics: ["orders"], from }).fromTime;
  expect(fromTime("latest")).toBe(latestTime);
  expect(fromTime("earliest")).toBe(earliestTime);
  expect(fromTime("committed")).toBe(earliestTime);
  expect(fromTime(1_700_000_000_000)).toBe(1_700_000_000_000);
});

const wrong: readonly (readonly [string, ConsumerOptions])[] = [
  ["no brokers", { topics: ["orders"] }],
  ["brokers and a cluster", { cluster, brokers: ["b:1"], topics: ["orders"] }],
  ["nothing to read", { cluster }],
  ["no topics", { cluster, topics: [] }],
  ["topics and partitions", { cluster, topics: ["a"], assign: [{ topic: "a", partition: 0 }] }],
  ["a topic that can't be", { cluster, topics: ["no/name"] }],
  ["a partition that can't be", { cluster, assign: [{ topic: "a", partition: -1 }] }],
  ["a group without a name", { cluster, group: "", topics: ["a"] }],
  ["a static member of no group", { cluster, groupInstanceId: "one", topics: ["a"] }],
  ["a static member without a name", { cluster, group: "g", groupInstanceId: "", topics: ["a"] }],
  ["no assignor", { cluster, group: "g", topics: ["a"], assignors: [] }],
  [
    "heartbeats slower than the session",
    { cluster, group: "g", topics: ["a"], sessionTimeoutMs: 3_000, heartbeatIntervalMs: 3_000 },
  ],
  ["no time at all", { cluster, group: "g", topics: ["a"], autoCommitIntervalMs: 0 }],
  ["half a byte", { cluster, topics: ["a"], partitionFetchBytes: 0.5 }],
  ["responses that can't be read", { cluster, topics: ["a"], fetchBytes: 2 ** 30 }],
  ["a time before time", { cluster, topics: ["a"], from: -5 }],
];
const untyped: readonly (readonly [string, Record<string, unknown>])[] = [
  ["a name in place of a list", { topics: "orders" }],
  ["a topic that is no text", { topics: [5] }],
  ["a partition without a topic", { assign: [{ partition: 5 }] }],
  ["nothing in place of a partition", { assign: [null] }],
  ["a partition that no request can name", { assign: [{ topic: "a", partition: 2 ** 31 }] }],
  ["a group that is no text", { group: 5, topics: ["a"] }],
  ["a member that is no text", { group: "g", groupInstanceId: 5, topics: ["a"] }],
  ["a name in place of assignors", { group: "g", topics: ["a"], assignors: "range" }],
  ["a beginning that is none", { topics: ["a"], from: "beginning" }],
  ["an isolation that is none", { topics: ["a"], isolation: "committed" }],
  ["what can't be called", { group: "g", topics: ["a"], onRevoked: 5 }],
];
test.each(untyped)("of a program without types is refused: %s", (_, options) => {
  const given = { cluster, ...options } as ConsumerOptions;
  expect(() => planOf(given)).toThrow(expect.objectContaining({ code: "INVALID" }));
});

test.each(wrong)("is refused: %s", (_, options) => {
  expect(() => planOf(options)).toThrow(expect.objectContaining({ code: "INVALID" }));
});
