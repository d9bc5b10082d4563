import { describe, expect, test } from "bun:test";
import { partitionForKey } from "../../src/base/murmur2.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Topic } from "../../src/broker/broker.ts";
import { RecordProducer, type RecordToProduce } from "../../src/broker/record-producer.ts";
import { BrokerWorld } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const record = (more: Partial<RecordToProduce> = {}): RecordToProduce => ({
  partition: null,
  key: null,
  value: encode("v"),
  headers: [],
  timestamp: null,
  ...more,
});

async function opened(partitionCount: number, config: Record<string, string> = {}) {
  const world = new BrokerWorld();
  const broker = await world.start();
  const topic = unwrap(await broker.createTopic({ name: "t", partitionCount, config }));
  return { world, topic, producer: new RecordProducer(world.clock) };
}

/** `partition:offset`, or the code of the refusal. */
const shown = (results: Awaited<ReturnType<RecordProducer["produce"]>>): string[] =>
  results.map((each) => (each instanceof Refusal ? each.code : `${each.partition}:${each.offset}`));

const produce = async (
  { topic, producer }: { readonly topic: Topic; readonly producer: RecordProducer },
  ...records: readonly RecordToProduce[]
): Promise<string[]> => shown(await producer.produce(topic, records));

describe("a partition", () => {
  test("is the one that was asked for", async () => {
    const parts = await opened(3);
    const results = await produce(parts, record({ partition: 2 }), record({ partition: 0 }));
    expect(results).toEqual(["2:0", "0:0"]);
  });

  test("is that of the key, as Kafka's clients choose it", async () => {
    const parts = await opened(7);
    const keys = ["a", "user-1", "é", ""].map(encode);
    const results = await produce(parts, ...keys.map((key) => record({ key })));
    const expected = keys.map((key) => String(partitionForKey(key, 7)));
    expect(results.map((each) => each.split(":")[0])).toEqual(expected);
  });

  test("without a key is another one with each call, and the same within a call", async () => {
    const parts = await opened(2);
    const calls = [1, 2, 3].map(() => produce(parts, record(), record()));
    expect(await Promise.all(calls)).toEqual([
      ["1:0", "1:1"],
      ["0:0", "0:1"],
      ["1:2", "1:3"],
    ]);
  });

  test("that is not there concerns its record alone", async () => {
    const parts = await opened(1);
    const results = await produce(
      parts,
      record({ partition: 1 }),
      record(),
      record({ partition: -1 }),
    );
    expect(results).toEqual(["UNKNOWN_TOPIC_OR_PARTITION", "0:0", "UNKNOWN_TOPIC_OR_PARTITION"]);
  });
});

describe("records of one call", () => {
  test("are one batch where they go to one partition", async () => {
    const parts = await opened(1);
    await produce(parts, record(), record(), record());
    const log = parts.topic.partitions[0]?.log;
    const alone = await opened(1);
    for (let left = 3; left > 0; left--) await produce(alone, record());
    expect(log?.sizeBytes).toBeLessThan(alone.topic.partitions[0]?.log.sizeBytes ?? 0);
  });

  test("are several batches where one would be too large, and one too large is refused", async () => {
    const parts = await opened(1, { "max.message.bytes": "1000" });
    const value = new Uint8Array(600);
    const results = await produce(
      parts,
      record({ value }),
      record({ value }),
      record({ value: new Uint8Array(2_000) }),
      record(),
    );
    expect(results).toEqual(["0:0", "0:1", "MESSAGE_TOO_LARGE", "0:2"]);
  });

  test("that break a rule of the topic are refused; the others are stored", async () => {
    const parts = await opened(1, { "cleanup.policy": "compact" });
    const key = encode("k");
    const results = await produce(parts, record({ key }), record(), record({ key }));
    expect(results).toEqual(["0:0", "INVALID_RECORD", "0:1"]);
  });

  test("that lie too far in the future are refused as well, and no others", async () => {
    const parts = await opened(1, { "message.timestamp.after.max.ms": "1000" });
    const now = parts.world.clock.now();
    const [late, due] = [record({ timestamp: now + 1001 }), record({ timestamp: now + 1000 })];
    const results = await produce(parts, due, late, record());
    expect(results).toEqual(["0:0", "INVALID_TIMESTAMP", "0:1"]);
  });

  test("of none are none", async () => {
    expect(await produce(await opened(1))).toEqual([]);
  });
});

describe("a time", () => {
  test("is the record's own, or now", async () => {
    const { topic, producer, world } = await opened(1);
    const results = await producer.produce(topic, [record({ timestamp: 5 }), record()]);
    expect(results).toMatchObject([{ timestamp: 5 }, { timestamp: world.clock.now() }]);
  });

  test("is that of appending where the topic has that", async () => {
    const { topic, producer, world } = await opened(1, {
      "message.timestamp.type": "LogAppendTime",
    });
    const results = await producer.produce(topic, [record({ timestamp: 5 })]);
    expect(results).toMatchObject([{ timestamp: world.clock.now() }]);
  });
});

test("nothing is answered before the disk has it", async () => {
  const { topic, producer, world } = await opened(1);
  const gate = world.disk.hold("append");
  let isAnswered = false;
  const produced = producer.produce(topic, [record()]).finally(() => (isAnswered = true));
  await gate.reached();
  expect(isAnswered).toBeFalse();
  gate.release();
  expect(shown(await produced)).toEqual(["0:0"]);
});

test("a failure of the disk is told to each record of its batch", async () => {
  const { topic, producer, world } = await opened(1);
  world.disk.failNext("append", /\.log$/, "failed");
  expect(shown(await producer.produce(topic, [record(), record()]))).toEqual([
    "KAFKA_STORAGE_ERROR",
    "KAFKA_STORAGE_ERROR",
  ]);
});
