import { describe, expect, test } from "bun:test";
import type { Offset } from "../../../src/base/brands.ts";
import { append } from "../../support/broker-world.ts";
import { KafkaWorld, named } from "../../support/kafka-world.ts";

describe("CreateTopics", () => {
  test("makes a topic, and tells its id and its whole configuration", async () => {
    const world = await KafkaWorld.open();
    const configs = [{ name: "retention.ms", value: "1000" }];
    const answer = await world.connect().request("CreateTopics", 7, {
      topics: [{ name: "t", numPartitions: 3, replicationFactor: 1, configs }],
    });
    const topic = world.broker.topic("t");
    expect(answer.topics).toMatchObject([
      { name: "t", topicId: topic?.id, errorCode: 0, numPartitions: 3, replicationFactor: 1 },
    ]);
    const told = answer.topics[0]?.configs ?? [];
    expect(told.length).toBeGreaterThan(30);
    expect(told.find(({ name }) => name === "retention.ms")).toMatchObject({
      value: "1000",
      configSource: 1,
      isSensitive: false,
    });
    await world.close();
  });

  test.each([
    ["defaults", { numPartitions: -1, replicationFactor: -1 }, "NONE 2"],
    ["an assignment", { ...none, assignments: on([0, [1]], [1, [1]], [2, [1]]) }, "NONE 3"],
    ["no partitions", { numPartitions: 0, replicationFactor: 1 }, "INVALID_PARTITIONS"],
    ["a negative number of them", { numPartitions: -2 }, "INVALID_PARTITIONS"],
    ["too many replicas", { replicationFactor: 3 }, "INVALID_REPLICATION_FACTOR"],
    ["no replica", { replicationFactor: 0 }, "INVALID_REPLICATION_FACTOR"],
    ["another broker", { ...none, assignments: on([0, [2]]) }, "INVALID_REPLICA_ASSIGNMENT"],
    ["a gap", { ...none, assignments: on([0, [1]], [2, [1]]) }, "INVALID_REPLICA_ASSIGNMENT"],
    [
      "a repetition",
      { ...none, assignments: on([0, [1]], [0, [1]]) },
      "INVALID_REPLICA_ASSIGNMENT",
    ],
    ["two numbers", { numPartitions: 1, assignments: on([0, [1]]) }, "INVALID_REQUEST"],
    ["an unknown configuration", { configs: [{ name: "x", value: "1" }] }, "INVALID_CONFIG"],
    ["a wrong value", { configs: [{ name: "retention.ms", value: "x" }] }, "INVALID_CONFIG"],
    ["no value", { configs: [{ name: "retention.ms", value: null }] }, "INVALID_CONFIG"],
    ["a name with a slash", { name: "a/b" }, "INVALID_TOPIC_EXCEPTION"],
    ["a name that is taken", { name: "taken" }, "TOPIC_ALREADY_EXISTS"],
  ])("with %s", async (_what, topic, expected) => {
    const world = await KafkaWorld.open({ partitionCount: 2 });
    await world.topic("taken");
    const peer = world.connect();
    for (const validateOnly of [true, false]) {
      const [answer] = (
        await peer.request("CreateTopics", 5, {
          topics: [{ name: "t", numPartitions: 1, replicationFactor: 1, ...topic }],
          validateOnly,
        })
      ).topics;
      const count = answer?.errorCode === 0 ? ` ${answer.numPartitions}` : "";
      expect(`${named(answer?.errorCode ?? -1)}${count}`).toBe(expected);
      expect(answer?.errorMessage === null).toBe(answer?.errorCode === 0);
      const isThere = !validateOnly && answer?.errorCode === 0;
      expect(world.broker.topics().length).toBe(isThere ? 2 : 1);
    }
    await world.close();
  });

  test("shows all configurations, also of a topic that is only validated", async () => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    const shown = [];
    for (const validateOnly of [true, false]) {
      const configs = [{ name: "retention.ms", value: "60000" }];
      const topics = [{ name: "t", numPartitions: 1, replicationFactor: 1, configs }];
      const answer = await peer.request("CreateTopics", 5, { topics, validateOnly });
      shown.push(answer.topics[0]?.configs);
    }
    const [validated, created] = shown;
    expect(validated).toEqual(created ?? []);
    expect(validated?.length).toBeGreaterThan(20);
    expect(validated).toContainEqual(
      expect.objectContaining({ name: "retention.ms", value: "60000", configSource: 1 }),
    );
    await world.close();
  });

  test("refuses a topic that is named twice, and makes the others", async () => {
    const world = await KafkaWorld.open();
    const topics = ["a", "b", "a"].map((name) => {
      return { name, numPartitions: 1, replicationFactor: 1 };
    });
    const answer = await world.connect().request("CreateTopics", 2, { topics });
    expect(answer.topics.map(({ name, errorCode }) => [name, named(errorCode)])).toEqual([
      ["a", "INVALID_REQUEST"],
      ["b", "NONE"],
    ]);
    await world.close();
  });
});

/** Where everything is in the assignments. */
const none = { numPartitions: -1, replicationFactor: -1 };

function on(...placed: readonly [number, readonly number[]][]) {
  return placed.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds }));
}

