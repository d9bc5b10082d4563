import { describe, expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";
import { until } from "../../support/until.ts";
import { ascending, binary, json, Requests } from "./requests.ts";

async function opened(): Promise<{ world: HttpWorld; client: Requests }> {
  const world = await HttpWorld.open();
  return { world, client: new Requests(world) };
}

const codeOf = ({ status, body }: { readonly status: number; readonly body: unknown }) => [
  status,
  (body as { readonly error_code: number }).error_code,
];

test("the quick start of the proxy's documents works unchanged", async () => {
  const { world, client } = await opened();
  await using _ = world;
  const sent = { records: [{ key: "alice", value: { count: 0 } }, { value: { count: 1 } }] };
  const produced = await client.post("/topics/jsontest", sent, json);
  expect(produced.body).toMatchObject({ key_schema_id: null, value_schema_id: null });
  const created = await client.post("/consumers/my_json_consumer", {
    name: "my_consumer_instance",
    format: "json",
    "auto.offset.reset": "earliest",
  });
  const base = `${world.url}/consumers/my_json_consumer/instances/my_consumer_instance`;
  expect(created.headers.get("content-type")).toBe("application/vnd.kafka.v2+json");
  expect(created.body).toEqual({ instance_id: "my_consumer_instance", base_uri: base });
  const path = base.slice(world.url.length);
  const subscribed = await client.post(`${path}/subscription`, { topics: ["jsontest"] });
  expect([subscribed.status, subscribed.text]).toEqual([204, ""]);
  let records: readonly unknown[] = [];
  while (records.length === 0) {
    const read = await client.get(`${path}/records`, json);
    expect([read.status, read.headers.get("content-type")]).toEqual([200, json]);
    records = read.body as readonly unknown[];
  }
  expect(records).toEqual([
    { topic: "jsontest", key: "alice", value: { count: 0 }, partition: 0, offset: 0 },
    { topic: "jsontest", key: null, value: { count: 1 }, partition: 0, offset: 1 },
  ]);
  expect((await client.delete(path)).status).toBe(204);
  expect(codeOf(await client.get(`${path}/records`, json))).toEqual([404, 40403]);
});

describe("an instance", () => {
  test("has a name of its own if it is given none, with the defaults if there is no body", async () => {
    const { world, client } = await opened();
    await using _ = world;
    const paths = [await client.consumer("g"), await client.consumer("g", {})];
    expect(paths[0]).toMatch(/^\/consumers\/g\/instances\/rest-consumer-[\da-f-]{36}$/);
    expect(paths[0]).not.toBe(paths[1] ?? "");
    const bare = await client.post("/consumers/g");
    expect(bare.status).toBe(200);
  });

  test("whose name is taken is refused, in its group only", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.consumer("g", { name: "a" });
    expect(codeOf(await client.post("/consumers/g", { name: "a" }))).toEqual([409, 40902]);
    await client.consumer("h", { name: "a" });
  });

  test.each(["", ".", "..", "a\nb", "a\ud800", "a".repeat(256)])(
    "can't be called %j, which stands in no address",
    async (name) => {
      const { world, client } = await opened();
      await using _ = world;
      expect(codeOf(await client.post("/consumers/g", { name }))).toEqual([422, 42204]);
      expect(world.consumers.count).toBe(0);
    },
  );

  test.each(["a/b", "a?b#c", "ä b%", "\u0000"])(
    "called %j is found at its address",
    async (name) => {
      const { world, client } = await opened();
      await using _ = world;
      const path = await client.consumer("g", { name });
      expect((await client.delete(path)).status).toBe(204);
    },
  );

  test.each([
    ["is deleted", ""],
    ["unsubscribes", "/subscription"],
  ])("that %s while it waits for records is answered at once", async (_, tail) => {
    const { world, client } = await opened();
    await using _world = world;
    await world.topic("t");
    const path = await client.subscribed("g", ["t"], { "consumer.request.timeout.ms": 60_000 });
    const { clock } = world.base;
    const from = clock.monotonic();
    const reading = world.ask("GET", `${path}/records`, { headers: { accept: json } });
    await until(() => clock.pending > 1);
    expect((await client.delete(`${path}${tail}`)).status).toBe(204);
    const { status, body } = await world.moving(reading);
    expect([status, body, clock.monotonic() - from < 30_000]).toEqual([200, [], true]);
  });

  test.each([
    ["GET", "/records"],
    ["GET", "/subscription"],
    ["GET", "/assignments"],
    ["GET", "/offsets"],
    ["DELETE", "/subscription"],
    ["DELETE", ""],
  ])("that is not there: %s %s", async (method, tail) => {
    const { world, client } = await opened();
    await using _ = world;
    const path = `/consumers/g/instances/none${tail}`;
    const answered = await (method === "GET" ? client.get(path) : client.delete(path));
    expect([codeOf(answered), answered.body]).toEqual([
      [404, 40403],
      { error_code: 40403, message: "Consumer instance not found." },
    ]);
  });
});

