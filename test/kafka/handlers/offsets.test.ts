import { describe, expect, test } from "bun:test";
import type { Offset } from "../../../src/base/brands.ts";
import { noUuid } from "../../../src/wire/table.ts";
import { type KafkaPeer, KafkaWorld, named } from "../../support/kafka-world.ts";

const committing = (committedOffset: number, partitionIndex = 0, committedMetadata = "") => {
  return { partitionIndex, committedOffset: committedOffset as Offset, committedMetadata };
};

const unknownId = "00000000-0000-0000-0000-00000000000f";

async function commit(peer: KafkaPeer, topic: string, offsets: readonly number[]): Promise<void> {
  const partitions = offsets.map((offset, index) => committing(offset, index, `at ${offset}`));
  await peer.request("OffsetCommit", 2, { groupId: "g", topics: [{ name: topic, partitions }] });
}

describe("OffsetCommit", () => {
  test("answers each partition in the order of the request", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 2);
    const answer = await world.connect().request("OffsetCommit", 8, {
      groupId: "g",
      topics: [
        { name: "u", partitions: [committing(1)] },
        {
          name: "t",
          partitions: [
            committing(1, 5),
            committing(2, 1),
            committing(3, -1),
            committing(4, 0, "x".repeat(5_000)),
          ],
        },
      ],
    });
    const rows = answer.topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode }) => {
        return `${name}-${partitionIndex} ${named(errorCode)}`;
      }),
    );
    expect(rows).toEqual([
      "u-0 UNKNOWN_TOPIC_OR_PARTITION",
      "t-5 UNKNOWN_TOPIC_OR_PARTITION",
      "t-1 NONE",
      "t--1 UNKNOWN_TOPIC_OR_PARTITION",
      "t-0 OFFSET_METADATA_TOO_LARGE",
    ]);
    await world.close();
  });

  test("names topics by id in version 10", async () => {
    const world = await KafkaWorld.open();
    const topicId = await world.topic("t");
    const peer = world.connect();
    const topics = [
      { topicId, partitions: [committing(7)] },
      { topicId: unknownId, partitions: [committing(8)] },
    ];
    const answer = await peer.request("OffsetCommit", 10, { groupId: "g", topics });
    expect(answer.topics).toMatchObject([
      { topicId, partitions: [{ errorCode: 0 }] },
      { topicId: unknownId, partitions: [{ errorCode: 100 }] },
    ]);
    const fetched = await peer.request("OffsetFetch", 10, {
      groups: [
        {
          groupId: "g",
          topics: [
            { topicId: unknownId, partitionIndexes: [0] },
            { topicId, partitionIndexes: [0] },
          ],
        },
      ],
    });
    expect(fetched.groups[0]?.topics).toMatchObject([
      { topicId: unknownId, partitions: [{ committedOffset: -1, errorCode: 100 }] },
      { topicId, partitions: [{ committedOffset: 7, errorCode: 0 }] },
    ]);
    await world.close();
  });
});

describe("OffsetFetch", () => {
  test("gives back offset, epoch and text; -1 where nothing is committed", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 3);
    const peer = world.connect();
    await commit(peer, "t", [5, 6]);
    const topics = [{ name: "t", partitionIndexes: [2, 0, 1] }];
    const answer = await peer.request("OffsetFetch", 5, { groupId: "g", topics });
    expect(answer).toMatchObject({
      errorCode: 0,
      topics: [
        {
          name: "t",
          partitions: [
            { partitionIndex: 2, committedOffset: -1, metadata: "", errorCode: 0 },
            { partitionIndex: 0, committedOffset: 5, metadata: "at 5", committedLeaderEpoch: -1 },
            { partitionIndex: 1, committedOffset: 6, metadata: "at 6" },
          ],
        },
      ],
    });
    await world.close();
  });

  test("of all topics is asked for with null, and of many groups from version 8 on", async () => {
    const world = await KafkaWorld.open();
    await world.topic("a");
    const id = await world.topic("b");
    const peer = world.connect();
    await commit(peer, "a", [1]);
    await commit(peer, "b", [2]);
    const all = await peer.request("OffsetFetch", 2, { groupId: "g", topics: null });
    expect(all.topics.map(({ name }) => name)).toEqual(["a", "b"]);
    const many = await peer.request("OffsetFetch", 9, {
      groups: [
        { groupId: "g", topics: null },
        { groupId: "none", topics: null },
        { groupId: "g", topics: [{ name: "b", partitionIndexes: [0] }] },
      ],
    });
    expect(many.groups.map(({ groupId, topics }) => [groupId, topics.length])).toEqual([
      ["g", 2],
      ["none", 0],
      ["g", 1],
    ]);
    await peer.request("DeleteTopics", 1, { topicNames: ["a"] });
    const groups = [{ groupId: "g", topics: null }];
    const byName = await peer.request("OffsetFetch", 9, { groups });
    expect(byName.groups[0]?.topics.map(({ name }) => name)).toEqual(["b"]);
    const byId = await peer.request("OffsetFetch", 10, { groups });
    expect(byId.groups[0]?.topics.map(({ topicId }) => topicId)).toEqual([id]);
    await world.close();
  });

  test("says for each partition what is wrong with the group, where it has no place for it", async () => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    await world.groups.close();
    const topics = [{ name: "t", partitionIndexes: [0] }];
    const old = await peer.request("OffsetFetch", 1, { groupId: "g", topics });
    const [partition] = old.topics[0]?.partitions ?? [];
    expect(named(partition?.errorCode ?? 0)).toBe("COORDINATOR_NOT_AVAILABLE");
    const newer = await peer.request("OffsetFetch", 7, { groupId: "g", topics });
    expect(named(newer.errorCode)).toBe("COORDINATOR_NOT_AVAILABLE");
    const newest = await peer.request("OffsetFetch", 10, {
      groups: [{ groupId: "g", topics: [{ topicId: noUuid, partitionIndexes: [0] }] }],
    });
    expect(named(newest.groups[0]?.errorCode ?? 0)).toBe("COORDINATOR_NOT_AVAILABLE");
    expect(newest.groups[0]?.topics).toEqual([]);
    await world.broker.close();
  });
});

test("OffsetDelete deletes what nobody reads", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t", 2);
  const peer = world.connect();
  await commit(peer, "t", [5, 6]);
  const topics = [{ name: "t", partitions: [{ partitionIndex: 0 }] }];
  const answer = await peer.request("OffsetDelete", 0, { groupId: "g", topics });
  expect(answer).toMatchObject({
    errorCode: 0,
    topics: [{ name: "t", partitions: [{ partitionIndex: 0, errorCode: 0 }] }],
  });
  const left = await peer.request("OffsetFetch", 2, { groupId: "g", topics: null });
  expect(left.topics[0]?.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([1]);
  const none = await peer.request("OffsetDelete", 0, { groupId: "none", topics });
  expect(named(none.errorCode)).toBe("GROUP_ID_NOT_FOUND");
  await world.close();
});
