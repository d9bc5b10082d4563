/** Stories of one partition: what it takes, what it answers, who is told. */
import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Produced } from "../../src/broker/broker.ts";
import { Waiters } from "../../src/broker/waiters.ts";
import { unpackStepBytes } from "../../src/limits.ts";
import { attributesAt, attribute, viewOf } from "../../src/record/batch.ts";
import type { BatchShape } from "../support/batches.ts";
import { batchOf, numbersIn } from "../support/batches.ts";
import { range, unwrap } from "../support/log-world.ts";
import { headersIn, PartitionWorld } from "../support/partition-world.ts";

const codeOf = (answer: unknown): string =>
  answer instanceof Refusal ? answer.code : "not refused";

/** A batch of producer 7. */
const numbered = (baseSequence: number, shape: Partial<BatchShape> = {}): Uint8Array =>
  batchOf({
    first: baseSequence,
    producer: { producerId: 7, producerEpoch: 0, baseSequence },
    ...shape,
  });

const offsetOf = (answer: Produced | Refusal): number => unwrap(answer).baseOffset;

describe("producing", () => {
  test("answers with the offset, once the device has the batch", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    const gate = world.disk.hold("append");
    let isAnswered = false;
    const first = partition.produce(batchOf({ first: 0, count: 3 })).then((answer) => {
      isAnswered = true;
      return answer;
    });
    const second = partition.produce(batchOf({ first: 3 }));
    await gate.reached();
    expect(isAnswered).toBe(false);
    expect(partition.watermarks).toMatchObject({ highWatermark: 0, endOffset: 4 });
    gate.release();
    expect(await first).toEqual({
      baseOffset: offset(0),
      logAppendTimeMs: -1,
      logStartOffset: offset(0),
    });
    expect(offsetOf(await second)).toBe(3);
    expect(partition.watermarks).toMatchObject({ highWatermark: 4, lastStableOffset: 4 });
  });

  test("stores the bytes that were sent, but for offset and epoch", async () => {
    const partition = await new PartitionWorld().open();
    const batch = batchOf({ first: 0, count: 50, compression: "zstd" });
    await partition.produce(batchOf({ first: 9 }));
    await partition.produce(batch);
    const { chunks } = unwrap(await partition.read(offset(1), 100_000));
    const stored = Buffer.concat(chunks);
    expect(stored.subarray(16)).toEqual(Buffer.from(batch.subarray(16)));
    expect(viewOf(stored).getInt32(12)).toBe(0);
  });

  test("what is no batch stores nothing", async () => {
    const partition = await new PartitionWorld().open();
    const damaged = batchOf({ first: 0 });
    damaged[damaged.length - 1]! ^= 1;
    expect(codeOf(await partition.produce(damaged))).toBe("CORRUPT_MESSAGE");
    expect(codeOf(await partition.produce(new Uint8Array(0)))).toBe("INVALID_RECORD");
    expect(partition.watermarks.endOffset).toBe(offset(0));
  });

  test("with log append time answers with that time, also the second time", async () => {
    const world = new PartitionWorld({ "message.timestamp.type": "LogAppendTime" });
    const partition = await world.open();
    const appendedAt = world.clock.now();
    const batch = numbered(0, { count: 3 });
    expect(await partition.produce(batch)).toMatchObject({ logAppendTimeMs: appendedAt });
    world.clock.advance(5000);
    expect(await partition.produce(batch)).toMatchObject({
      baseOffset: offset(0),
      logAppendTimeMs: appendedAt,
    });
    const found = unwrap(await partition.offsetForTime(appendedAt));
    expect(found).toEqual({ offset: offset(0), timestamp: appendedAt });
    const { chunks } = unwrap(await partition.read(offset(0), 1000));
    expect(attributesAt(viewOf(chunks[0]!), 0)).toBe(attribute.logAppendTime);
  });

  test("on a full disk refuses, and takes the same batches afterwards, in order", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    await partition.produce(numbered(0));
    world.disk.failNext("append", /\.log$/, "full", { partialBytes: 20 });
    const refused = await Promise.all([1, 2, 3].map((at) => partition.produce(numbered(at))));
    expect(refused.map(codeOf)).toEqual(["DISK_FULL", "DISK_FULL", "DISK_FULL"]);
    expect(partition.watermarks).toMatchObject({ highWatermark: 1, endOffset: 1 });
    const early = await partition.produce(numbered(2));
    expect(codeOf(early)).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
    const taken = await Promise.all([1, 2, 3].map((at) => partition.produce(numbered(at))));
    expect(taken.map(offsetOf)).toEqual([1, 2, 3]);
  });

  test("while space is low refuses, and nobody's second batch becomes the first", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    world.disk.capacityBytes = 0;
    await world.space.probe();
    const low = [0, 1].map((at) => partition.produce(numbered(at)));
    expect((await Promise.all(low)).map(codeOf)).toEqual([
      "DISK_FULL",
      "OUT_OF_ORDER_SEQUENCE_NUMBER",
    ]);
    world.disk.capacityBytes = 10_000;
    await world.space.probe();
    expect(codeOf(await partition.produce(numbered(1)))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
    expect(codeOf(await partition.produce(numbered(0)))).toBe("not refused");
    expect(codeOf(await partition.produce(numbered(1)))).toBe("not refused");
  });

  test("of a duplicate costs no room and leaves no record", async () => {
    const partition = await new PartitionWorld().open();
    const answers = [];
    for (let time = 0; time < 5; time++) answers.push(await partition.produce(numbered(0)));
    expect(answers.map(offsetOf)).toEqual([0, 0, 0, 0, 0]);
    expect(await headersIn(partition)).toHaveLength(1);
  });

  test("of a duplicate under way is answered with it", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    const gate = world.disk.hold("append");
    const answers = [partition.produce(numbered(0)), partition.produce(numbered(0))];
    await gate.reached();
    gate.release();
    expect((await Promise.all(answers)).map(offsetOf)).toEqual([0, 0]);
    expect(await headersIn(partition)).toHaveLength(1);
  });

  test("of a refused batch does not count: another may take its sequence", async () => {
    const world = new PartitionWorld({ "message.timestamp.before.max.ms": "1000" });
    const partition = await world.open();
    const timestamp = world.clock.now();
    await partition.produce(numbered(0, { timestamp }));
    expect(codeOf(await partition.produce(numbered(1, { timestamp: 5 })))).toBe(
      "INVALID_TIMESTAMP",
    );
    expect(codeOf(await partition.produce(numbered(1, { timestamp })))).toBe("not refused");
  });
});

