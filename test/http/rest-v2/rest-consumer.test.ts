import { expect, test } from "bun:test";
import { RestConsumer } from "../../../src/http/rest-v2/rest-consumer.ts";
import { httpPagesMax } from "../../../src/limits.ts";
import { HttpWorld } from "../../support/http-world.ts";
import { turns, until } from "../../support/until.ts";
import { ascending, Requests } from "./requests.ts";

const place = { topic: "t", partition: 0 };

function consumerIn(world: HttpWorld, more: object = {}): RestConsumer {
  const { broker, groups, members, pages, base } = world;
  const parts = { broker, groups, members, pages, clock: base.clock };
  const settings = { format: "json", reset: "earliest", autoCommit: false } as const;
  const consumer = new RestConsumer(parts, "g", "c", {
    ...{ ...settings, minBytes: 1, waitMs: 1_000 },
    ...more,
  });
  consumer.read({ kind: "partitions", partitions: [place] });
  return consumer;
}

/** A read whose client stays, unless `leave` is called. */
function reading(consumer: RestConsumer, bytesMax = 1_000, hasRoom = () => true) {
  let leave = (): void => {};
  const onEnd = (cancel: () => void): (() => void) => {
    leave = cancel;
    return () => {};
  };
  const records = consumer.records({ bytesMax, waitMs: 30_000, isPeek: false, hasRoom, onEnd });
  return { records, leave: () => leave() };
}

test("what was read for a client that has gone is read again", async () => {
  await using world = await HttpWorld.open();
  const client = new Requests(world);
  await client.produce("t", 1);
  const consumer = consumerIn(world, { minBytes: 1_000 });
  const gone = reading(consumer);
  await turns(5);
  gone.leave();
  expect(await gone.records).toMatchObject([{ value: 1 }]);
  const again = reading(consumer, 1);
  expect(await again.records).toMatchObject([{ value: 1 }]);
});

test("a read that waits for more holds no page, and one that is made waits for its turn", async () => {
  await using world = await HttpWorld.open();
  const client = new Requests(world);
  await client.produce("t", 1);
  const waiting = Array.from({ length: httpPagesMax }, () =>
    reading(consumerIn(world, { minBytes: 1_000 })),
  );
  await until(() => world.base.clock.pending >= httpPagesMax);
  expect(await reading(consumerIn(world)).records).toMatchObject([{ value: 1 }]);
  const { promise: made, resolve: make } = Promise.withResolvers<void>();
  for (let left = httpPagesMax; left > 0; left--) void world.pages.run(() => made);
  let isAnswered = false;
  const late = reading(consumerIn(world)).records.finally(() => (isAnswered = true));
  await turns(20);
  expect(isAnswered).toBe(false);
  make();
  expect(await late).toMatchObject([{ value: 1 }]);
  for (const each of waiting) each.leave();
  await Promise.all(waiting.map(({ records }) => records));
});

test("nothing is read that could not be sent, and nothing is lost by that", async () => {
  await using world = await HttpWorld.open();
  const client = new Requests(world);
  await client.produce("t", 1);
  const consumer = consumerIn(world);
  expect(await reading(consumer, 1_000, () => false).records).toMatchObject({ status: 503 });
  expect(await reading(consumer).records).toMatchObject([{ value: 1 }]);
});

test("a read under way follows a seek", async () => {
  await using world = await HttpWorld.open();
  const client = new Requests(world);
  await client.produce("t", 1, 2);
  const consumer = consumerIn(world);
  expect(await reading(consumer).records).toMatchObject([{ value: 1 }, { value: 2 }]);
  const { records } = reading(consumer);
  await turns(5);
  consumer.seek([{ ...place, offset: 1 }]);
  expect(await records).toMatchObject([{ value: 2 }]);
});

test("a read waits for as many bytes as it is to have", async () => {
  await using world = await HttpWorld.open();
  const client = new Requests(world);
  await world.topic("t");
  const consumer = consumerIn(world, { minBytes: 2 });
  const { records } = reading(consumer);
  await client.produce("t", 1);
  await client.produce("t", 2);
  expect(await records).toMatchObject([{ value: 1 }, { value: 2 }]);
});

test("a busy partition does not keep another one from being read", async () => {
  await using world = await HttpWorld.open();
  const client = new Requests(world);
  await world.topic("t", 2);
  const sent = [0, 0, 0, 0, 1].map((partition) => ({ value: partition, partition }));
  await client.post("/topics/t", { records: sent }, "application/vnd.kafka.json.v2+json");
  const consumer = consumerIn(world);
  consumer.read({ kind: "partitions", partitions: [place, { topic: "t", partition: 1 }] });
  const first = await reading(consumer, 1).records;
  const second = await reading(consumer, 1).records;
  expect(
    [first, second]
      .flat()
      .map((each) => (each as { value: number }).value)
      .toSorted(ascending),
  ).toEqual([0, 1]);
});