describe("a subscription", () => {
  test("is shown, replaced and given up", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await world.topic("t");
    await world.topic("u", 2);
    const path = await client.subscribed("g", ["t"]);
    expect((await client.get(`${path}/subscription`)).body).toEqual({ topics: ["t"] });
    await client.post(`${path}/subscription`, { topics: ["u"] });
    while ((await client.assigned(path)) !== "u0 u1") world.base.clock.advance(100);
    await client.delete(`${path}/subscription`);
    expect((await client.get(`${path}/subscription`)).body).toEqual({ topics: [] });
    expect(await client.assigned(path)).toBe("");
    expect(codeOf(await client.get(`${path}/records`, json))).toEqual([409, 40903]);
  });

  test("by a pattern takes in topics that come later", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await world.topic("a-1");
    await world.topic("b-1");
    const path = await client.consumer("g");
    await client.post(`${path}/subscription`, { topic_pattern: "a-.*" });
    while ((await client.assigned(path)) !== "a-10") world.base.clock.advance(100);
    await world.topic("a-2");
    while ((await client.assigned(path)) !== "a-10 a-20") world.base.clock.advance(100);
  });

  test("creates a topic that is not there", async () => {
    const { world, client } = await opened();
    await using _ = world;
    const path = await client.consumer("g");
    await client.post(`${path}/subscription`, { topics: ["new"] });
    expect(world.broker.topic("new")?.name).toBe("new");
  });

  test("is no assignment, and an assignment none", async () => {
    const { world, client } = await opened();
    await using _ = world;
    const path = await client.subscribed("g", ["t"]);
    const partitions = [{ topic: "t", partition: 0 }];
    expect(codeOf(await client.post(`${path}/assignments`, { partitions }))).toEqual([409, 40903]);
    const other = await client.consumer("h");
    await client.post(`${other}/assignments`, { partitions });
    expect(codeOf(await client.post(`${other}/subscription`, { topics: ["t"] }))).toEqual([
      409, 40903,
    ]);
  });

  test.each([[{}], [{ topics: ["t"], topic_pattern: "t" }], [{ topic_pattern: "(" }], [{ x: 1 }]])(
    "that can't be: %j",
    async (body) => {
      const { world, client } = await opened();
      await using _ = world;
      const path = await client.consumer("g");
      expect((await client.post(`${path}/subscription`, body)).status).toBe(422);
    },
  );
});

describe("reading", () => {
  test("goes on where it was, in base64 where that is wanted", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1, 2);
    const path = await client.subscribed("g", ["t"], { format: "binary" });
    expect(await client.values(path, "", binary)).toEqual(["MQ==", "Mg=="]);
    await client.produce("t", 3);
    expect(await client.values(path, "", "*/*")).toEqual(["Mw=="]);
    expect(codeOf(await client.get(`${path}/records`, json))).toEqual([406, 40601]);
  });

  test("answers no more than it is asked for, but at least one record", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 11, 22, 33, 44444444);
    const path = await client.subscribed("g", ["t"]);
    expect(await client.values(path, "?max_bytes=4")).toEqual([11, 22]);
    expect(await client.values(path, "?max_bytes=2")).toEqual([33]);
    expect(await client.values(path, "?max_bytes=2")).toEqual([44444444]);
  });

  test("waits for records as long as it may", async () => {
    const { world, client } = await opened();
    await using _ = world;
    const path = await client.subscribed("g", ["t"], { "consumer.request.timeout.ms": "500" });
    const from = world.base.clock.monotonic();
    expect(await client.values(path)).toEqual([]);
    expect(world.base.clock.monotonic() - from).toBeGreaterThanOrEqual(500);
  });

  test("stops before a record that is no JSON, and tells how to get past it", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1);
    await client.post("/topics/t", { records: [{ value: "AAA=" }] }, binary);
    await client.produce("t", 3);
    const path = await client.subscribed("g", ["t"]);
    expect(await client.values(path)).toEqual([1]);
    const bad = await client.get(`${path}/records`, json);
    expect([codeOf(bad), bad.text]).toEqual([[500, 50002], expect.stringContaining("offset 1")]);
    const offsets = [{ topic: "t", partition: 0, offset: 2 }];
    expect((await client.post(`${path}/positions`, { offsets })).status).toBe(204);
    expect(await client.values(path)).toEqual([3]);
  });

  test("goes on at the start where retention was quicker", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1, 2, 3);
    const path = await client.subscribed("g", ["t"]);
    await world.broker.topic("t")?.partitions[0]?.deleteRecords(2);
    expect(await client.values(path)).toEqual([3]);
  });

  test("without a reset where nothing is committed is an error", async () => {
    const { world, client } = await opened();
    await using _ = world;
    const path = await client.subscribed("g", ["t"], { "auto.offset.reset": "none" });
    expect(codeOf(await client.get(`${path}/records`, json))).toEqual([500, 50002]);
  });
});