test("what this process builds passes the topic's rules as well", async () => {
  const raw = { "message.timestamp.type": "LogAppendTime", "max.message.bytes": "200" };
  const world = new PartitionWorld(raw);
  const partition = await world.open();
  expect(codeOf(partition.append(batchOf({ first: 0, valueBytes: 300 })))).toBe(
    "MESSAGE_TOO_LARGE",
  );
  await unwrap(partition.append(batchOf({ first: 1, timestamp: 5 }))).committed;
  const [header] = await headersIn(partition);
  expect(header?.maxTimestamp).toBe(world.clock.now());
});

describe("a batch whose records are many", () => {
  const large = (baseSequence: number): Uint8Array =>
    numbered(baseSequence, { count: 3, valueBytes: unpackStepBytes, compression: "zstd" });

  test("is looked at in later turns, and those behind it wait for it", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    await partition.produce(numbered(0));
    const answers = [partition.produce(large(1)), partition.produce(numbered(4))];
    expect(partition.watermarks.endOffset).toBe(offset(1));
    world.clock.advance(0);
    expect(partition.watermarks.endOffset).toBe(offset(5));
    expect((await Promise.all(answers)).map(offsetOf)).toEqual([1, 4]);
    expect(offsetOf(await partition.produce(numbered(5)))).toBe(5);
  });

  test("is stored once, though it came twice before it was looked at", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    const answers = [partition.produce(large(0)), partition.produce(large(0))];
    world.clock.advance(0);
    expect((await Promise.all(answers)).map(offsetOf)).toEqual([0, 0]);
    // What is known already need not be looked at again.
    expect(offsetOf(await partition.produce(large(0)))).toBe(0);
    expect(partition.watermarks.endOffset).toBe(offset(3));
  });

  test("is refused as any other, and what is behind it is not", async () => {
    const world = new PartitionWorld({ "cleanup.policy": "compact" });
    const partition = await world.open();
    const keyless = batchOf({
      first: 0,
      count: 2,
      valueBytes: unpackStepBytes,
      compression: "gzip",
      isKeyless: true,
    });
    const answers = [partition.produce(keyless), partition.produce(batchOf({ first: 1 }))];
    world.clock.advance(0);
    expect((await Promise.all(answers)).map(codeOf)).toEqual(["INVALID_RECORD", "not refused"]);
    expect(partition.watermarks.endOffset).toBe(offset(1));
  });

  test("does not reach the log of a partition that has ended meanwhile", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    const answer = partition.produce(large(0));
    const closing = partition.close();
    world.clock.advance(0);
    expect(codeOf(await answer)).toBe("SHUTTING_DOWN");
    await closing;
    expect(partition.watermarks.endOffset).toBe(offset(0));
  });
});

