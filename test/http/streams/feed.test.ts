import { expect, test } from "bun:test";
import { HttpError } from "../../../src/http/errors.ts";
import { TopicFeed } from "../../../src/http/streams/feed.ts";
import { Stations } from "../../../src/http/streams/stations.ts";
import { batchOf } from "../../support/batches.ts";
import { HttpWorld } from "../../support/http-world.ts";

const gone = HttpError.of(404, "gone");
const noGroup = HttpError.of(400, "no group");
const wish = {
  style: { form: "socket", showing: "string", topic: "t" },
  filter: () => true,
  filterText: "",
} as const;

async function feedIn(world: HttpWorld, isWhole = true): Promise<TopicFeed> {
  await world.topic("t");
  const { broker } = world;
  const topic = broker.topic("t");
  const partition = topic?.partitions[0];
  if (topic === undefined || partition === undefined) throw new Error("there is no t");
  const stations = new Stations(broker);
  const places = [{ partition, topicId: topic.id, offset: 0 }];
  return new TopicFeed({ stations, broker, topic, isWhole, wish, gone, noGroup }, places);
}

test("a step moves the position; new partitions are taken in, if all are wanted", async () => {
  await using world = await HttpWorld.open();
  const whole = await feedIn(world);
  const step = whole.next();
  await world.broker.topic("t")?.partitions[0]?.produce(batchOf({ first: 0, count: 3 }));
  expect(await step).toMatchObject({ kind: "chunk", chunk: { count: 3 } });
  expect(whole.position).toBe("0:3");
  await world.broker.createPartitions("t", 2);
  await world.broker.topic("t")?.partitions[1]?.produce(batchOf({ first: 0, count: 1 }));
  expect(await whole.next()).toMatchObject({ chunk: { count: 1 } });
  expect(whole.position).toBe("0:3,1:1");
  await whole.close();
});

test("what is handed out is counted, for each reader; what a filter keeps is not", async () => {
  await using world = await HttpWorld.open();
  const feed = await feedIn(world);
  const { broker } = world;
  const topic = broker.topic("t");
  const partition = topic?.partitions[0];
  if (topic === undefined || partition === undefined) throw new Error("there is no t");
  await partition.produce(batchOf({ first: 0, count: 3 }));
  const stations = new Stations(broker);
  const places = [{ partition, topicId: topic.id, offset: 0 }];
  const parts = { stations, broker, topic, isWhole: true, gone, noGroup };
  const one = {
    ...wish,
    filter: ({ offset: at }: { offset: number }) => at === 1,
    filterText: "1",
  };
  const filtered = new TopicFeed({ ...parts, wish: one }, places);
  expect(await feed.next()).toMatchObject({ chunk: { count: 3 } });
  const { sentRecords, sentBytes } = partition.traffic;
  expect(await filtered.next()).toMatchObject({ chunk: { count: 1 } });
  expect([sentRecords, partition.traffic.sentRecords]).toEqual([3, 4]);
  expect(partition.traffic.sentBytes).toBe((sentBytes / 3) * 4);
  expect(sentBytes).toBeGreaterThan(0);
});

test("one that is closed ends, waiting or not", async () => {
  await using world = await HttpWorld.open();
  const feed = await feedIn(world, false);
  const step = feed.next();
  await feed.close();
  expect([await step, await feed.next()]).toEqual([
    { kind: "ended", error: null },
    { kind: "ended", error: null },
  ]);
  expect(await feed.acknowledge()).toBe(noGroup);
});

test("another topic of the same name is not the one that was read", async () => {
  await using world = await HttpWorld.open();
  const feed = await feedIn(world);
  await world.broker.deleteTopic("t");
  await world.topic("t");
  expect(await feed.next()).toEqual({ kind: "ended", error: gone });
});
