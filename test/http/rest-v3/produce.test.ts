import { describe, expect, test } from "bun:test";
import { recordHeadersMax } from "../../../src/limits.ts";
import { HttpWorld } from "../../support/http-world.ts";
import { Peer } from "../../support/peer.ts";
import { until } from "../../support/until.ts";

const at = "/topics/t/records";
const text = (data: string) => ({ type: "STRING", data });

/** Sends one record, as JSON or as it is. */
const produce = async (world: HttpWorld, body: unknown, headers = {}) =>
  await world.ask("POST", world.in(at), { body, headers });

const lines = (answered: string): unknown[] =>
  answered
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

async function opened(partitionCount = 1, config = {}): Promise<HttpWorld> {
  const world = await HttpWorld.open();
  await world.topic("t", partitionCount, config);
  return world;
}

/** The records of a partition, as reading shows them. */
async function stored(world: HttpWorld, partition = 0): Promise<readonly unknown[]> {
  const { body } = await world.v3("GET", `/topics/t/partitions/${partition}/records`);
  return (body as { readonly data: readonly unknown[] }).data;
}

describe("one record", () => {
  test("is stored with all that it has, and reported", async () => {
    await using world = await opened(2);
    const { status, body } = await produce(world, {
      partition_id: 1,
      headers: [{ name: "h", value: "aGk=" }, { name: "none" }],
      key: { type: "BINARY", data: "AP8=" },
      value: { type: "JSON", data: { id: 1, tags: ["a"] } },
      timestamp: "2024-01-01T00:00:00Z",
    });
    expect([status, body]).toEqual([
      200,
      {
        error_code: 200,
        cluster_id: world.clusterId,
        topic_name: "t",
        partition_id: 1,
        offset: 0,
        timestamp: "2024-01-01T00:00:00.000Z",
        key: { type: "BINARY", size: 2 },
        value: { type: "JSON", size: 21 },
      },
    ]);
    expect(await stored(world, 1)).toEqual([
      {
        partition_id: 1,
        offset: 0,
        timestamp: "2024-01-01T00:00:00.000Z",
        timestamp_ms: 1_704_067_200_000,
        headers: [
          { name: "h", value: "aGk=" },
          { name: "none", value: null },
        ],
        key: { type: "BINARY", data: "AP8=" },
        value: { type: "JSON", data: { id: 1, tags: ["a"] } },
      },
    ]);
  });

  test("may have neither key nor value, and a time in milliseconds", async () => {
    await using world = await opened();
    const { body } = await produce(world, { timestamp: 5 });
    expect(body).toMatchObject({ key: null, value: null, timestamp: "1970-01-01T00:00:00.005Z" });
    expect(await stored(world)).toMatchObject([{ key: null, value: null }]);
  });

  test("keeps all digits of its numbers", async () => {
    await using world = await opened();
    await produce(world, '{"value":{"type":"JSON","data":{"id":9007199254740993}}}');
    const { text: answered } = await world.v3("GET", "/topics/t/partitions/0/records/0");
    expect(answered).toContain('"data":{"id":9007199254740993}');
  });

  test("creates its topic where that is allowed, and nowhere else", async () => {
    await using world = await HttpWorld.open();
    expect((await produce(world, { value: text("a") })).status).toBe(200);
    await using strict = await HttpWorld.open({ settings: { autoCreateTopics: false } });
    const { status, body } = await produce(strict, { value: text("a") });
    expect([status, body]).toMatchObject([404, { error_code: 40403 }]);
  });

  test("is answered when the disk has it, and not before", async () => {
    await using world = await opened();
    const gate = world.base.disk.hold("append");
    let isAnswered = false;
    const asking = produce(world, { value: text("a") }).finally(() => (isAnswered = true));
    await gate.reached();
    expect(isAnswered).toBeFalse();
    gate.release();
    expect((await asking).status).toBe(200);
  });

  test.each<[string, unknown, number]>([
    ["a partition that is not there", { partition_id: 7 }, 404],
    ["half a partition", { partition_id: 0.5 }, 422],
    ["a value without a type", { value: { data: "a" } }, 422],
    ["a type that is not served", { value: { type: "AVRO", data: "a" } }, 422],
    ["a text that is a number", { value: { type: "STRING", data: 1 } }, 422],
    ["base64 that is none", { key: { type: "BINARY", data: "?" } }, 422],
    ["a header that is none", { headers: [{ name: "a", value: "?" }] }, 422],
    ["headers that are no list", { headers: { a: "b" } }, 422],
    [
      "too many headers",
      { headers: Array.from({ length: recordHeadersMax + 1 }, () => ({ name: "a" })) },
      422,
    ],
    ["a time that is none", { timestamp: "yesterday" }, 422],
    ["a time before all time", { timestamp: -1 }, 422],
    ["a slip of the pen", { valeu: text("a") }, 422],
    ["a list", [], 400],
    ["a text", '"a"', 400],
    ["nothing", "", 400],
    ["half of it", '{"value":', 400],
    ["no JSON", "{]}", 400],
    ["bytes that are no text", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 400],
  ])("is refused with %s", async (_, body, status) => {
    await using world = await opened();
    const answered = await produce(world, body);
    expect(answered.status).toBe(status);
    expect(world.broker.topic("t")?.partitions[0]?.highWatermark as number).toBe(0);
    expect(world.budget.used).toBe(0);
  });

  test("larger than the topic takes is refused", async () => {
    await using world = await opened(1, { "max.message.bytes": "1000" });
    expect((await produce(world, { value: text("a".repeat(1_000)) })).status).toBe(413);
  });

  test("without a key is refused where the topic needs one", async () => {
    await using world = await opened(1, { "cleanup.policy": "compact" });
    const { status, body } = await produce(world, { value: text("a") });
    expect([status, body]).toMatchObject([400, { error_code: 40002 }]);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "application/jsonx"])(
    "as %s is refused: a form of another site could send it",
    async (type) => {
      await using world = await opened();
      expect((await produce(world, "{}", { "content-type": type })).status).toBe(415);
    },
  );

  test("while the disk fails or is full, is told which", async () => {
    await using world = await opened(1);
    world.base.disk.failNext("append", /\.log$/, "full");
    const full = await produce(world, { value: text("a") });
    expect([full.status, full.body]).toMatchObject([507, { error_code: 50003 }]);
    world.base.disk.failNext("append", /\.log$/, "failed");
    const failed = await produce(world, { value: text("a") });
    expect([failed.status, failed.body]).toMatchObject([500, { error_code: 50003 }]);
  });
});

