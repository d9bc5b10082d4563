import { describe, expect, test } from "bun:test";
import { streamQuietMs } from "../../../src/limits.ts";
import { HttpWorld } from "../../support/http-world.ts";
import { until } from "../../support/until.ts";
import { ascending } from "../rest-v2/requests.ts";
import { EventReader } from "./event-reader.ts";
import { SocketReader } from "./socket-reader.ts";

/** Stores values, each in its partition. */
async function produce(
  world: HttpWorld,
  topic: string,
  ...records: readonly (readonly [value: unknown, more?: object])[]
): Promise<void> {
  for (const [data, more] of records) {
    const body = { value: { type: "JSON", data }, ...more };
    const { status, text } = await world.v3("POST", `/topics/${topic}/records`, body);
    if (status !== 200) throw new Error(text);
  }
}

const open = {
  events: (world: HttpWorld, path: string) => EventReader.open(`${world.url}/streams/${path}`),
  socket: (world: HttpWorld, path: string) => SocketReader.open(`${world.url}/streams/${path}`),
};

describe.each(["events", "socket"] as const)("a stream of a topic, by %s,", (form) => {
  test("has what comes, in order, from now on", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await produce(world, "t", [0]);
    await using reader = await open[form](world, "topics/t");
    await produce(world, "t", [1], [{ a: 2 }]);
    await until(() => reader.values.length === 2);
    expect(reader.values).toEqual([1, { a: 2 }]);
    expect(reader.records[0]).toMatchObject({ partition_id: 0, offset: 1, key: null, headers: [] });
  });

  test.each([
    ["?offset=earliest", [0, 1, 2]],
    ["?offset=1", [1, 2]],
    ["?offset=0:2", [2]],
    ["?time=2020-01-01T00:00:00Z", [0, 1, 2]],
    ["?offset=earliest&key=k1", [1]],
    ["?offset=earliest&header=h%3Dx", [2]],
    ["?offset=earliest&contains=1&partition=0", [1]],
  ])("%s", async (query, expected) => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const headers = [{ name: "h", value: Buffer.from("x").toString("base64") }];
    await produce(world, "t", [0], [1, { key: { type: "STRING", data: "k1" } }], [2, { headers }]);
    await using reader = await open[form](world, `topics/t${query}`);
    await until(() => reader.values.length >= expected.length);
    expect(reader.values).toEqual(expected);
  });

  test("shows keys and values as is wanted", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await produce(world, "t", [1]);
    await using reader = await open[form](world, "topics/t?offset=earliest&format=binary");
    await until(() => reader.records.length === 1);
    expect(reader.records[0]).toMatchObject({ value: { type: "BINARY", data: "MQ==" } });
  });

  test("reads all partitions, and those that are added", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 2);
    await using reader = await open[form](world, "topics/t");
    await produce(world, "t", [0, { partition_id: 0 }], [1, { partition_id: 1 }]);
    await until(() => reader.values.length === 2);
    expect(reader.values.toSorted(ascending)).toEqual([0, 1]);
    await world.broker.createPartitions("t", 3);
    await produce(world, "t", [2, { partition_id: 2 }]);
    await world.movingUntil(() => reader.values.length === 3, streamQuietMs);
    expect(reader.values.at(-1)).toBe(2);
  });

  test("ends with the topic, and says so", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await using reader = await open[form](world, "topics/t");
    await world.broker.deleteTopic("t");
    const isOver = (): boolean =>
      reader instanceof EventReader ? reader.isEnded : reader.code !== null;
    await until(isOver);
    const refused =
      reader instanceof EventReader
        ? reader.events.find(({ name }) => name === "refused")?.data
        : reader.of("refused")[0];
    expect(refused).toMatchObject({ error_code: 40401, message: "Topic not found." });
  });

  test("tells of records that retention took first", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await produce(world, "t", [0], [1], [2]);
    await world.broker.topic("t")?.partitions[0]?.deleteRecords(2);
    await using reader = await open[form](world, "topics/t?offset=0:1");
    await until(() => reader.values.length === 1);
    expect(reader.values).toEqual([2]);
    const skipped =
      reader instanceof EventReader
        ? reader.events.filter(({ name }) => name === "skipped").map(({ data }) => data)
        : reader.of("records")[0]?.["skipped"];
    expect(skipped).toEqual([{ partition_id: 0, from: 1, to: 2 }]);
  });

  test("ends in order when the broker stops", async () => {
    const world = await HttpWorld.open();
    await world.topic("t");
    const reader = await open[form](world, "topics/t");
    await world[Symbol.asyncDispose]();
    if (reader instanceof EventReader) await until(() => reader.isEnded);
    else {
      await until(() => reader.code !== null);
      expect(reader.code).toBe(1001);
    }
  });
});

