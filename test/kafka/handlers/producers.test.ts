import { expect, test } from "bun:test";
import { batchOf } from "../../support/batches.ts";
import { KafkaWorld, named } from "../../support/kafka-world.ts";

test("InitProducerId gives every producer an id of its own", async () => {
  const world = await KafkaWorld.open();
  const peer = world.connect();
  const init = (version: number, past = {}) =>
    peer.request("InitProducerId", version, { transactionalId: null, ...past });
  const first = await init(0);
  expect(first).toMatchObject({ errorCode: 0, producerEpoch: 0 });
  const second = await init(5, { producerId: first.producerId, producerEpoch: 0 });
  expect(second.producerId).toBeGreaterThan(first.producerId);
  const half = await init(5, { producerId: 7, producerEpoch: -1 });
  expect([named(half.errorCode), half.producerId]).toEqual(["INVALID_REQUEST", -1]);
  await world.close();
});

test.each(["", "payments"])("InitProducerId refuses the transactional id %j", async (id) => {
  const world = await KafkaWorld.open();
  const request = { transactionalId: id };
  const answer = await world.connect().request("InitProducerId", 4, request);
  expect([named(answer.errorCode), answer.producerId]).toEqual(["INVALID_REQUEST", -1]);
  await world.close();
});

test("DescribeProducers tells who has written to a partition", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t");
  const peer = world.connect();
  const producer = { producerId: 7, producerEpoch: 2, baseSequence: 10 };
  const records = batchOf({ first: 1, count: 3, producer });
  await peer.request("Produce", 9, {
    acks: 1,
    topicData: [{ name: "t", partitionData: [{ index: 0, records }] }],
  });
  const answer = await peer.request("DescribeProducers", 0, {
    topics: [
      { name: "t", partitionIndexes: [0, 1] },
      { name: "u", partitionIndexes: [0] },
    ],
  });
  expect(answer.topics[0]?.partitions[0]).toMatchObject({
    errorCode: 0,
    activeProducers: [
      {
        producerId: 7,
        producerEpoch: 2,
        lastSequence: 12,
        lastTimestamp: 1_000_003,
        coordinatorEpoch: -1,
        currentTxnStartOffset: -1,
      },
    ],
  });
  const others = [answer.topics[0]?.partitions[1], answer.topics[1]?.partitions[0]];
  expect(others.map((each) => named(each?.errorCode ?? 0))).toEqual([
    "UNKNOWN_TOPIC_OR_PARTITION",
    "UNKNOWN_TOPIC_OR_PARTITION",
  ]);
  await world.close();
});
