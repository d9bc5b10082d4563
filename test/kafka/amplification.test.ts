/** Few bytes that ask for much: what is asked for twice is answered once, or only as often as it
 * was spelled out, so that an answer is bounded by what there is and by what was sent. */
import { expect, test } from "bun:test";
import type { ApiName } from "../../src/kafka/apis.ts";
import { batchOf } from "../support/batches.ts";
import { KafkaWorld } from "../support/kafka-world.ts";

const times = <T>(count: number, what: T): T[] => Array.from({ length: count }, () => what);
const t = { name: "t", topic: "t" };

test.each<[ApiName, number, (count: number) => object]>([
  ["Metadata", 12, (count) => ({ topics: times(count, t) })],
  [
    "DescribeTopicPartitions",
    0,
    (count) => {
      return { topics: times(count, t), responsePartitionLimit: 2_000 };
    },
  ],
  [
    "DescribeConfigs",
    4,
    (count) => {
      return { resources: times(count, { resourceType: 2, resourceName: "t" }) };
    },
  ],
  ["DescribeLogDirs", 4, (count) => ({ topics: times(count, { topic: "t", partitions: [0, 1] }) })],
  ["DescribeGroups", 5, (count) => ({ groups: times(count, "g") })],
  ["OffsetFetch", 9, (count) => ({ groups: times(count, { groupId: "g", topics: null }) })],
])("%s", async (api, version, request) => {
  const world = await KafkaWorld.open();
  await world.topic("t", 20);
  const peer = world.connect();
  const answerBytes = async (count: number): Promise<number> => {
    const id = peer.ask(api, version, request(count));
    await peer.response(id);
    return peer.answered.at(-1)?.bytes.length ?? 0;
  };
  const once = await answerBytes(1);
  expect(once).toBeGreaterThan(10);
  expect(await answerBytes(100)).toBe(once);
  await world.close();
});

test("DescribeProducers, whatever the order", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t", 2);
  const peer = world.connect();
  const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
  const partitionData = [{ index: 0, records: batchOf({ first: 0, producer }) }];
  await peer.request("Produce", 9, { acks: 1, topicData: [{ name: "t", partitionData }] });
  const answer = await peer.request("DescribeProducers", 0, {
    topics: [
      { name: "t", partitionIndexes: [0, 0] },
      { name: "t", partitionIndexes: [1, 0] },
    ],
  });
  const told = answer.topics.map(({ partitions }) => {
    return partitions.map(({ partitionIndex }) => partitionIndex);
  });
  expect(told).toEqual([[0], [1]]);
  await world.close();
});
