import { describe, expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { kafkaRecordErrorsMax, recordErrorsMax } from "../../../src/limits.ts";
import { noUuid } from "../../../src/wire/table.ts";
import { seal, viewOf } from "../../../src/record/batch.ts";
import { batchOf } from "../../support/batches.ts";
import { type KafkaPeer, KafkaWorld, named } from "../../support/kafka-world.ts";

/** What became of one batch for partition 0 of topic `t`. */
async function produced(peer: KafkaPeer, version: number, records: Uint8Array, acks = -1) {
  const partitionData = [{ index: 0, records }];
  const answer = await peer.request("Produce", version, {
    acks,
    topicData: [{ name: "t", partitionData }],
  });
  const response = answer.responses[0]?.partitionResponses[0];
  if (response === undefined) throw new Error("there is no response");
  return { ...response, error: named(response.errorCode) };
}

describe("a batch", () => {
  test.each([-1, 1])("is answered with its offset, with acks %d", async (acks) => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    await produced(peer, 3, batchOf({ first: 1, count: 3 }), acks);
    const second = await produced(peer, 9, batchOf({ first: 4 }), acks);
    expect(second).toMatchObject({ baseOffset: 3, logStartOffset: 0, logAppendTimeMs: -1 });
    expect(world.broker.topic("t")?.partitions[0]?.highWatermark).toBe(4 as never);
    await world.close();
  });

  test("for a topic that stamps the time is answered with it", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 1, { "message.timestamp.type": "LogAppendTime" });
    const answer = await produced(world.connect(), 9, batchOf({ first: 1 }));
    expect(answer.logAppendTimeMs).toBe(world.base.clock.now());
    await world.close();
  });

  test("that comes again is answered as it was the first time", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
    const first = await produced(peer, 9, batchOf({ first: 1, producer }));
    await produced(peer, 9, batchOf({ first: 2, producer: { ...producer, baseSequence: 1 } }));
    const again = await produced(peer, 9, batchOf({ first: 1, producer }));
    expect(again).toEqual(first);
    expect(world.broker.topic("t")?.partitions[0]?.highWatermark).toBe(2 as never);
    await world.close();
  });
});

describe("a batch is refused", () => {
  test("when it is damaged", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const records = batchOf({ first: 1 });
    records[records.length - 1]! ^= 1;
    const answer = await produced(world.connect(), 9, records);
    expect(answer.error).toBe("CORRUPT_MESSAGE");
    expect(answer.errorMessage).toContain("checksum");
    await world.close();
  });

  test("with the records that are wrong, if the version can tell", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 1, { "cleanup.policy": "compact" });
    const peer = world.connect();
    const records = batchOf({ first: 1, count: 2, isKeyless: true });
    const answer = await produced(peer, 8, records);
    expect(answer.error).toBe("INVALID_RECORD");
    expect(answer.recordErrors.map(({ batchIndex }) => batchIndex)).toEqual([0, 1]);
    expect(answer.recordErrors[0]?.batchIndexErrorMessage).toContain("key");
    expect((await produced(peer, 7, records)).recordErrors).toEqual([]);
    await world.close();
  });

  test("when it is packed with zstd, before version 7", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const records = batchOf({ first: 1, valueBytes: 500, compression: "zstd" });
    expect((await produced(peer, 6, records)).error).toBe("UNSUPPORTED_COMPRESSION_TYPE");
    expect((await produced(peer, 7, records)).error).toBe("NONE");
    await world.close();
  });

  test("when it belongs to a transaction", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
    const records = batchOf({ first: 1, producer });
    const view = viewOf(records);
    view.setInt16(21, view.getInt16(21) | 0x10);
    seal(records, view, 0);
    const answer = await produced(world.connect(), 9, records);
    expect(answer.error).toBe("INVALID_RECORD");
    expect(answer.errorMessage).toContain("transactions");
    await world.close();
  });

  test.each([2, -2])("when acks is %d", async (acks) => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const answer = await produced(world.connect(), 9, batchOf({ first: 1 }), acks);
    expect(answer).toMatchObject({ error: "INVALID_REQUIRED_ACKS", baseOffset: -1 });
    expect(world.broker.topic("t")?.partitions[0]?.log.endOffset).toBe(0 as never);
    await world.close();
  });
});

