/** Stories of producers that are read when they are needed, and written now and then. */
import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { LateLog } from "../../src/broker/late-log.ts";
import type { HostedPartition } from "../../src/broker/partition.ts";
import { producerTailBytesMax } from "../../src/limits.ts";
import type { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import { PartitionWorld, producersPath } from "../support/partition-world.ts";
import { until } from "../support/until.ts";

/** Sends one batch of producer 7, and gives what it is answered. */
async function send(partition: HostedPartition, sequence: number, valueBytes = 10) {
  const producer = { producerId: 7, producerEpoch: 0, baseSequence: sequence };
  const answer = await partition.produce(batchOf({ first: sequence, valueBytes, producer }));
  return answer instanceof Refusal ? answer.code : Number(answer.baseOffset);
}

/** How often the file was read and written. */
const uses = ({ operations }: MemoryDisk): string[] =>
  operations
    .filter(({ operation, path }) => path === producersPath && operation.endsWith("Whole"))
    .map(({ operation }) => operation);

test("a start reads nothing; an empty log needs nothing", async () => {
  const world = new PartitionWorld();
  const partition = await world.open();
  expect(await send(partition, 0)).toBe(0);
  expect(uses(world.disk)).toEqual([]);
  await partition.close();
  expect(uses(world.disk)).toEqual(["writeWhole"]);

  const next = world.next();
  const again = await next.open();
  expect(uses(next.disk)).toEqual([]);
  expect(await send(again, 0)).toBe(0);
  expect(await send(again, 1)).toBe(1);
  expect(uses(next.disk)).toEqual(["readWhole"]);
  await again.close();
});

test("batches that come while they are read, are judged in order", async () => {
  const world = new PartitionWorld();
  const partition = await world.open();
  await send(partition, 0);
  const next = world.next({ keep: "all" });
  const again = await next.open();
  const gate = next.disk.hold("readWhole");
  const answers = [1, 0, 3, 2, 3].map((sequence) => send(again, sequence));
  await gate.reached();
  const other = await again.produce(batchOf({ first: 100 }));
  expect(other).toMatchObject({ baseOffset: 1 });
  gate.release();
  const expected = [2, 0, "OUT_OF_ORDER_SEQUENCE_NUMBER", 3, 4];
  expect<(string | number)[]>(await Promise.all(answers)).toEqual(expected);
  expect(uses(next.disk)).toEqual(["readWhole"]);
  await again.close();
});

test("where the log can't be read those who wait are refused, and the next one tries again", async () => {
  const world = new PartitionWorld();
  const partition = await world.open();
  await send(partition, 0);
  const next = world.next({ keep: "all" });
  const again = await next.open();
  next.disk.failNext("read", /\.log$/, "failed");
  const answers = await Promise.all([send(again, 1), send(again, 2)]);
  expect<(string | number)[]>(answers).toEqual(["KAFKA_STORAGE_ERROR", "KAFKA_STORAGE_ERROR"]);
  expect(await send(again, 1)).toBe(1);
  await again.close();
});

test("a topic that is deleted meanwhile refuses those who wait", async () => {
  const world = new PartitionWorld();
  await send(await world.open(), 0);
  const next = world.next({ keep: "all" });
  const again = await next.open();
  const gate = next.disk.hold("readWhole");
  const answer = send(again, 1);
  await gate.reached();
  again.end(new Refusal("UNKNOWN_TOPIC_OR_PARTITION", "topic orders was deleted"));
  gate.release();
  expect(await answer).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  expect(await again.delete()).toBeNull();
  expect(world.census.count).toBe(1);
  expect(next.census.count).toBe(0);
});

test("so much log behind the snapshot, and it is written anew; a start then reads the rest", async () => {
  const world = new PartitionWorld();
  const partition = await world.open();
  const valueBytes = 8 * 1024 * 1024;
  for (let sequence = 0; sequence < 9; sequence++) await send(partition, sequence, valueBytes);
  await until(() => uses(world.disk).length > 0);
  expect(partition.log.sizeBytes).toBeGreaterThan(producerTailBytesMax);

  const next = world.next({ keep: "all" });
  const again = await next.open();
  const before = next.disk.operations.length;
  expect(await send(again, 3)).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(await send(again, 4)).toBe(4);
  const isRead = ({ operation, path }: { operation: string; path: string }): boolean =>
    operation === "read" && path.endsWith(".log");
  // One batch, and the one before it, which the snapshot is checked by; in pieces.
  expect(next.disk.operations.slice(before).filter(isRead).length).toBeLessThan(10);
});

test("a partition that no such producer writes gets its snapshot as well", async () => {
  const world = new PartitionWorld();
  await send(await world.open(), 0);
  const next = world.next({ keep: "all" });
  const partition = await next.open();
  const valueBytes = 8 * 1024 * 1024;
  for (let number = 1; number < 10; number++) {
    await partition.produce(batchOf({ first: number, valueBytes }));
  }
  await until(() => uses(next.disk).includes("writeWhole"));
  expect(uses(next.disk)).toEqual(["readWhole", "writeWhole"]);
  expect(await send(partition, 0)).toBe(0);
});

test("a disk that has no room for it is asked again only after as much log", async () => {
  const world = new PartitionWorld();
  const partition = await world.open();
  world.disk.failNext("writeWhole", producersPath, "full", { forever: true });
  const valueBytes = 8 * 1024 * 1024;
  for (let sequence = 0; sequence < 14; sequence++) await send(partition, sequence, valueBytes);
  await until(() => world.logger.named("producers not written").length > 0);
  expect(world.logger.named("producers not written")).toHaveLength(1);
  expect(await send(partition, 14)).toBe(14);
});

test("a log that opens late is read then, whatever was sent before", async () => {
  const world = new PartitionWorld();
  await send(await world.open(), 0);
  const next = world.next({ keep: "all" });
  const late = new LateLog(new Refusal("KAFKA_STORAGE_ERROR", "not yet"), () => next.openLog());
  const partition = next.host(late);
  expect(await send(partition, 1)).toBe("KAFKA_STORAGE_ERROR");
  expect(await send(partition, 0)).toBe("KAFKA_STORAGE_ERROR");
  await late.tryAgain();
  expect(partition.watermarks).toMatchObject({ highWatermark: 1, endOffset: 1 });
  expect(await send(partition, 2)).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(await send(partition, 0)).toBe(0);
  expect(await send(partition, 1)).toBe(1);
  await partition.close();
});
