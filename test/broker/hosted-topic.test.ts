import { LoopShare } from "../../src/base/loop-share.ts";
import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { HostedTopic } from "../../src/broker/hosted-topic.ts";
import type { PartitionParts } from "../../src/broker/partition.ts";
import { Examinations } from "../../src/broker/examinations.ts";
import { ProducerCensus } from "../../src/broker/producer-census.ts";
import { producerFile } from "../../src/broker/producer-snapshot.ts";
import { refusingLog } from "../../src/broker/refusing-log.ts";
import { DiskSpace } from "../../src/broker/space.ts";
import { BrokerStats } from "../../src/broker/stats.ts";
import { logConfigOf, topicConfigOf } from "../../src/broker/topic-config.ts";
import type { LogConfig, PartitionLog } from "../../src/log/log.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { unwrap } from "../support/log-world.ts";

const reachedTheLog = new Refusal("SHUTTING_DOWN", "the log was asked");

/** A topic of two partitions, for batches up to 100 bytes; its logs note what reaches them. */
async function topicOn(
  freeBytes: number,
): Promise<{ topic: HostedTopic; taken: string[]; configured: LogConfig[] }> {
  const disk = new MemoryDisk();
  disk.capacityBytes = freeBytes;
  const [clock, logger] = [new ManualClock(), new MemoryLogger()];
  const space = new DiskSpace(disk, clock, logger, 1000);
  await space.probe();
  const parts: PartitionParts = {
    space,
    clock,
    logger,
    census: new ProducerCensus(clock, logger),
    stats: new BrokerStats(),
    examinations: new Examinations(new LoopShare(clock, 1)),
    producerStore: (topic, index) => producerFile(disk, `topics/${topic}/${index}/producers`),
  };
  const taken: string[] = [];
  const configured: LogConfig[] = [];
  const logs = [0, 1].map((index): PartitionLog => {
    return {
      ...refusingLog(reachedTheLog),
      append(batch) {
        taken.push(`${batch.byteLength} to ${index}`);
        return reachedTheLog;
      },
      configure(config) {
        configured.push(config);
        return Promise.resolve(null);
      },
    };
  });
  const row = {
    id: "5f0c9c0e-7a55-4a3e-9d0b-1c6f3a0f2b11",
    name: "orders",
    partitionCount: 2,
    state: "ready",
    createdAt: 0,
    config: {},
  } as const;
  const config = unwrap(topicConfigOf({ "max.message.bytes": "100" }));
  return { topic: new HostedTopic(row, config, logs, parts), taken, configured };
}

test("a batch that breaks no rule reaches the log of its partition", async () => {
  const { topic, taken } = await topicOn(10_000);
  expect(topic.partitions.map(({ index }) => index)).toEqual([0, 1]);
  expect(topic.partitions[1]?.append(new Uint8Array(100))).toBe(reachedTheLog);
  expect(topic.partitions[0]?.append(new Uint8Array(61))).toBe(reachedTheLog);
  expect(taken).toEqual(["100 to 1", "61 to 0"]);
});

test("a batch above max.message.bytes is refused with both sizes", async () => {
  const { topic, taken } = await topicOn(10_000);
  expect(String(topic.partitions[0]?.append(new Uint8Array(101)))).toBe(
    "MESSAGE_TOO_LARGE: a batch of 101 bytes is larger than max.message.bytes of topic orders, " +
      "which is 100",
  );
  expect(taken).toEqual([]);
});

test("while space is low nothing reaches the log", async () => {
  const { topic, taken } = await topicOn(999);
  expect(topic.partitions[0]?.append(new Uint8Array(61))).toMatchObject({ code: "DISK_FULL" });
  expect(taken).toEqual([]);
});

test("after its end no partition takes anything, whoever still holds it", async () => {
  const { topic, taken } = await topicOn(10_000);
  const [first, second] = topic.partitions;
  const deleted = new Refusal("UNKNOWN_TOPIC_OR_PARTITION", "topic orders was deleted");
  topic.end(deleted);
  expect(first?.append(new Uint8Array(61))).toBe(deleted);
  expect(second?.append(new Uint8Array(1000))).toBe(deleted);
  expect(taken).toEqual([]);
});

test("another configuration holds at once, for batches, logs and the row", async () => {
  const { topic, taken, configured } = await topicOn(10_000);
  const config = unwrap(topicConfigOf({ "max.message.bytes": "200", "segment.bytes": "65536" }));
  await topic.configure(config, 3);
  expect(topic.config).toBe(config);
  expect(topic.row.config).toEqual(config.raw);
  expect(topic.partitions[0]?.append(new Uint8Array(200))).toBe(reachedTheLog);
  expect(taken).toEqual(["200 to 0"]);
  expect(configured).toEqual([0, 1].map(() => logConfigOf(config, 3)));
  expect(configured[0]?.segmentBytes).toBe(65_536);
});

test("more partitions come behind those there are", async () => {
  const { topic } = await topicOn(10_000);
  const [first] = topic.partitions;
  topic.add([refusingLog(reachedTheLog)]);
  expect(topic.partitions.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(topic.partitions[0]).toBe(first);
  expect(topic.row.partitionCount).toBe(3);
});

test("whether records may be deleted by request depends on the policy", async () => {
  const { topic } = await topicOn(10_000);
  expect(topic.isDeleting).toBe(true);
  await topic.configure(unwrap(topicConfigOf({ "cleanup.policy": "compact" })), 0);
  expect(topic.isDeleting).toBe(false);
});
