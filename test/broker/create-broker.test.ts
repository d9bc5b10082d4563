/** A broker as a whole: what keeps it from starting, and what it does when space runs out. */
import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { diskProbeMs } from "../../src/limits.ts";
import { append, BrokerWorld, numbersOf } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";

test("metadata that cannot be read keep it from starting, and the metadata stay open", async () => {
  const world = new BrokerWorld();
  const damaged = new Refusal("KAFKA_STORAGE_ERROR", "metadata obelisk.db: damaged");
  world.metadata.topics.all = () => Promise.resolve(damaged);
  expect(await world.tryStart()).toBe(damaged);
  expect(world.metadata.isClosed).toBe(false);
});

test("a data directory that cannot be read keeps it from starting", async () => {
  const world = new BrokerWorld();
  world.disk.failNext("list", "topics", "denied");
  expect(String(await world.tryStart())).toContain("KAFKA_STORAGE_ERROR: list topics");
});

test("at most so many logs are opened at once", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  unwrap(await broker.createTopic({ name: "orders", partitionCount: 200 }));
  await broker.close();

  const next = world.next();
  const open = next.openLog;
  let running = 0;
  let most = 0;
  next.openLog = async (directory, config) => {
    most = Math.max(most, ++running);
    const log = await open(directory, config);
    running -= 1;
    return log;
  };
  const again = await next.start();
  expect(again.topic("orders")?.partitions).toHaveLength(200);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(32);
  await again.close();
});

test("below the reserve producers are refused, not consumers, until space is back", async () => {
  const world = new BrokerWorld();
  world.settings = { ...world.settings, diskReserveBytes: 1000 };
  world.disk.capacityBytes = 1200;
  const broker = await world.start();
  unwrap(await broker.createTopic({ name: "orders" }));
  let stored = 0;
  let refused: Refusal | null = null;
  while (refused === null) {
    refused = await append(broker, "orders", stored);
    if (refused === null) stored += 1;
  }
  expect(refused.code).toBe("DISK_FULL");
  expect(stored).toBeGreaterThan(0);
  expect(await numbersOf(broker, "orders")).toHaveLength(stored);

  world.disk.capacityBytes = 1_000_000;
  world.clock.advance(diskProbeMs);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await append(broker, "orders", stored)).toBeNull();
  expect(await numbersOf(broker, "orders")).toHaveLength(stored + 1);
  await broker.close();
});

test("a disk that fills up behind the guard's back refuses, and goes on, by itself", async () => {
  const world = new BrokerWorld();
  world.settings = { ...world.settings, diskReserveBytes: 0 };
  const broker = await world.start();
  unwrap(await broker.createTopic({ name: "orders" }));
  expect(await append(broker, "orders", 0)).toBeNull();
  world.disk.failNext("append", /\.log$/, "full");
  expect(await append(broker, "orders", 1)).toMatchObject({ code: "DISK_FULL" });
  expect(await append(broker, "orders", 2)).toBeNull();
  expect(await numbersOf(broker, "orders")).toEqual([0, 2]);
  await broker.close();
});
