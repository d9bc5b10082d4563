import { describe, expect, test } from "bun:test";
import type { Offset } from "../../src/base/brands.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { handleControl } from "../../src/http/control.ts";
import { controlBodyBytesMax } from "../../src/limits.ts";
import { append, BrokerWorld } from "../support/broker-world.ts";

/** Asks, and gives status and body. */
async function ask(broker: Broker, method: string, path: string, body?: unknown) {
  const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
  const request = new Request(`http://obelisk${path}`, {
    method,
    ...(text === undefined ? {} : { body: text }),
  });
  return await answerTo(broker, request);
}

async function answerTo(broker: Broker, request: Request) {
  const answer = await handleControl(broker, request);
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? null : JSON.parse(text) };
}

/** A request as the server makes it of a header that is no host. */
const requestOf = (url: string): Request =>
  Object.defineProperty(new Request("http://obelisk/"), "url", { value: url });

const empty = { partition: 0, startOffset: 0, endOffset: 0, records: 0, bytes: 0 };

describe("topics", () => {
  test("are created, shown and deleted", async () => {
    const broker = await new BrokerWorld().start();
    const wanted = { name: "orders", partitionCount: 2, config: { "segment.ms": "60000" } };
    const made = await ask(broker, "POST", "/topics", wanted);
    const orders = {
      name: "orders",
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      config: { "segment.ms": "60000" },
      partitions: [empty, { ...empty, partition: 1 }],
    };
    expect(made).toEqual({ status: 201, body: orders });
    expect(await ask(broker, "GET", "/topics/orders")).toEqual({ status: 200, body: orders });
    expect(await ask(broker, "GET", "/topics")).toEqual({ status: 200, body: [orders] });
    expect(await ask(broker, "DELETE", "/topics/orders")).toEqual({ status: 204, body: null });
    expect(await ask(broker, "GET", "/topics")).toEqual({ status: 200, body: [] });
  });

  test("have the broker's partitions if nobody says otherwise", async () => {
    const world = new BrokerWorld();
    world.settings = { ...world.settings, partitionCount: 3 };
    const { body } = await ask(await world.start(), "POST", "/topics", { name: "orders" });
    expect(body.partitions).toHaveLength(3);
  });

  test("show the records that can be read, and their bytes", async () => {
    const broker = await new BrokerWorld().start();
    await ask(broker, "POST", "/topics", { name: "orders" });
    for (const number of [0, 1, 2]) await append(broker, "orders", number);
    await broker.topic("orders")?.partitions[0]?.log.trim(1 as Offset);
    const { body } = await ask(broker, "GET", "/topics/orders");
    const bytes = broker.topic("orders")?.partitions[0]?.log.sizeBytes;
    expect(body.partitions).toEqual([
      { partition: 0, startOffset: 1, endOffset: 3, records: 2, bytes },
    ]);
    expect(bytes).toBeGreaterThan(0);
  });
});

