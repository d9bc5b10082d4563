import { expect, test } from "bun:test";
import { TopicIds } from "../../src/kafka/topic-ids.ts";
import { BrokerWorld } from "../support/broker-world.ts";
import { unwrap } from "../support/log-world.ts";

test("a topic is found by its id while it is there, and its successor by another", async () => {
  const broker = await new BrokerWorld().start();
  const ids = new TopicIds(broker);
  const first = unwrap(await broker.createTopic({ name: "t" }));
  expect(ids.find(first.id)).toBe(first);
  const other = unwrap(await broker.createTopic({ name: "u" }));
  expect([ids.find(first.id), ids.find(other.id)]).toEqual([first, other]);
  await broker.deleteTopic("t");
  expect(ids.find(first.id)).toBeUndefined();
  const second = unwrap(await broker.createTopic({ name: "t" }));
  expect(ids.find(first.id)).toBeUndefined();
  expect(ids.find(second.id)).toBe(second);
  await broker.close();
});

test("a topic that has grown is the same one", async () => {
  const broker = await new BrokerWorld().start();
  const ids = new TopicIds(broker);
  const { id } = unwrap(await broker.createTopic({ name: "t" }));
  expect(ids.find(id)?.partitions).toHaveLength(1);
  await broker.createPartitions("t", 3);
  expect(ids.find(id)?.partitions).toHaveLength(3);
  await broker.close();
});
