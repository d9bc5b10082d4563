import { describe, expect, test } from "bun:test";
import { type Place, Stations, type Step, type Wish } from "../../../src/http/streams/stations.ts";
import { streamQuietMs } from "../../../src/limits.ts";
import { batchOf } from "../../support/batches.ts";
import { HttpWorld } from "../../support/http-world.ts";
import { turns, until } from "../../support/until.ts";

const wish: Wish = {
  style: { form: "events", showing: "string", topic: "t" },
  filter: () => true,
  filterText: "",
};

async function opened(): Promise<HttpWorld> {
  const world = await HttpWorld.open();
  await world.topic("t");
  return world;
}

function placeIn(world: HttpWorld, offset = 0): readonly Place[] {
  const topic = world.broker.topic("t");
  const partition = topic?.partitions[0];
  if (topic === undefined || partition === undefined) throw new Error("there is no t");
  return [{ partition, topicId: topic.id, offset }];
}

/** Appends a batch of records. */
async function append(world: HttpWorld, first: number, count: number): Promise<void> {
  const [place] = placeIn(world);
  await place?.partition.produce(batchOf({ first, count }));
}

function ask(stations: Stations, places: readonly Place[], wanted = wish): Promise<Step> {
  return new Promise((resolve) => void stations.ask(places, wanted, resolve));
}

describe("readers at one place", () => {
  test("get the same chunk, which is encoded once", async () => {
    await using world = await opened();
    const stations = new Stations(world.broker);
    const steps = Array.from({ length: 100 }, () => ask(stations, placeIn(world)));
    await turns(2);
    expect([stations.readers, stations.encoded]).toEqual([100, 0]);
    await append(world, 0, 3);
    const [first, ...others] = await Promise.all(steps);
    expect(first).toMatchObject({ kind: "chunk", chunk: { count: 3, next: [{ offset: 3 }] } });
    expect(
      others.every(
        (step) => first?.kind === "chunk" && step.kind === "chunk" && step.chunk === first.chunk,
      ),
    ).toBe(true);
    expect([stations.readers, stations.encoded]).toEqual([0, 1]);
  });

  test("also when one of them comes late, as long as it is kept", async () => {
    await using world = await opened();
    await append(world, 0, 3);
    const stations = new Stations(world.broker);
    await ask(stations, placeIn(world));
    await append(world, 3, 3);
    expect(await ask(stations, placeIn(world))).toMatchObject({ chunk: { count: 3 } });
    expect(stations.encoded).toBe(1);
    const small = new Stations(world.broker, 0);
    await ask(small, placeIn(world));
    await ask(small, placeIn(world));
    expect(small.encoded).toBe(2);
  });

  test("with other wishes get others", async () => {
    await using world = await opened();
    await append(world, 0, 2);
    const stations = new Stations(world.broker);
    const none = { ...wish, filter: () => false, filterText: "none" };
    const socket = { ...wish, style: { ...wish.style, form: "socket" } as const };
    const binary = { ...wish, style: { ...wish.style, showing: "binary" } as const };
    const steps = await Promise.all(
      [wish, none, socket, binary].map((each) => ask(stations, placeIn(world), each)),
    );
    expect(steps.map((step) => step.kind === "chunk" && step.chunk.count)).toEqual([2, 0, 2, 2]);
    expect(stations.encoded).toBe(4);
  });
});

test("where nothing comes there is a sign of life", async () => {
  await using world = await opened();
  const stations = new Stations(world.broker);
  const step = ask(stations, placeIn(world));
  const { clock } = world.base;
  await until(() => clock.pending > 0 && stations.readers === 1);
  await turns(2);
  clock.advance(streamQuietMs);
  expect(await step).toEqual({ kind: "quiet" });
});

test("who leaves is not told, and when all have left nothing waits", async () => {
  await using world = await opened();
  const stations = new Stations(world.broker);
  const { clock } = world.base;
  const pending = clock.pending;
  const told: Step[] = [];
  const leave = stations.ask(placeIn(world), wish, (step) => told.push(step));
  const stays = ask(stations, placeIn(world));
  await until(() => clock.pending > pending);
  leave();
  await append(world, 0, 1);
  expect(await stays).toMatchObject({ chunk: { count: 1 } });
  await turns(5);
  const idle = clock.pending;
  const last = stations.ask(placeIn(world, 1), wish, (step) => told.push(step));
  await until(() => clock.pending > idle);
  last();
  await turns(2);
  expect([told, stations.readers, clock.pending]).toEqual([[], 0, idle]);
});

test("a chunk is no larger than it should be, unless one record is", async () => {
  await using world = await opened();
  await append(world, 0, 5_000);
  const stations = new Stations(world.broker);
  let offset = 0;
  let chunks = 0;
  while (offset < 5_000) {
    const step = await ask(stations, placeIn(world, offset));
    if (step.kind !== "chunk") throw new Error(step.kind);
    expect((step.chunk.data as Uint8Array).length).toBeLessThan(66 * 1024);
    offset = step.chunk.next[0]?.offset ?? 0;
    chunks += 1;
  }
  expect(chunks).toBeGreaterThan(5);
});

test("when the broker closes, whoever waits is told", async () => {
  const world = await opened();
  const stations = new Stations(world.broker);
  const step = ask(stations, placeIn(world));
  await turns(2);
  await world[Symbol.asyncDispose]();
  expect((await step).kind).toBeOneOf(["closing", "quiet"]);
});