describe("deleting records", () => {
  test("moves the start up to an offset, or to all that can be read", async () => {
    const partition = await new PartitionWorld().open();
    for (let at = 0; at < 10; at++) await partition.produce(batchOf({ first: at }));
    expect(await partition.deleteRecords(4)).toBe(offset(4));
    expect(partition.watermarks.startOffset).toBe(offset(4));
    expect(await partition.deleteRecords(2)).toBe(offset(4));
    expect(codeOf(await partition.read(offset(3), 100))).toBe("OFFSET_OUT_OF_RANGE");
    expect(await partition.deleteRecords(-1)).toBe(offset(10));
    expect(await partition.produce(batchOf({ first: 10 }))).toMatchObject({
      baseOffset: 10,
      logStartOffset: 10,
    });
  });

  test.each([-2, 11, Number.MAX_SAFE_INTEGER])("before %p is out of range", async (before) => {
    const partition = await new PartitionWorld().open();
    for (let at = 0; at < 10; at++) await partition.produce(batchOf({ first: at }));
    expect(codeOf(await partition.deleteRecords(before))).toBe("OFFSET_OUT_OF_RANGE");
    expect(partition.watermarks.startOffset).toBe(offset(0));
  });

  test("is not done where the topic only compacts", async () => {
    const partition = await new PartitionWorld({ "cleanup.policy": "compact" }).open();
    await partition.produce(batchOf({ first: 0 }));
    expect(codeOf(await partition.deleteRecords(-1))).toBe("POLICY_VIOLATION");
    const both = await new PartitionWorld({ "cleanup.policy": "delete,compact" }).open();
    await both.produce(batchOf({ first: 0 }));
    expect(await both.deleteRecords(-1)).toBe(offset(1));
  });

  test("by several at once keeps the highest start, also after a restart", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    for (let at = 0; at < 10; at++) await partition.produce(batchOf({ first: at }));
    const asked = [9, 3, 7].map((before) => partition.deleteRecords(before));
    expect((await Promise.all(asked)).map((at) => unwrap(at))).toEqual([9, 9, 9].map(offset));
    const again = await world.next({ keep: "all" }).open();
    expect(again.watermarks.startOffset).toBe(offset(9));
  });

  test("keeps their producers in mind", async () => {
    const partition = await new PartitionWorld().open();
    await partition.produce(numbered(0));
    await partition.deleteRecords(-1);
    expect(offsetOf(await partition.produce(numbered(0)))).toBe(0);
    expect(offsetOf(await partition.produce(numbered(1)))).toBe(1);
  });
});

describe("the leader epoch", () => {
  test.each([
    [-1, "not refused"],
    [0, "not refused"],
    [1, "UNKNOWN_LEADER_EPOCH"],
    [-2, "FENCED_LEADER_EPOCH"],
  ])("is 0 for ever; who has another one is told: %p", async (epoch, code) => {
    const partition = await new PartitionWorld().open();
    expect(codeOf(partition.leaderEpochFault(epoch))).toBe(code);
  });

  test("ends where the records end that can be read", async () => {
    const partition = await new PartitionWorld().open();
    for (let at = 0; at < 3; at++) await partition.produce(batchOf({ first: at }));
    expect(partition.endOfEpoch(0)).toEqual({ leaderEpoch: 0, endOffset: 3 });
    expect(partition.endOfEpoch(1)).toEqual({ leaderEpoch: -1, endOffset: -1 });
  });
});

test("producers are described by id, as far as they are acknowledged", async () => {
  const world = new PartitionWorld();
  const partition = await world.open();
  const producer = { producerId: 3, producerEpoch: 2, baseSequence: 0x7fff_ffff };
  await partition.produce(numbered(0, { count: 3, timestamp: 1000 }));
  await partition.produce(batchOf({ first: 0, count: 2, timestamp: 2000, producer }));
  const described = [
    { producerId: 3, producerEpoch: 2, lastSequence: 0, lastTimestamp: 2001 },
    { producerId: 7, producerEpoch: 0, lastSequence: 2, lastTimestamp: 1002 },
  ];
  expect(await partition.describeProducers()).toEqual(described);
  const again = await world.next({ keep: "all" }).open();
  expect(await again.describeProducers()).toEqual(described);
});

