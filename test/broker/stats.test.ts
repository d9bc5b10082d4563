import { expect, test } from "bun:test";
import { BrokerStats } from "../../src/broker/stats.ts";
import { append, BrokerWorld } from "../support/broker-world.ts";
import { batchOf } from "../support/batches.ts";
import { unwrap } from "../support/log-world.ts";

test("batches are counted by their bytes and their records", () => {
  const stats = new BrokerStats();
  stats.appended(100, 1);
  stats.appended(300, 20);
  expect([stats.batchBytes.count, stats.batchBytes.sum]).toEqual([2, 400]);
  expect([stats.batchRecords.count, stats.batchRecords.sum]).toEqual([2, 21]);
});

test("what is received counts when it can be read, and not what was there at the start", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  const topic = unwrap(await broker.createTopic({ name: "t" }));
  const batch = batchOf({ first: 0, count: 5 });
  expect(await unwrap(topic.partitions[0]!.append(batch)).committed).toBeNull();
  const { traffic } = topic.partitions[0]!;
  expect([traffic.receivedRecords, traffic.receivedBytes]).toEqual([5, batch.length]);
  await broker.close();
  const next = world.next();
  const again = await next.start();
  expect(again.topic("t")?.partitions[0]?.traffic.receivedRecords).toBe(0);
  await append(again, "t", 5);
  expect(again.topic("t")?.partitions[0]?.traffic.receivedRecords).toBe(1);
  await again.close();
});

test("what is not stored is not received", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  unwrap(await broker.createTopic({ name: "t" }));
  world.disk.failNext("append", /\.log$/, "full");
  expect(await append(broker, "t", 0)).not.toBeNull();
  expect(broker.topic("t")?.partitions[0]?.traffic.receivedBytes).toBe(0);
  await broker.close();
});
