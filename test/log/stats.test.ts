import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { append, BrokerWorld } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";

test("writes, their size and their failures are counted, and whether the device has them", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  const { stats } = world.environment;
  unwrap(await broker.createTopic({ name: "durable" }));
  unwrap(await broker.createTopic({ name: "buffered", config: { fsync: "never" } }));
  await Promise.all([append(broker, "durable", 0), append(broker, "durable", 1)]);
  await append(broker, "buffered", 0);
  expect([stats.durableWritesMs.count, stats.bufferedWritesMs.count]).toEqual([1, 1]);
  expect([stats.writeBatches.count, stats.writeBatches.sum]).toEqual([2, 3]);
  const bytes = ["durable", "buffered"].map((name) => {
    return broker.topic(name)?.partitions[0]?.log.sizeBytes ?? 0;
  });
  expect(stats.writeBytes.sum).toBe(bytes[0]! + bytes[1]!);
  world.disk.failNext("append", /durable.*\.log$/, "full");
  await append(broker, "durable", 2);
  expect([...stats.writeFailures]).toEqual([["full", 1]]);
  expect(stats.durableWritesMs.count).toBe(1);
  await broker.close();
});

test("reads are counted by where the answer was: in memory, or in a file", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  unwrap(await broker.createTopic({ name: "t" }));
  await append(broker, "t", 0);
  const partition = broker.topic("t")?.partitions[0];
  unwrap(await partition!.read(offset(0), 1_000));
  unwrap(await partition!.read(offset(1), 1_000));
  const { stats } = world.environment;
  expect([stats.cacheHits, stats.cacheMisses, stats.fileReadsMs.count]).toEqual([1, 0, 0]);
  await broker.close();
  const next = world.next();
  const again = await next.start();
  unwrap(await again.topic("t")!.partitions[0]!.read(offset(0), 1_000));
  const later = next.environment.stats;
  expect([later.cacheHits, later.cacheMisses, later.fileReadsMs.count]).toEqual([0, 1, 1]);
  await again.close();
});