describe("DeleteTopics", () => {
  test("deletes by name or by id, each on its own", async () => {
    const world = await KafkaWorld.open();
    await world.topic("a");
    const topicId = await world.topic("b");
    const unknown = "00000000-0000-0000-0000-00000000000f";
    const answer = await world.connect().request("DeleteTopics", 6, {
      topics: [
        { name: "a" },
        { name: null, topicId },
        { name: "a" },
        { name: null, topicId: unknown },
        { name: null },
        { name: "c", topicId },
      ],
    });
    expect(answer.responses.map(({ name, errorCode }) => [name, named(errorCode)])).toEqual([
      ["a", "NONE"],
      ["b", "NONE"],
      ["a", "UNKNOWN_TOPIC_OR_PARTITION"],
      [null, "UNKNOWN_TOPIC_ID"],
      [null, "INVALID_REQUEST"],
      ["c", "INVALID_REQUEST"],
    ]);
    expect(world.broker.topics()).toEqual([]);
    await world.close();
  });

  test("before version 6 names topics alone", async () => {
    const world = await KafkaWorld.open();
    await world.topic("a");
    const peer = world.connect();
    const answer = await peer.request("DeleteTopics", 1, { topicNames: ["a", "b"] });
    expect(answer.responses.map(({ name, errorCode }) => [name, named(errorCode)])).toEqual([
      ["a", "NONE"],
      ["b", "UNKNOWN_TOPIC_OR_PARTITION"],
    ]);
    await world.close();
  });

  test("forgets what groups have committed: the next topic of the name begins anew", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const partitions = [{ partitionIndex: 0, committedOffset: 5 }];
    const topics = [{ name: "t", partitions }];
    await peer.request("OffsetCommit", 2, { groupId: "g", topics });
    await peer.request("DeleteTopics", 1, { topicNames: ["t"] });
    await world.topic("t");
    const fetched = await peer.request("OffsetFetch", 2, {
      groupId: "g",
      topics: [{ name: "t", partitionIndexes: [0] }],
    });
    expect(fetched.topics[0]?.partitions[0]?.committedOffset).toBe(-1 as Offset);
    await world.close();
  });
});

describe("CreatePartitions", () => {
  test.each([
    ["more", { count: 4 }, "NONE"],
    ["more, with their places", { count: 3, assignments: [{ brokerIds: [1] }] }, "NONE"],
    ["as many", { count: 2 }, "INVALID_PARTITIONS"],
    ["fewer", { count: 1 }, "INVALID_PARTITIONS"],
    ["other places", { count: 3, assignments: [{ brokerIds: [2] }] }, "INVALID_REPLICA_ASSIGNMENT"],
    [
      "too few places",
      { count: 4, assignments: [{ brokerIds: [1] }] },
      "INVALID_REPLICA_ASSIGNMENT",
    ],
    ["more of nothing", { name: "u", count: 4 }, "UNKNOWN_TOPIC_OR_PARTITION"],
  ])("to %s", async (_what, topic, expected) => {
    const world = await KafkaWorld.open();
    await world.topic("t", 2);
    const peer = world.connect();
    for (const validateOnly of [true, false]) {
      const topics = [{ name: "t", assignments: null, ...topic }];
      const answer = await peer.request("CreatePartitions", 3, { topics, validateOnly });
      const [result] = answer.results;
      expect(named(result?.errorCode ?? -1)).toBe(expected);
      const isGrown = expected === "NONE" && !validateOnly;
      expect(world.broker.topic("t")?.partitions.length).toBe(isGrown ? topic.count : 2);
    }
    await world.close();
  });

  test("answers every topic once", async () => {
    const world = await KafkaWorld.open();
    await world.topic("a");
    await world.topic("b");
    const topics = ["a", "b", "a"].map((name) => ({ name, count: 2, assignments: null }));
    const answer = await world.connect().request("CreatePartitions", 0, { topics });
    expect(answer.results.map(({ name, errorCode }) => [name, named(errorCode)])).toEqual([
      ["a", "INVALID_REQUEST"],
      ["b", "NONE"],
    ]);
    await world.close();
  });
});

test("DeleteRecords moves the start of each log, or says why not", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t", 2);
  await world.topic("kept", 1, { "cleanup.policy": "compact" });
  for (let number = 0; number < 5; number++) await append(world.broker, "t", number);
  const answer = await world.connect().request("DeleteRecords", 2, {
    topics: [
      {
        name: "t",
        partitions: [
          { partitionIndex: 0, offset: 2 },
          { partitionIndex: 1, offset: 2 },
          { partitionIndex: 7, offset: 0 },
          { partitionIndex: 0, offset: -1 },
        ],
      },
      { name: "kept", partitions: [{ partitionIndex: 0, offset: 0 }] },
    ],
  });
  const rows = answer.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, lowWatermark, errorCode }) => {
      return `${name}-${partitionIndex} ${lowWatermark} ${named(errorCode)}`;
    }),
  );
  expect(rows).toEqual([
    "t-0 2 NONE",
    "t-1 -1 OFFSET_OUT_OF_RANGE",
    "t-7 -1 UNKNOWN_TOPIC_OR_PARTITION",
    "t-0 5 NONE",
    "kept-0 -1 POLICY_VIOLATION",
  ]);
  await world.close();
});
