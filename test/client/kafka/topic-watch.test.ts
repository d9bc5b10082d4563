import { expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { countsOf, TopicWatch } from "../../../src/client/kafka/topic-watch.ts";
import { consumerLookMs, consumerTopicsLookMs } from "../../../src/limits.ts";
import { counts } from "./assigned-members.ts";
import { pass, ScriptedCluster, settled } from "./scripted-cluster.ts";

test("topics of which nothing is known are looked at now, the others by and by", async () => {
  const cluster = new ScriptedCluster();
  cluster.partitionCounts.set("orders", 2);
  const watch = new TopicWatch({ cluster, wake: () => {} });
  watch.watch(["orders"], null);
  watch.look();
  await settled();
  expect(watch.takeChange()).toEqual(counts({ orders: 2 }));
  expect(watch.takeChange()).toBeNull();
  cluster.partitionCounts.set("orders", 3);
  await pass(cluster, consumerTopicsLookMs - 1, 1_000);
  watch.look();
  await settled();
  expect(watch.takeChange()).toBeNull();
  await pass(cluster, 1);
  watch.look();
  await settled();
  expect(watch.takeChange()).toEqual(counts({ orders: 3 }));
  watch.stop();
  expect(cluster.clock.pending).toBe(0);
});

test("what is not there any more is looked for at once, but no more often than that", async () => {
  const cluster = new ScriptedCluster();
  cluster.partitionCounts.set("orders", 4);
  let woken = 0;
  const watch = new TopicWatch({ cluster, wake: () => woken++ });
  watch.watch(["orders"], counts({ orders: 4 }));
  await pass(cluster, consumerLookMs);
  cluster.partitionCounts.set("orders", 2);
  watch.lookSoon();
  watch.lookSoon();
  await pass(cluster, 1);
  expect(woken).toBe(1);
  watch.look();
  await settled();
  expect(watch.takeChange()).toEqual(counts({ orders: 2 }));
  woken = 0;
  for (let heard = 0; heard < 4; heard++) {
    watch.lookSoon();
    await pass(cluster, consumerLookMs / 5);
    expect(woken).toBe(0);
  }
  watch.lookSoon();
  await pass(cluster, consumerLookMs / 5);
  expect(woken).toBe(1);
  watch.stop();
  watch.lookSoon();
  expect(cluster.clock.pending).toBe(0);
});

test("topics that don't exist are looked for often", async () => {
  const cluster = new ScriptedCluster();
  let woken = 0;
  const watch = new TopicWatch({ cluster, wake: () => woken++ });
  watch.watch(["orders"], counts({}));
  await pass(cluster, consumerLookMs);
  expect(woken).toBe(1);
  cluster.partitionCounts.set("orders", 1);
  watch.look();
  await settled();
  expect(watch.takeChange()).toEqual(counts({ orders: 1 }));
});

test("a topic of which nothing can be said at the moment stays what it was; one that is gone goes", () => {
  const topic = { topicId: "", isInternal: false, partitions: [] };
  const before = counts({ orders: 2, bills: 3 });
  const found = countsOf(
    [
      { ...topic, name: "orders", error: new ClientError("LEADER_NOT_AVAILABLE", "wait") },
      { ...topic, name: "bills", error: new ClientError("UNKNOWN_TOPIC_OR_PARTITION", "gone") },
    ],
    before,
  );
  expect(found).toEqual(counts({ orders: 2 }));
});

test("what is not going to pass is told once", async () => {
  const cluster = new ScriptedCluster();
  const refused = new ClientError("TOPIC_AUTHORIZATION_FAILED", "no");
  cluster.topics = () => Promise.reject(refused);
  const watch = new TopicWatch({ cluster, wake: () => {} });
  watch.watch(["orders"], null);
  watch.look();
  await settled();
  expect(watch.takeFailure()).toBe(refused);
  expect(watch.takeFailure()).toBeNull();
});