test("each partition is answered for itself, in the order of the request", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t", 2);
  await world.topic("u", 1);
  const batch = batchOf({ first: 1 });
  const answer = await world.connect().request("Produce", 9, {
    acks: 1,
    topicData: [
      {
        name: "u",
        partitionData: [
          { index: 7, records: batch },
          { index: 0, records: batch },
        ],
      },
      { name: "missing", partitionData: [{ index: 0, records: batch }] },
      {
        name: "t",
        partitionData: [
          { index: 1, records: batch },
          { index: 0, records: null },
          { index: -1, records: batch },
        ],
      },
    ],
  });
  const rows = answer.responses.flatMap(({ name, partitionResponses }) =>
    partitionResponses.map(({ index, errorCode }) => `${name}-${index} ${named(errorCode)}`),
  );
  expect(rows).toEqual([
    "u-7 UNKNOWN_TOPIC_OR_PARTITION",
    "u-0 NONE",
    "missing-0 UNKNOWN_TOPIC_OR_PARTITION",
    "t-1 NONE",
    "t-0 INVALID_RECORD",
    "t--1 UNKNOWN_TOPIC_OR_PARTITION",
  ]);
  await world.close();
});

test("from version 13 on a topic is named by id: its successor gets nothing of it", async () => {
  const world = await KafkaWorld.open();
  const topicId = await world.topic("t");
  const peer = world.connect();
  const send = (id: string) =>
    peer.request("Produce", 13, {
      acks: 1,
      topicData: [{ topicId: id, partitionData: [{ index: 0, records: batchOf({ first: 1 }) }] }],
    });
  expect((await send(topicId)).responses[0]).toMatchObject({
    topicId,
    partitionResponses: [{ errorCode: 0 }],
  });
  await world.broker.deleteTopic("t");
  await world.topic("t");
  for (const id of [topicId, noUuid]) {
    const [answer] = (await send(id)).responses;
    expect(named(answer?.partitionResponses[0]?.errorCode ?? 0)).toBe("UNKNOWN_TOPIC_ID");
  }
  expect(world.broker.topic("t")?.partitions[0]?.log.endOffset).toBe(0 as never);
  await world.close();
});

test("batches that take too long go on in later turns, and nothing behind them comes before", async () => {
  const world = await KafkaWorld.open();
  const partitionCount = 20;
  await world.topic("t", partitionCount);
  const ends = (): number[] =>
    world.broker.topic("t")?.partitions.map(({ watermarks }) => watermarks.endOffset) ?? [];
  const peer = world.connect();
  const { clock } = world.base;
  // Whatever is done takes its time.
  let workedMs = 0;
  const standing = clock.monotonic.bind(clock);
  clock.monotonic = () => standing() + (workedMs += 0.05);
  const everywhere = Array.from({ length: partitionCount }, (_, index) => {
    return { index, records: batchOf({ first: index }) };
  });
  const last = [{ index: partitionCount - 1, records: batchOf({ first: 100 }) }];
  const ask = (partitionData: typeof last): Uint8Array =>
    peer.frame("Produce", 9, { acks: 1, topicData: [{ name: "t", partitionData }] });
  peer.receive(ask(everywhere), ask(last), peer.frame("ListGroups", 0, {}));
  const appended = ends().filter((end) => end > 0).length;
  expect(appended).toBeGreaterThan(0);
  expect(appended).toBeLessThan(partitionCount);
  expect(ends().at(-1)).toBe(0);
  await peer.response(3);
  expect(peer.order).toEqual([1, 2, 3]);
  const [first, second] = [1, 2].map((id) => {
    return peer.answerTo<"Produce">(id)?.responses[0]?.partitionResponses.at(-1)?.baseOffset;
  });
  expect([first, second]).toEqual([0, 1].map(offset));
  expect(peer.reservedBytes).toBe(0);
  await world.close();
});

test("one answer tells of so many records, however many batches are refused", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t", 20, { "cleanup.policy": "compact" });
  const records = batchOf({ first: 0, count: recordErrorsMax, isKeyless: true });
  const partitionData = Array.from({ length: 20 }, (_, index) => ({ index, records }));
  const topicData = [{ name: "t", partitionData }];
  const answer = await world.connect().request("Produce", 9, { acks: 1, topicData });
  const rows = answer.responses[0]?.partitionResponses ?? [];
  expect(rows.map(({ errorCode }) => named(errorCode))).toEqual(
    Array.from({ length: 20 }, () => "INVALID_RECORD"),
  );
  const told = rows.reduce((sum, { recordErrors }) => sum + recordErrors.length, 0);
  expect(told).toBe(kafkaRecordErrorsMax);
  await world.close();
});