describe("several records in one body", () => {
  test("have a report each, in order, and one that fails harms no other", async () => {
    await using world = await opened();
    const sent = [{ value: text("a") }, { partition_id: 3 }, { bad: 1 }, { value: text("b") }];
    const body = sent.map((each) => JSON.stringify(each)).join(" \n");
    const answered = await produce(world, body);
    expect(answered.status).toBe(200);
    expect(lines(answered.text)).toMatchObject([
      { error_code: 200, offset: 0 },
      { error_code: 40403 },
      { error_code: 422 },
      { error_code: 200, offset: 1 },
    ]);
  });
});

/** A request whose body is sent piece by piece. */
async function streaming(world: HttpWorld): Promise<Peer> {
  const peer = await Peer.connect(world.door.port);
  peer.send(
    `POST ${world.in(at)} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
      "Transfer-Encoding: chunked\r\n\r\n",
  );
  return peer;
}

const chunk = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n`;

/** The reports that have come. */
const reports = (peer: Peer): unknown[] =>
  [...peer.text.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line));

describe("a stream of records", () => {
  test("is reported as it comes, however it falls into pieces", async () => {
    await using world = await opened();
    const peer = await streaming(world);
    peer.send(chunk('{"value":{"type":"STRING","data":"a"}}{"value":{"ty'));
    await until(() => reports(peer).length === 1);
    peer.send(chunk('pe":"STRING","data":"b"}}\n{"value":{"type":"STRING","data":"c"}}'));
    await until(() => reports(peer).length === 3);
    peer.send("0\r\n\r\n");
    await until(() => peer.text.endsWith("0\r\n\r\n"));
    expect(reports(peer)).toMatchObject([{ offset: 0 }, { offset: 1 }, { offset: 2 }]);
    expect([world.budget.used, world.door.open]).toEqual([0, 0]);
    peer.terminate();
  });

  test("goes on after a record that is refused, and ends at what is no record", async () => {
    await using world = await opened();
    const peer = await streaming(world);
    peer.send(chunk('{"x":1}{"value":{"type":"STRING","data":"a"}}'));
    await until(() => reports(peer).length === 2);
    peer.send(chunk("[1]"));
    await until(() => peer.text.endsWith("0\r\n\r\n"));
    expect(reports(peer)).toMatchObject([
      { error_code: 422 },
      { error_code: 200, offset: 0 },
      { error_code: 400 },
    ]);
    peer.terminate();
  });

  test("that ends within a record says so", async () => {
    await using world = await opened();
    const peer = await streaming(world);
    peer.send(`${chunk('{"value":')}0\r\n\r\n`);
    await until(() => reports(peer).length > 0);
    expect(reports(peer)).toMatchObject([{ error_code: 400 }]);
    peer.terminate();
  });

  test("whose peer goes leaves what was taken stored, and nothing behind", async () => {
    await using world = await opened();
    const peer = await streaming(world);
    peer.send(chunk('{"value":{"type":"STRING","data":"a"}}{"val'));
    await until(() => reports(peer).length === 1);
    peer.terminate();
    await until(() => world.door.open === 0 && world.budget.used === 0);
    expect(await stored(world)).toHaveLength(1);
  });

  test("ends when the door closes: what was taken is reported", async () => {
    await using world = await opened();
    const peer = await streaming(world);
    peer.send(chunk('{"value":{"type":"STRING","data":"a"}}'));
    await until(() => reports(peer).length === 1);
    await world.door.stop(60_000);
    expect(reports(peer)).toMatchObject([{ error_code: 200 }]);
  });

  test("for a topic that is not there is refused at once", async () => {
    await using world = await HttpWorld.open({ settings: { autoCreateTopics: false } });
    const peer = await streaming(world);
    await until(() => peer.receivedBytes > 0);
    expect(peer.text).toStartWith("HTTP/1.1 404 ");
    peer.terminate();
  });
});

describe("a batch request", () => {
  test("tells successes and failures apart, by the ids that were given", async () => {
    await using world = await opened();
    const { status, body } = await world.v3("POST", "/topics/t/records:batch", {
      entries: [
        { id: "one", value: text("a") },
        { id: "two", value: { type: "BINARY", data: "?" } },
        { id: "three", partition_id: 9 },
        { id: "four", value: text("b") },
      ],
    });
    expect([status, body]).toMatchObject([
      207,
      {
        successes: [
          { id: "one", offset: 0 },
          { id: "four", offset: 1 },
        ],
        failures: [
          { id: "two", error_code: 422 },
          { id: "three", error_code: 40403 },
        ],
      },
    ]);
  });

  test("is refused as a whole where it is none", async () => {
    await using world = await opened();
    const { status } = await world.v3("POST", "/topics/t/records:batch", { entries: [{}] });
    expect(status).toBe(422);
  });
});

describe("a CloudEvent", () => {
  const event = {
    "ce-specversion": "1.0",
    "ce-id": "1",
    "ce-source": "/shop",
    "ce-type": "paid",
    "ce-subject": "caf%C3%A9",
    "content-type": "text/plain",
  };

  test("becomes a record, and an event again when its value is read", async () => {
    await using world = await opened();
    const sent = await produce(world, "hello", event);
    expect([sent.status, sent.body]).toMatchObject([200, { offset: 0, value: { size: 5 } }]);
    const read = await world.v3("GET", "/topics/t/partitions/0/records/0/value");
    expect([read.status, read.text]).toEqual([200, "hello"]);
    expect(Object.fromEntries(read.headers)).toMatchObject(event);
    const [shown] = await stored(world);
    expect(shown).toMatchObject({
      headers: expect.arrayContaining([{ name: "ce_subject", value: "Y2Fmw6k=" }]),
    });
  });

  test("in structured mode is stored as it is", async () => {
    await using world = await opened();
    const body = { specversion: "1.0", id: "1", source: "/", type: "t" };
    const type = "application/cloudevents+json";
    expect((await produce(world, body, { "content-type": type })).status).toBe(200);
    const read = await world.v3("GET", "/topics/t/partitions/0/records/0/value");
    expect([read.headers.get("content-type"), read.body]).toEqual([type, body]);
  });

  test("that is none is refused", async () => {
    await using world = await opened();
    const { "ce-id": _, ...rest } = event;
    expect((await produce(world, "hello", rest)).status).toBe(422);
  });
});
