import { describe, expect, test } from "bun:test";
import { autoCommitMs } from "../../../src/limits.ts";
import { committedOffsets } from "../../../src/broker/group-commits.ts";
import { HttpWorld } from "../../support/http-world.ts";
import { ascending } from "../rest-v2/requests.ts";
import { EventReader } from "./event-reader.ts";
import { SocketReader } from "./socket-reader.ts";

async function produce(world: HttpWorld, ...values: readonly number[]): Promise<void> {
  for (const data of values) {
    const body = { partition_id: data % 2, value: { type: "JSON", data } };
    const stored = await world.moving(world.v3("POST", "/topics/t/records", body));
    if (stored.status !== 200) throw new Error(stored.text);
  }
}

async function committed(world: HttpWorld): Promise<unknown> {
  const offsets = await committedOffsets(world.groups, "g", null);
  return typeof offsets === "string"
    ? offsets
    : offsets.map((each) => [each.partition, each.offset]);
}

async function opened(): Promise<HttpWorld> {
  const world = await HttpWorld.open();
  await world.topic("t", 2);
  return world;
}

const urlOf = (world: HttpWorld, query = ""): string =>
  `${world.url}/streams/groups/g?topic=t&offset=earliest${query}`;

/** Opens a stream of the group, once the group has given it something. */
async function events(world: HttpWorld, lastId = "", given = 1): Promise<EventReader> {
  const headers: Record<string, string> = lastId === "" ? {} : { "last-event-id": lastId };
  const reader = await EventReader.open(urlOf(world), headers);
  await world.movingUntil(() => assigned(reader) >= given);
  return reader;
}

const assigned = (reader: EventReader): number => {
  const last = reader.events.findLast(({ name }) => name === "assigned")?.data;
  return (last as { readonly partitions: readonly unknown[] } | undefined)?.partitions.length ?? 0;
};

describe("a group's events", () => {
  test("are all records, with their topics, and are committed once they have been taken", async () => {
    await using world = await opened();
    await using reader = await events(world, "", 2);
    await produce(world, 0, 1, 2);
    await world.movingUntil(() => reader.values.length === 3);
    expect(reader.records[0]).toMatchObject({ topic_name: "t", partition_id: 0, offset: 0 });
    expect(reader.lastId).toBe("t/0:2,1:1");
    // What was taken is looked at when more comes; what had been taken by then comes a look later.
    for (const value of [3, 5, 7]) {
      world.base.clock.advance(autoCommitMs);
      await produce(world, value);
      await world.movingUntil(() => reader.values.includes(value));
    }
    const offsets = (await committed(world)) as readonly (readonly [number, number])[];
    expect(offsets[0]).toEqual([0, 2]);
    expect(offsets[1]?.[1]).toBeOneOf([1, 2, 3]);
  });

  test("go on behind the last id, whatever was committed", async () => {
    await using world = await opened();
    await produce(world, 0, 2, 4);
    const reader = await events(world, "", 2);
    await world.movingUntil(() => reader.values.length === 3);
    const id =
      reader.events.find(({ data }) => (data as { offset?: number }).offset === 0)?.id ?? "";
    await world.moving(reader[Symbol.asyncDispose]());
    await world.movingUntil(() => world.members.count === 0);
    await using again = await events(world, id, 2);
    await world.movingUntil(() => again.values.length === 2);
    expect(again.values).toEqual([2, 4]);
  });

  test("are shared with other streams of the group, and taken over from one that ends", async () => {
    await using world = await opened();
    await using first = await events(world, "", 2);
    const second = await events(world);
    await world.movingUntil(() => assigned(first) === 1 && assigned(second) === 1);
    await produce(world, 0, 1);
    await world.movingUntil(() => first.values.length + second.values.length === 2);
    expect([...first.values, ...second.values].toSorted(ascending)).toEqual([0, 1]);
    await world.moving(second[Symbol.asyncDispose]());
    await world.movingUntil(() => assigned(first) === 2);
    await produce(world, 2, 3);
    await world.movingUntil(() => first.values.includes(2) && first.values.includes(3));
  });
});

describe("a group over a WebSocket", () => {
  test("commits what is acknowledged, and nothing else", async () => {
    await using world = await opened();
    await using reader = await SocketReader.open(urlOf(world));
    await world.movingUntil(() => reader.of("assigned").length > 0);
    await produce(world, 0, 1, 2);
    await world.movingUntil(() => reader.values.length === 3);
    reader.send({ type: "ack", position: "t/0:1" });
    await world.movingUntil(() => reader.of("acked").length === 1);
    expect(await committed(world)).toEqual([[0, 1]]);
    reader.send({ type: "ack", position: reader.of("records").at(-1)?.position });
    await world.movingUntil(() => reader.of("acked").length === 2);
    expect(await committed(world)).toEqual([
      [0, 2],
      [1, 1],
    ]);
  });

  test("gives again what was not acknowledged", async () => {
    await using world = await opened();
    await produce(world, 0, 2);
    const reader = await SocketReader.open(urlOf(world));
    await world.movingUntil(() => reader.values.length === 2);
    reader.send({ type: "ack", position: "t/0:1" });
    await world.movingUntil(() => reader.of("acked").length === 1);
    await world.moving(reader[Symbol.asyncDispose]());
    await world.movingUntil(() => world.members.count === 0);
    await using again = await SocketReader.open(urlOf(world));
    await world.movingUntil(() => again.values.length === 1);
    expect(again.values).toEqual([2]);
  });

  test("takes no acknowledgement of what it has not given", async () => {
    await using world = await opened();
    await produce(world, 0);
    await using reader = await SocketReader.open(urlOf(world));
    await world.movingUntil(() => reader.values.length === 1);
    for (const position of ["t/0:2", "u/0:0"]) reader.send({ type: "ack", position });
    await world.movingUntil(() => reader.of("refused").length > 0);
    expect([await committed(world), reader.code]).toEqual([[], null]);
  });
});

test("an offset behind the last record is none to begin at", async () => {
  await using world = await opened();
  await produce(world, 1, 2);
  await world.commit("g", "t", 0, 1_000);
  await using reader = await SocketReader.open(urlOf(world));
  await world.movingUntil(() => reader.values.length === 2);
  expect(reader.values.toSorted(ascending)).toEqual([1, 2]);
});

test("a group that can't be is refused in the stream", async () => {
  await using world = await opened();
  const url = `${world.url}/streams/groups/${"g".repeat(600)}?topic=t`;
  await using reader = await EventReader.open(url);
  await world.movingUntil(() => reader.isEnded);
  expect(reader.events).toMatchObject([{ name: "refused", data: { error_code: 40002 } }]);
});
