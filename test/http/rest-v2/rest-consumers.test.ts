import { expect, test } from "bun:test";
import type { HttpError } from "../../../src/http/errors.ts";
import {
  restConsumerIdleMsDefault,
  restConsumersMax,
  restConsumerSweepMs,
} from "../../../src/limits.ts";
import { HttpWorld } from "../../support/http-world.ts";
import { ascending, json, Requests } from "./requests.ts";

const settings = {
  format: "json",
  reset: "latest",
  autoCommit: true,
  minBytes: 1,
  waitMs: 1_000,
} as const;

test("an instance that nobody uses is removed, and its partitions go to others", async () => {
  await using world = await HttpWorld.open();
  const client = new Requests(world);
  await world.topic("t", 2);
  const idle = await client.subscribed("g", ["t"]);
  const used = await client.subscribed("g", ["t"]);
  const from = world.base.clock.monotonic();
  while (
    world.base.clock.monotonic() - from <
    restConsumerIdleMsDefault + 2 * restConsumerSweepMs
  ) {
    await client.assigned(used);
    world.base.clock.advance(1_000);
  }
  expect((await client.get(`${idle}/records`, json)).status).toBe(404);
  while ((await client.assigned(used)) !== "t0 t1") world.base.clock.advance(100);
  expect([world.consumers.count, world.members.count]).toEqual([1, 1]);
});

test("there are only so many", async () => {
  await using world = await HttpWorld.open();
  const { consumers } = world;
  for (let left = restConsumersMax; left > 0; left--) consumers.create("g", null, settings);
  const refused = consumers.create("g", null, settings) as HttpError;
  expect([consumers.count, refused.status]).toEqual([restConsumersMax, 429]);
});

test.each([
  ["g", ""],
  ["g", "n".repeat(256)],
  ["g", "a\nb"],
  ["g".repeat(513), "n"],
])("group %s, name %j: none", async (group, name) => {
  await using world = await HttpWorld.open();
  const refused = world.consumers.create(group, name, settings) as HttpError;
  expect([refused.status, refused.errorCode]).toEqual([422, 42204]);
});

test("reads of one instance come one after another: no record is answered twice", async () => {
  await using world = await HttpWorld.open();
  const client = new Requests(world);
  await client.produce("t", 1, 2, 3, 4);
  const path = await client.subscribed("g", ["t"]);
  const reads = [1, 2, 3, 4].map(() => client.values(path, "?max_bytes=1"));
  expect((await Promise.all(reads)).flat().toSorted(ascending)).toEqual([1, 2, 3, 4]);
});