describe("waiting", () => {
  test("ends with the append that brings the last byte, once it is acknowledged", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    const waiters = new Waiters(world.clock, world.logger);
    const bytes = batchOf({ first: 0 }).length;
    const wait = waiters.wait({
      partitions: [{ partition, nextOffset: offset(0), bytesMax: 10_000 }],
      bytes: 2 * bytes,
      maxWaitMs: 500,
    });
    await partition.produce(batchOf({ first: 0 }));
    expect(waiters.count).toBe(1);
    const gate = world.disk.hold("append");
    const second = partition.produce(batchOf({ first: 1 }));
    await gate.reached();
    expect(waiters.count).toBe(1);
    gate.release();
    await second;
    expect(waiters.count).toBe(0);
    expect(await wait.ended).toBe("bytes");
  });

  test("ends when the topic is deleted, and reading says why", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    const waiters = new Waiters(world.clock, world.logger);
    const { ended } = waiters.wait({
      partitions: [{ partition, nextOffset: offset(0), bytesMax: 10_000 }],
      bytes: 1,
      maxWaitMs: 500,
    });
    const deleted = new Refusal("UNKNOWN_TOPIC_OR_PARTITION", "topic orders was deleted");
    partition.end(deleted);
    expect(await ended).toBe("changed");
    expect(partition.read(offset(0), 100)).toBe(deleted);
    expect(await partition.offsetForTime(0)).toBe(deleted);
    expect(await partition.produce(batchOf({ first: 0 }))).toBe(deleted);
    expect(partition.append(batchOf({ first: 0 }))).toBe(deleted);
    expect(await partition.deleteRecords(-1)).toBe(deleted);
    expect(await partition.describeProducers()).toBe(deleted);
  });

  test("ends when the records that it waits at are deleted", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    for (let at = 0; at < 3; at++) await partition.produce(batchOf({ first: at }));
    const waiters = new Waiters(world.clock, world.logger);
    const at = (next: number) =>
      waiters.wait({
        partitions: [{ partition, nextOffset: offset(next), bytesMax: 0 }],
        bytes: 1,
        maxWaitMs: 500,
      });
    const [behind, ahead] = [at(1), at(3)];
    await partition.deleteRecords(2);
    expect(await behind.ended).toBe("changed");
    expect(waiters.count).toBe(1);
    ahead.cancel();
  });

  test("ends when the broker stops", async () => {
    const world = new PartitionWorld();
    const partition = await world.open();
    const waiters = new Waiters(world.clock, world.logger);
    const { ended } = waiters.wait({
      partitions: [{ partition, nextOffset: offset(0), bytesMax: 10_000 }],
      bytes: 1,
      maxWaitMs: 500,
    });
    await partition.close();
    expect(await ended).toBe("closing");
    expect(codeOf(await partition.produce(batchOf({ first: 0 })))).toBe("SHUTTING_DOWN");
    expect(codeOf(await partition.deleteRecords(-1))).toBe("SHUTTING_DOWN");
  });
});

test("what was being read when the topic was deleted is not given out", async () => {
  const world = new PartitionWorld();
  const first = await world.open();
  for (let at = 0; at < 3; at++) await first.produce(batchOf({ first: at }));
  await first.close();
  const next = world.next();
  const partition = await next.open();
  const gate = next.disk.hold("read", /\.log$/);
  const reading = partition.read(offset(0), 1000);
  await gate.reached();
  const deleted = new Refusal("UNKNOWN_TOPIC_OR_PARTITION", "topic orders was deleted");
  partition.end(deleted);
  gate.release();
  expect(await reading).toBe(deleted);
});

test("closing stores what was taken, and the next start has all of it", async () => {
  const world = new PartitionWorld();
  const partition = await world.open();
  const answers = range(0, 20).map((at) => partition.produce(numbered(at)));
  await partition.close();
  expect((await Promise.all(answers)).map(offsetOf)).toEqual(range(0, 20));
  const again = await world.next().open();
  const { chunks } = unwrap(await again.read(offset(0), 100_000));
  expect(numbersIn(chunks)).toEqual(range(0, 20));
});