describe("server-sent events", () => {
  test("go on behind the last id that was seen, in all partitions", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 2);
    const rows = [0, 1, 2, 3].map((value) => [value, { partition_id: value % 2 }] as const);
    await produce(world, "t", ...rows);
    const url = `${world.url}/streams/topics/t?offset=earliest`;
    await using first = await EventReader.open(url);
    expect(first.contentType).toBe("text/event-stream");
    await until(() => first.values.length === 4);
    for (const { id } of first.events) {
      await using again = await EventReader.open(url, { "last-event-id": id });
      const seen = first.events.findIndex((event) => event.id === id) + 1;
      await until(() => seen + again.values.length >= 4);
      const values = [...first.values.slice(0, seen), ...again.values];
      expect(values.toSorted(ascending)).toEqual([0, 1, 2, 3]);
    }
  });

  test("have an id before the first record, and one now and then where nothing is shown", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await produce(world, "t", [0]);
    await using reader = await open.events(world, "topics/t?key=none");
    expect(reader.lastId).toBe("0:1");
    await produce(world, "t", [1], [2]);
    await world.movingUntil(() => reader.lastId === "0:3", streamQuietMs);
    expect(reader.events).toEqual([]);
  });

  test("are not begun for HEAD", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const { status, headers } = await world.ask("HEAD", "/streams/groups/g?topic=t");
    expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    expect(world.members.count).toBe(0);
  });
});

describe("a WebSocket", () => {
  test("begins again at a position that it was told", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 2);
    await produce(world, "t", [0, { partition_id: 0 }], [1, { partition_id: 1 }]);
    await using reader = await open.socket(world, "topics/t?offset=earliest");
    await until(() => reader.values.length === 2);
    await produce(world, "t", [2, { partition_id: 1 }]);
    await using again = await open.socket(
      world,
      `topics/t?offset=${reader.of("records")[0]?.position}`,
    );
    await until(() => again.values.length === 1);
    expect(again.values).toEqual([2]);
  });

  test("that says what it may not say is closed, and told why", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    for (const message of ["x", { type: "nack" }, { type: "ack", position: "?" }]) {
      await using reader = await open.socket(world, "topics/t");
      reader.send(message);
      await until(() => reader.code !== null);
      expect([reader.code, reader.of("refused")]).toMatchObject([1008, [{}]]);
    }
  });

  test("of a topic has nobody to acknowledge to", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await using reader = await open.socket(world, "topics/t");
    reader.send({ type: "ack", position: "t/0:1" });
    await until(() => reader.of("refused").length === 1);
    expect(reader.code).toBeNull();
  });
});

describe("a stream is refused", () => {
  test.each([
    ["topics/x", 404, 40401],
    ["topics/t?partition=2", 404, 40402],
    ["topics/t?offset=5", 400, 400],
    ["topics/t?offset=0:9", 404, 40411],
    ["topics/t?offset=u/0:0", 400, 400],
    ["topics/t?offset=x", 400, 400],
    ["topics/t?offset=earliest&time=0", 400, 400],
    ["topics/t?time=now", 400, 400],
    ["topics/t?format=xml", 400, 400],
    ["topics/t?key=base64:?", 400, 400],
    ["topics/t?offsets=1", 400, 400],
    ["groups/g", 400, 400],
    ["groups/g?topic=x", 404, 40401],
    ["groups/g?topic=t&offset=0:1", 400, 400],
  ])("%s", async (path, status, errorCode) => {
    await using world = await HttpWorld.open();
    await world.topic("t", 2);
    const answered = await world.ask("GET", `/streams/${path}`);
    expect([answered.status, answered.body]).toMatchObject([status, { error_code: errorCode }]);
  });

  test("to who accepts no events", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const headers = { accept: "text/html" };
    expect((await world.ask("GET", "/streams/topics/t", { headers })).status).toBe(406);
  });
});
