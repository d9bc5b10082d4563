import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { batchOf } from "../support/batches.ts";
import { append, BrokerWorld, numbersOf } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";

test("a deletion that a kill has interrupted in its rename outlives a power cut", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  unwrap(await broker.createTopic({ name: "orders" }));
  await append(broker, "orders", 1);
  const gate = world.disk.hold("syncDirectory", "topics");
  void broker.deleteTopic("orders");
  await gate.reached();

  const killed = world.crash({ keep: "all" });
  expect((await killed.start()).topics()).toEqual([]);
  const back = killed.crash({ keep: "synced" });
  expect((await back.start()).topics()).toEqual([]);
});

test("a creation that got nowhere, on a disk without any topic, is taken back whole", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  world.disk.failNext("makeDirectory", /^topics/, "full");
  expect(await broker.createTopic({ name: "orders" })).toBeInstanceOf(Refusal);
  expect(await world.metadata.topics.all()).toEqual([]);
  unwrap(await broker.createTopic({ name: "orders" }));
});

test("a batch that was refused before producers were known is not passed by the next", async () => {
  const world = new BrokerWorld();
  const first = await world.start();
  unwrap(await first.createTopic({ name: "orders" }));
  await append(first, "orders", 1);
  const next = world.crash({ keep: "all" });
  const broker = await next.start();
  next.disk.failNext("read", /\.log$/, "failed");
  expect(await produce(broker, 10)).toBe("KAFKA_STORAGE_ERROR");
  expect(await produce(broker, 11)).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(await produce(broker, 10)).toBe("stored");
  expect(await produce(broker, 11)).toBe("stored");
  expect(await numbersOf(broker, "orders")).toEqual([1, 10, 11]);
});

/** Sends record `number`, whose sequence is 10 less. */
async function produce(broker: Broker, number: number): Promise<string> {
  const producer = { producerId: 7, producerEpoch: 0, baseSequence: number - 10 };
  const partition = broker.topic("orders")?.partitions[0];
  const produced = await partition?.produce(batchOf({ first: number, producer }));
  return produced instanceof Refusal ? produced.code : "stored";
}
