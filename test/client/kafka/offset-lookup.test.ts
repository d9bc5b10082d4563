import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { earliestTime, OffsetLookup } from "../../../src/client/kafka/offset-lookup.ts";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { clientItemsAskedMax, clientNewTopicMsMax } from "../../../src/limits.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { at } from "./assigned-members.ts";
import { codeOf, ScriptedCluster } from "./scripted-cluster.ts";

function world(): { cluster: ScriptedCluster; lookup: OffsetLookup } {
  const cluster = new ScriptedCluster();
  cluster.partitionCounts.set("orders", 2).set("bills", 1);
  cluster.leaderEpoch = 3;
  return { cluster, lookup: new OffsetLookup(cluster, 1) };
}

const row = (partitionIndex: number, found: number, errorCode = 0) => {
  return { partitionIndex, errorCode, timestamp: -1, offset: offset(found), leaderEpoch: 2 };
};

test("each leader is asked once for all its partitions, in the epoch in which it leads", async () => {
  const { cluster, lookup } = world();
  cluster.on(apis.ListOffsets, ({ topics }) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => row(partitionIndex, 40 + partitionIndex)),
    })),
  }));
  const wanted = ["orders/0", "orders/1", "bills/0"].map(at);
  const found = await lookup.all(wanted.map((each) => ({ ...each, timestamp: earliestTime })));
  expect(Object.fromEntries(found)).toEqual({ "orders/0": 40, "orders/1": 41, "bills/0": 40 });
  const [request, ...others] = cluster.requests(apis.ListOffsets);
  expect(others).toEqual([]);
  expect(request).toMatchObject({ replicaId: -1, isolationLevel: 1 });
  expect(request?.topics[0]?.partitions[0]).toEqual({
    partitionIndex: 0,
    currentLeaderEpoch: 3,
    timestamp: earliestTime,
  });
});

test("what is found is told, though another partition has an error; then only that is asked", async () => {
  const { cluster, lookup } = world();
  const errors = ["NOT_LEADER_OR_FOLLOWER", "NONE"] as const;
  cluster.on(apis.ListOffsets, ({ topics }) => {
    const errorCode = codeOf(errors[cluster.requests(apis.ListOffsets).length - 1] ?? "NONE");
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) =>
          row(partitionIndex, 7, partitionIndex === 1 ? errorCode : 0),
        ),
      })),
    };
  });
  const wanted = ["orders/0", "orders/1"].map((name) => ({ ...at(name), timestamp: 5 }));
  expect([...(await lookup.all(wanted))]).toHaveLength(2);
  expect(cluster.forgottenTopics).toEqual(["orders"]);
  expect(cluster.requests(apis.ListOffsets)[1]?.topics[0]?.partitions).toHaveLength(1);
});

test("an answer that leaves a partition out, and a topic that does not exist, are errors", async () => {
  const { cluster, lookup } = world();
  cluster.on(apis.ListOffsets, () => ({ topics: [] }));
  const ask = (name: string) => lookup.list([{ ...at(name), timestamp: 5 }], () => {});
  await expect(ask("orders/0")).rejects.toMatchObject({ code: "MALFORMED" });
  await expect(ask("ghosts/0")).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
});

test("the end of a leader epoch is asked for in a consumer's name", async () => {
  const { cluster, lookup } = world();
  cluster.on(apis.OffsetForLeaderEpoch, () => ({
    topics: [
      {
        topic: "orders",
        partitions: [{ errorCode: 0, partition: 1, leaderEpoch: 2, endOffset: offset(9) }],
      },
    ],
  }));
  expect(await lookup.endOfEpoch(at("orders/1"), 2)).toMatchObject({ offset: 9, leaderEpoch: 2 });
  expect(cluster.requests(apis.OffsetForLeaderEpoch)[0]).toEqual({
    replicaId: -1,
    topics: [
      {
        topic: "orders",
        partitions: [{ partition: 1, currentLeaderEpoch: 3, leaderEpoch: 2 }],
      },
    ],
  });
});

test("many partitions of a leader are asked for in several requests", async () => {
  const { cluster, lookup } = world();
  const count = clientItemsAskedMax + 1;
  cluster.partitionCounts.set("orders", count);
  cluster.on(apis.ListOffsets, ({ topics }) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => row(partitionIndex, partitionIndex)),
    })),
  }));
  const wanted = Array.from({ length: count }, (_, partition) => {
    return { topic: "orders", partition, timestamp: earliestTime };
  });
  const found = await lookup.all(wanted);
  expect([...found.values()]).toEqual(wanted.map(({ partition }) => partition));
  const asked = cluster
    .requests(apis.ListOffsets)
    .map(({ topics }) => topics[0]?.partitions.length);
  expect(asked).toEqual([clientItemsAskedMax, 1]);
});

test("a partition that its topic does not have is not waited for", async () => {
  const { cluster, lookup } = world();
  const asked = lookup.all([{ ...at("orders/2"), timestamp: 5 }]);
  await expect(asked).rejects.toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
    message: "topic orders has 2 partitions, and no 2",
    retriable: false,
  });
  expect(cluster.clock.monotonic()).toBe(0);
});

test("a topic that may just have been created is waited for, though not for long", async () => {
  const { cluster, lookup } = world();
  cluster.on(apis.ListOffsets, () => ({ topics: [{ name: "late", partitions: [row(0, 7)] }] }));
  let attempts = 0;
  cluster.retry = async (_deadline, attempt) => {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof ClientError && error.retriable)) throw error;
        attempts += 1;
        cluster.clock.advance(clientNewTopicMsMax / 4);
        if (attempts === 3) cluster.partitionCounts.set("late", 1);
      }
    }
  };
  expect([...(await lookup.all([{ ...at("late/0"), timestamp: 5 }]))]).toEqual([["late/0", 7]]);
  const before = cluster.clock.monotonic();
  const ghost = lookup.all([{ ...at("ghost/0"), timestamp: 5 }]);
  await expect(ghost).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
  expect(cluster.clock.monotonic() - before).toBe(clientNewTopicMsMax);
});