describe("offsets", () => {
  test("are committed as what was consumed, and lead the next instance on", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1, 2, 3);
    const path = await client.subscribed("g", ["t"], { "auto.commit.enable": "false" });
    expect(await client.values(path)).toEqual([1, 2, 3]);
    const committed = await client.post(`${path}/offsets`, {
      offsets: [{ topic: "t", partition: 0, offset: 1, metadata: "so far" }],
    });
    expect([committed.status, committed.body]).toEqual([200, []]);
    expect((await client.get(`${path}/offsets`)).body).toEqual({
      offsets: [{ topic: "t", partition: 0, offset: 2, metadata: "so far" }],
    });
    await client.delete(path);
    expect(await client.values(await client.subscribed("g", ["t"]))).toEqual([3]);
  });

  test("without a body are all that was answered", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1, 2, 3);
    const path = await client.subscribed("g", ["t"], { "auto.commit.enable": false });
    await client.values(path, "?max_bytes=2");
    expect((await client.post(`${path}/offsets?async=true`)).status).toBe(200);
    expect((await client.get(`${path}/offsets`)).body).toMatchObject({ offsets: [{ offset: 2 }] });
  });

  test("are committed by themselves, also when the instance is removed", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1, 2);
    const path = await client.subscribed("g", ["t"]);
    await client.values(path, "?max_bytes=1");
    world.base.clock.advance(6_000);
    await client.values(path);
    const { body } = await client.get(`${path}/offsets`);
    expect(body).toMatchObject({ offsets: [{ offset: 1 }] });
    await client.delete(path);
    const other = await client.consumer("g");
    expect((await client.get(`${other}/offsets`)).body).toMatchObject({ offsets: [{ offset: 2 }] });
  });

  test("of a partition that is not there are refused", async () => {
    const { world, client } = await opened();
    await using _ = world;
    const path = await client.subscribed("g", ["t"]);
    const offsets = [{ topic: "t", partition: 7, offset: 0 }];
    expect(codeOf(await client.post(`${path}/offsets`, { offsets }))).toEqual([404, 40402]);
  });
});

describe("positions", () => {
  test("move to offsets, times, the beginning and the end", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1);
    world.base.clock.advance(10_000);
    await client.produce("t", 2, 3);
    const path = await client.consumer("g", { format: "json" });
    const partitions = [{ topic: "t", partition: 0 }];
    await client.post(`${path}/assignments`, { partitions });
    expect(await client.assigned(path)).toBe("t0");
    await client.post(`${path}/positions/beginning`, { partitions });
    expect(await client.values(path)).toEqual([1, 2, 3]);
    await client.post(`${path}/positions`, { offsets: [{ topic: "t", partition: 0, offset: 2 }] });
    expect(await client.values(path)).toEqual([3]);
    const timestamp = new Date(world.base.clock.startMs + 5_000).toISOString();
    const timestamps = [{ topic: "t", partition: 0, timestamp }];
    expect((await client.post(`${path}/positions`, { timestamps })).status).toBe(204);
    expect(await client.values(path)).toEqual([2, 3]);
    await client.post(`${path}/positions/end`, { partitions });
    expect(await client.values(path)).toEqual([]);
  });

  test("of a partition that the instance doesn't read are refused", async () => {
    const { world, client } = await opened();
    await using _ = world;
    const path = await client.consumer("g");
    const partitions = [{ topic: "t", partition: 0 }];
    for (const [tail, body] of [
      ["", { offsets: [{ topic: "t", partition: 0, offset: 0 }] }],
      ["/beginning", { partitions }],
      ["/end", { partitions }],
    ] as const) {
      const answered = await client.post(`${path}/positions${tail}`, body);
      expect([codeOf(answered), answered.text]).toEqual([
        [409, 40903],
        expect.stringContaining("No current assignment for partition t-0"),
      ]);
    }
  });
});

