import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { earliestTime, OffsetLookup } from "../../../src/client/kafka/offset-lookup.ts";
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