describe("a refusal of the broker has its code, its words and a status", () => {
  test.each([
    [
      "a topic that is not there",
      "GET",
      "/topics/nix",
      undefined,
      404,
      "UNKNOWN_TOPIC_OR_PARTITION",
    ],
    ["its deletion", "DELETE", "/topics/nix", undefined, 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    [
      "a name that no topic may have",
      "POST",
      "/topics",
      { name: "a b" },
      400,
      "INVALID_TOPIC_EXCEPTION",
    ],
    [
      "too few partitions",
      "POST",
      "/topics",
      { name: "a", partitionCount: 0 },
      400,
      "INVALID_PARTITIONS",
    ],
    [
      "half a partition",
      "POST",
      "/topics",
      { name: "a", partitionCount: 0.5 },
      400,
      "INVALID_PARTITIONS",
    ],
    [
      "an unknown setting",
      "POST",
      "/topics",
      { name: "a", config: { b: "c" } },
      400,
      "INVALID_CONFIG",
    ],
    [
      "a setting of the prototype",
      "POST",
      "/topics",
      '{"name":"a","config":{"__proto__":"c"}}',
      400,
      "INVALID_CONFIG",
    ],
    ["a second creation", "POST", "/topics", { name: "there" }, 409, "TOPIC_ALREADY_EXISTS"],
  ])("%s", async (_, method, path, body, status, code) => {
    const broker = await new BrokerWorld().start();
    await broker.createTopic({ name: "there" });
    const answer = await ask(broker, method, path, body);
    expect(answer).toEqual({ status, body: { code, message: expect.stringMatching(/../) } });
  });

  test("a broker that shuts down says so", async () => {
    const broker = await new BrokerWorld().start();
    await broker.close();
    const answer = await ask(broker, "POST", "/topics", { name: "a" });
    expect(answer).toMatchObject({ status: 503, body: { code: "SHUTTING_DOWN" } });
  });
});

describe("a name in a path", () => {
  test.each([
    ["may be encoded", "/topics/%6frders", "orders"],
    ["may hold dots", "/topics/or.ders", "or.ders"],
  ])("%s", async (_, path, name) => {
    const broker = await new BrokerWorld().start();
    await broker.createTopic({ name });
    expect(await ask(broker, "GET", path)).toMatchObject({ status: 200, body: { name } });
  });

  test("is shown without anything that a terminal would obey", async () => {
    const broker = await new BrokerWorld().start();
    const { body } = await ask(broker, "GET", "/topics/a%1b[2J%2Fb");
    expect(body.message).toBe('there is no topic "a\\u001b[2J/b"');
  });

  test("that can't be decoded is refused", async () => {
    const broker = await new BrokerWorld().start();
    expect(await ask(broker, "GET", "/topics/%zz")).toEqual({
      status: 400,
      body: { message: 'no path: "http://obelisk/topics/%zz"' },
    });
  });
});

describe("what is no request of this interface gets a message", () => {
  test.each([
    ["another path", "GET", "/records", 404],
    ["no path at all", "GET", "/", 404],
    ["no name", "GET", "/topics/", 404],
    ["no name to delete", "DELETE", "/topics/", 404],
    ["more than a name", "GET", "/topics/a/b", 404],
    ["a slash behind the name", "DELETE", "/topics/a/", 404],
    ["a slash in front", "GET", "//topics", 404],
    ["another method", "PUT", "/topics", 405],
    ["another method for a topic", "POST", "/topics/a", 405],
  ])("%s", async (_, method, path, status) => {
    const broker = await new BrokerWorld().start();
    await broker.createTopic({ name: "a" });
    const body = { message: expect.stringMatching(/../) };
    expect(await ask(broker, method, path)).toEqual({ status, body });
    expect(broker.topics()).toHaveLength(1);
  });

  test.each([["/topics"], ["http://a b/topics"], ["http://[x/topics"]])(
    "an address that is none: %s",
    async (url) => {
      const broker = await new BrokerWorld().start();
      const { status } = await answerTo(broker, requestOf(url));
      expect(status).toBe(400);
    },
  );

  test.each([
    ["no body", undefined, "the request is no JSON: "],
    ["no JSON", "{", "the request is no JSON: "],
    ["no object", "3", "the request is no object"],
    ["null", "null", "the request is no object"],
    ["a list", "[]", "the request is no object"],
    ["no name", "{}", "`name` is missing, or no text"],
    ["a name that is a number", { name: 1 }, "`name` is missing, or no text"],
    ["partitions as text", { name: "a", partitionCount: "4" }, "`partitionCount` is no number"],
    ["a list of settings", { name: "a", config: ["b"] }, "`config` is no object of texts"],
    ["a number as a setting", { name: "a", config: { b: 1 } }, "`config` is no object of texts"],
    ["a slip of the pen", { name: "a", partitions: 4 }, '"partitions" is nothing that a topic has'],
  ])("a new topic with %s", async (_, body, message) => {
    const broker = await new BrokerWorld().start();
    const answer = await ask(broker, "POST", "/topics", body);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toStartWith(message);
    expect(broker.topics()).toEqual([]);
  });

  test("a body that is no UTF-8", async () => {
    const broker = await new BrokerWorld().start();
    const body = new Uint8Array([0x22, 0xff, 0x22]);
    const request = new Request("http://obelisk/topics", { method: "POST", body });
    expect(await answerTo(broker, request)).toMatchObject({ status: 400 });
  });

  test("a body that breaks off", async () => {
    const broker = await new BrokerWorld().start();
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error("the peer has gone"));
      },
    });
    const request = new Request("http://obelisk/topics", { method: "POST", body });
    const answer = await answerTo(broker, request);
    expect(answer.status).toBe(400);
    expect(answer.body.message).toContain("the peer has gone");
  });
});

describe("a body", () => {
  const padded = (bytes: number): string => `{"name":"a"}`.padEnd(bytes);

  test("may be as large as the limit", async () => {
    const broker = await new BrokerWorld().start();
    const { status } = await ask(broker, "POST", "/topics", padded(controlBodyBytesMax));
    expect(status).toBe(201);
  });

  test("is refused above it", async () => {
    const broker = await new BrokerWorld().start();
    const { status } = await ask(broker, "POST", "/topics", padded(controlBodyBytesMax + 1));
    expect(status).toBe(413);
    expect(broker.topics()).toEqual([]);
  });

  test("that never ends is read no further than the limit", async () => {
    const broker = await new BrokerWorld().start();
    const chunk = new Uint8Array(64 * 1024).fill(0x20);
    let bytes = 0;
    let isCancelled = false;
    const body = new ReadableStream({
      pull(controller) {
        bytes += chunk.length;
        controller.enqueue(chunk);
      },
      cancel() {
        isCancelled = true;
      },
    });
    const request = new Request("http://obelisk/topics", { method: "POST", body });
    expect(await answerTo(broker, request)).toMatchObject({ status: 413 });
    expect(bytes).toBeLessThanOrEqual(controlBodyBytesMax + 2 * chunk.length);
    expect(isCancelled).toBeTrue();
  });
});