describe("a position that is none any more", () => {
  test.each([
    ["earliest", [1, 2]],
    ["latest", []],
  ])("is reset as the instance says: %s", async (reset, expected) => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1, 2);
    const path = await client.consumer("g", { format: "json", "auto.offset.reset": reset });
    await client.post(`${path}/assignments`, { partitions: [{ topic: "t", partition: 0 }] });
    const offsets = [{ topic: "t", partition: 0, offset: 1_000 }];
    await client.post(`${path}/positions`, { offsets });
    expect(await client.values(path)).toEqual(expected);
    await client.produce("t", 3);
    expect(await client.values(path)).toEqual([3]);
  });

  test("is an error where it is not to be reset", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1, 2);
    const path = await client.consumer("g", { format: "json", "auto.offset.reset": "none" });
    await client.post(`${path}/assignments`, { partitions: [{ topic: "t", partition: 0 }] });
    const offsets = [{ topic: "t", partition: 0, offset: 3 }];
    await client.post(`${path}/positions`, { offsets });
    expect(codeOf(await client.get(`${path}/records`, json))).toEqual([500, 50002]);
  });

  test("committed beyond the end is reset for who comes next", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1, 2);
    await world.commit("g", "t", 0, 1_000);
    expect(await client.values(await client.subscribed("g", ["t"]))).toEqual([1, 2]);
  });

  test("was of another topic of the same name: that one is read from its beginning", async () => {
    const { world, client } = await opened();
    await using _ = world;
    await client.produce("t", 1, 2);
    const path = await client.consumer("g", { format: "json", "auto.offset.reset": "earliest" });
    await client.post(`${path}/assignments`, { partitions: [{ topic: "t", partition: 0 }] });
    expect(await client.values(path)).toEqual([1, 2]);
    await world.moving(world.v3("DELETE", "/topics/t"));
    await client.produce("t", 3, 4, 5, 6);
    expect(await client.values(path)).toEqual([3, 4, 5, 6]);
  });
});

test("HEAD looks and takes nothing: the records are still there", async () => {
  const { world, client } = await opened();
  await using _ = world;
  await client.produce("t", 1, 2);
  const path = await client.subscribed("g", ["t"]);
  const head = world.ask("HEAD", `${path}/records`, { headers: { accept: json } });
  expect((await world.moving(head)).status).toBe(200);
  expect(await client.values(path)).toEqual([1, 2]);
});

test("two instances of a group share its partitions, and one takes over the other's", async () => {
  const { world, client } = await opened();
  await using _ = world;
  await world.topic("t", 2);
  const first = await client.subscribed("g", ["t"]);
  expect(await client.assigned(first)).toBe("t0 t1");
  const second = await client.subscribed("g", ["t"]);
  while ((await client.assigned(first)).length !== 2) world.base.clock.advance(100);
  expect([await client.assigned(first), await client.assigned(second)].sort()).toEqual([
    "t0",
    "t1",
  ]);
  for (const partition of [0, 1]) {
    const records = [{ value: partition }];
    await client.post(`/topics/t/partitions/${partition}`, { records }, json);
  }
  const values = [...(await client.values(first)), ...(await client.values(second))];
  expect(values.toSorted(ascending)).toEqual([0, 1]);
  await client.delete(second);
  while ((await client.assigned(first)) !== "t0 t1") world.base.clock.advance(100);
  expect(await client.values(first)).toEqual([]);
});

test.each([
  ["text/plain", 415],
  ["application/json", 415],
  ["application/vnd.kafka.v1+json", 415],
  [json, 200],
])("a request of the type %s is answered %d", async (contentType, status) => {
  const { world, client } = await opened();
  await using _ = world;
  expect((await client.post("/consumers/g", {}, contentType)).status).toBe(status);
});
