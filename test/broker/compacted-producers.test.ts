/** Idempotent producers of a compacted topic: known again whatever compaction has removed. */
import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import type { HostedPartition } from "../../src/broker/partition.ts";
import { decodeProducers } from "../../src/broker/producer-snapshot.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { type Entry, keyed, linesOf, means } from "../support/compaction.ts";
import { unwrap } from "../support/log-world.ts";
import { headersIn, PartitionWorld, producersPath } from "../support/partition-world.ts";

const compactedTopic = {
  "cleanup.policy": "compact",
  "segment.bytes": "65536",
  "min.cleanable.dirty.ratio": "0",
};
const large = ".".repeat(30_000);

/** Sends a batch as an idempotent producer does, and gives its offset. */
async function send(
  partition: HostedPartition,
  producerId: number,
  baseSequence: number,
  entries: readonly Entry[],
): Promise<number | string> {
  const batch = keyed(entries, { producer: { producerId, producerEpoch: 0, baseSequence } });
  const produced = await partition.produce(batch);
  return produced instanceof Refusal ? produced.code : Number(produced.baseOffset);
}

/** Two producers that write the same keys: of the first one's batches, nothing will be left. */
async function written(world: PartitionWorld): Promise<HostedPartition> {
  const partition = await world.open();
  for (let i = 0; i < 6; i++) await send(partition, 1, i, [["a", `${i}${large}`]]);
  for (let i = 0; i < 6; i++) await send(partition, 2, i, [["a", `${i}${large}`]]);
  await send(partition, 2, 6, [["b", large]]);
  return partition;
}

/** Lets floors be written, which finishes segments. */
async function published(world: PartitionWorld): Promise<void> {
  world.clock.advance(20);
  await new Promise((resolve) => setImmediate(resolve));
}

async function compactedNow(world: PartitionWorld, partition: HostedPartition): Promise<void> {
  await published(world);
  const compactable = await partition.compactable(world.clock.now());
  if (compactable === null) throw new Error("there is nothing to compact");
  unwrap(await partition.compact(compactable.end, means(world.clock.now())));
}

test("the last batch of each producer stays, empty where its records went", async () => {
  const world = new PartitionWorld(compactedTopic);
  const partition = await written(world);
  await compactedNow(world, partition);
  const headers = (await headersIn(partition)).filter(({ producerId }) => producerId === 1);
  expect(headers.map((one) => [one.baseSequence, one.recordsCount, one.lastOffsetDelta])).toEqual([
    [5, 0, 0],
  ]);
  await partition.close();
});

test("after a restart, a batch that comes again is known, and the next one is in order", async () => {
  const world = new PartitionWorld(compactedTopic);
  const partition = await written(world);
  await compactedNow(world, partition);
  await partition.close();
  const again = await world.next().open();
  // Of the last five, as before.
  for (const sequence of [1, 3, 5]) {
    expect(await send(again, 1, sequence, [["a", `${sequence}${large}`]])).toBe(sequence);
  }
  expect(await send(again, 1, 7, [["a", "gap"]])).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(await send(again, 1, 6, [["a", "next"]])).toBe(13);
  await again.close();
});

test("the same after a kill, and without what was kept of them", async () => {
  const world = new PartitionWorld(compactedTopic);
  const partition = await written(world);
  await compactedNow(world, partition);
  for (const isKept of [true, false]) {
    const next = world.next({ keep: "synced" });
    if (!isKept) await next.disk.remove(producersPath);
    const again = await next.open();
    expect(await send(again, 1, 5, [["a", `5${large}`]])).toBe(5);
    expect(await send(again, 2, 6, [["b", large]])).toBe(12);
    expect(await send(again, 1, 6, [["a", "next"]])).toBe(13);
    expect(next.logger.events.filter(({ level }) => level === "warn")).toEqual([]);
    await again.close();
  }
});

test("what is kept of them names a batch that compaction leaves alone", async () => {
  const world = new PartitionWorld({ ...compactedTopic, "max.compaction.lag.ms": "1000" });
  const partition = await world.open();
  // The last segment ends with the batch that the snapshot names, and nothing follows.
  await send(partition, 1, 0, [
    ["a", "1"],
    ["a", "2"],
  ]);
  world.clock.advance(5000);
  await compactedNow(world, partition);
  const snapshot = decodeProducers(await world.disk.readWhole(producersPath));
  expect(snapshot?.offset).toBe(offset(2));
  expect(await linesOf(partition.log)).toEqual(["0 a=1", "1 a=2"]);
  // Then something follows, and it may be rewritten: another one is named first.
  await send(partition, 1, 2, [["a", "3"]]);
  world.clock.advance(5000);
  await compactedNow(world, partition);
  expect(decodeProducers(await world.disk.readWhole(producersPath))?.offset).toBe(offset(3));
  expect(await linesOf(partition.log)).toEqual(["2 a=3"]);
  const next = world.next({ keep: "synced" });
  const again = await next.open();
  expect(await send(again, 1, 3, [["a", "4"]])).toBe(3);
  expect(next.logger.named("producers are read from the whole log")).toEqual([]);
});

test("where they can't be written down, nothing is compacted", async () => {
  const world = new PartitionWorld(compactedTopic);
  const partition = await written(world);
  await published(world);
  world.disk.failNext("writeWhole", producersPath, "failed");
  const compactable = await partition.compactable(world.clock.now());
  const refusal = await partition.compact(offset(compactable?.end ?? 0), means(0));
  expect(refusal).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  expect((await linesOf(partition.log)).length).toBe(13);
});
