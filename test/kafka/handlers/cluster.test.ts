import { describe, expect, test } from "bun:test";
import { append } from "../../support/broker-world.ts";
import { KafkaWorld, named } from "../../support/kafka-world.ts";

describe("DescribeLogDirs", () => {
  test("tells the size of each partition, and the room that is left", async () => {
    const world = await KafkaWorld.open();
    await world.topic("a", 2);
    await world.topic("b", 1);
    await append(world.broker, "a", 1, 1);
    const size = world.broker.topic("a")?.partitions[1]?.log.sizeBytes;
    const peer = world.connect();
    const all = await peer.request("DescribeLogDirs", 4, { topics: null });
    expect(all.results).toMatchObject([
      {
        errorCode: 0,
        logDir: "/data",
        topics: [
          {
            name: "a",
            partitions: [
              { partitionIndex: 0, partitionSize: 0, offsetLag: 0, isFutureKey: false },
              { partitionIndex: 1, partitionSize: size },
            ],
          },
          { name: "b" },
        ],
        ...(await world.broker.volume()),
      },
    ]);
    expect(all.results[0]?.totalBytes).toBeGreaterThan(0);
    world.base.disk.failNext("volume", /^/, "failed");
    const unknown = await peer.request("DescribeLogDirs", 4, { topics: null });
    expect(unknown.results).toMatchObject([{ errorCode: 0, totalBytes: -1, usableBytes: -1 }]);
    const some = await peer.request("DescribeLogDirs", 1, {
      topics: [
        { topic: "a", partitions: [1] },
        { topic: "none", partitions: [0] },
      ],
    });
    expect(some.results[0]?.topics).toMatchObject([
      { name: "a", partitions: [{ partitionIndex: 1 }] },
    ]);
    await world.close();
  });
});

test("ElectLeaders has nothing to elect", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t");
  const peer = world.connect();
  const all = await peer.request("ElectLeaders", 2, { topicPartitions: null });
  expect(all).toMatchObject({ errorCode: 0, replicaElectionResults: [] });
  const some = await peer.request("ElectLeaders", 2, {
    topicPartitions: [
      { topic: "t", partitions: [0, 1] },
      { topic: "u", partitions: [0] },
    ],
  });
  const codes = some.replicaElectionResults.flatMap(({ partitionResult }) =>
    partitionResult.map(({ errorCode }) => named(errorCode)),
  );
  expect(codes).toEqual([
    "ELECTION_NOT_NEEDED",
    "UNKNOWN_TOPIC_OR_PARTITION",
    "UNKNOWN_TOPIC_OR_PARTITION",
  ]);
  await world.close();
});

test("AlterPartitionReassignments moves a partition to where it is, and nowhere else", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t");
  const peer = world.connect();
  const move = async (partitionIndex: number, replicas: number[] | null): Promise<string> => {
    const topics = [{ name: "t", partitions: [{ partitionIndex, replicas }] }];
    const answer = await peer.request("AlterPartitionReassignments", 1, { topics });
    return named(answer.responses[0]?.partitions[0]?.errorCode ?? 0);
  };
  expect(await move(0, [1])).toBe("NONE");
  expect(await move(0, [2])).toBe("INVALID_REPLICA_ASSIGNMENT");
  expect(await move(0, [1, 2])).toBe("INVALID_REPLICA_ASSIGNMENT");
  expect(await move(0, null)).toBe("NO_REASSIGNMENT_IN_PROGRESS");
  expect(await move(5, [1])).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  const listed = await peer.request("ListPartitionReassignments", 0, { topics: null });
  expect(listed).toMatchObject({ errorCode: 0, topics: [] });
  await world.close();
});

test("DescribeQuorum describes one controller", async () => {
  const world = await KafkaWorld.open();
  const answer = await world.connect().request("DescribeQuorum", 2, {
    topics: [
      { topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] },
      { topicName: "t", partitions: [{ partitionIndex: 0 }] },
    ],
  });
  const now = world.base.clock.now();
  const leader = { replicaId: 1, lastFetchTimestamp: now, lastCaughtUpTimestamp: now };
  expect(answer).toMatchObject({
    errorCode: 0,
    topics: [
      { partitions: [{ errorCode: 0, leaderId: 1, currentVoters: [leader] }] },
      { partitions: [{ errorCode: 3, leaderId: -1, currentVoters: [] }] },
    ],
    nodes: [{ nodeId: 1, listeners: [{ host: "broker.test", port: 9092 }] }],
  });
  await world.close();
});
