import { describe, expect, test } from "bun:test";
import { ListenFailure } from "../../src/base/listen-failure.ts";
import { openDoor } from "../../src/http/door.ts";
import { healthRoutes } from "../../src/http/health.ts";
import { bytes, json, type Reply, stream } from "../../src/http/reply.ts";
import { type Inbound, route } from "../../src/http/route.ts";
import { Router } from "../../src/http/router.ts";
import { anything } from "../../src/http/schema.ts";
import type { SocketLink, SocketSession } from "../../src/http/socket.ts";
import { httpUnsentBytesMax } from "../../src/limits.ts";
import { HttpWorld } from "../support/http-world.ts";
import { Peer } from "../support/peer.ts";
import { turns, until } from "../support/until.ts";

/** A door of one route, which answers what it is told. */
async function doorOf(
  handle: (request: Inbound) => Reply | Promise<Reply>,
  requestsMax?: number,
): Promise<Owned> {
  const world = await HttpWorld.open();
  const door = openDoor({
    hostname: "127.0.0.1",
    port: 0,
    ...(requestsMax === undefined ? {} : { requestsMax }),
    router: () =>
      Promise.resolve(
        new Router([
          ...healthRoutes,
          route({
            method: "GET",
            at: "/",
            operation: "x",
            tag: "topics",
            summary: "",
            answers: { 200: { doc: "", type: anything() } },
            handle: ({ request }) => handle(request),
          }),
        ]),
      ),
    rules: { hosts: [], origins: [] },
    logger: world.base.logger,
    system: () => world.system,
  });
  if (door instanceof ListenFailure) throw new Error(door.message);
  return {
    door,
    world,
    url: `http://127.0.0.1:${door.port}/`,
    async [Symbol.asyncDispose]() {
      const stopping = door.stop(0);
      world.base.clock.advance(0);
      await stopping;
      await world[Symbol.asyncDispose]();
    },
  };
}

interface Owned extends AsyncDisposable {
  readonly door: HttpWorld["door"];
  readonly world: HttpWorld;
  readonly url: string;
}

/** What a peer is answered to these bytes, once there is something, or the end. */
async function answered(port: number, request: string): Promise<string> {
  const peer = await Peer.connect(port);
  peer.send(request);
  await until(() => peer.receivedBytes > 0 || peer.ended);
  peer.terminate();
  return peer.text;
}

describe("what is hardly HTTP", () => {
  test.each([
    ["no host", "GET /health/live HTTP/1.1\r\n\r\n", /^HTTP\/1.1 400 /],
    ["HTTP/1.0 without one", "GET /health/live HTTP/1.0\r\n\r\n", /^HTTP\/1.1 400 /],
    ["two hosts", "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", /^HTTP\/1.1 400 /],
    [
      "a rebound name",
      "GET /health/live HTTP/1.1\r\nHost: evil.example\r\n\r\n",
      /^HTTP\/1.1 421 /,
    ],
    ["a host that is none", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", /^HTTP\/1.1 400 /],
    [
      "the path of another host",
      "GET http://evil.example/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
      /^HTTP\/1.1 200 /,
    ],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 2\r\n\r\n",
      /^HTTP\/1.1 400 /,
    ],
    [
      "a length and chunks",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n" +
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      /^HTTP\/1.1 400 /,
    ],
    ["bytes", "\u0000\u0001\r\n\r\n", /^HTTP\/1.1 400 |^$/],
    ["another method", "TRACE /health HTTP/1.1\r\nHost: localhost\r\n\r\n", /^HTTP\/1.1 405 /],
    ["an escape that is none", "GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", /^HTTP\/1.1 400 /],
    [
      "a header without an end",
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(100_000)}`,
      /^HTTP\/1.1 4\d\d |^$/,
    ],
  ])("%s", async (_, request, expected) => {
    await using world = await HttpWorld.open();
    expect(await answered(world.door.port, request)).toMatch(expected);
    expect((await world.ask("GET", "/health/live")).status).toBe(200);
  });
});

describe("a stream", () => {
  test("is read no faster than its peer takes it, and ends when the peer is gone", async () => {
    let pulled = 0;
    let isCancelled = false;
    await using owned = await doorOf(() =>
      stream(
        () =>
          new ReadableStream<Uint8Array>({
            pull(controller) {
              pulled += 1;
              controller.enqueue(new Uint8Array(65_536));
            },
            cancel() {
              isCancelled = true;
            },
          }),
        "application/json",
      ),
    );
    const peer = await Peer.connect(owned.door.port);
    peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until(() => peer.receivedBytes > 0);
    peer.pause();
    let before = -1;
    for (let still = 0; still < 200; still = pulled === before ? still + 1 : 0) {
      before = pulled;
      await turns(1);
    }
    expect(pulled).toBeLessThan(1_000);
    expect(owned.door.open).toBe(1);
    peer.terminate();
    await until(() => isCancelled);
    expect(owned.door.open).toBe(0);
  });
});

describe("a large answer", () => {
  const large = new Uint8Array(httpUnsentBytesMax / 2 - 1);

  /** A peer that asks for it and takes only its beginning. */
  async function stalled(port: number): Promise<Peer> {
    const peer = await Peer.connect(port);
    peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until(() => peer.receivedBytes > 0);
    peer.pause();
    return peer;
  }

  test("is all there, and HEAD says how much that is", async () => {
    const content = new Uint8Array(1_000_001).map((_, at) => at % 251);
    await using owned = await doorOf(() => bytes(content, "text/plain"));
    const response = await fetch(owned.url);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/plain"]);
    expect(Buffer.from(content).equals(await response.bytes())).toBe(true);
    const head = await fetch(owned.url, { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe("1000001");
    await until(() => owned.door.open === 0);
  });

  test("that nobody takes is one of few; the others are told to come back", async () => {
    await using owned = await doorOf(() => bytes(large, "text/plain"));
    const { port } = owned.door;
    const peers = [await stalled(port), await stalled(port)];
    const refused = await fetch(owned.url);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(owned.door.open).toBe(2);
    for (const peer of peers) peer.terminate();
    await until(() => owned.door.open === 0);
    expect((await (await fetch(owned.url)).bytes()).length).toBe(large.length);
  });
});

test("pages of records that nobody takes are few, and no others are made meanwhile", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t");
  const partition = world.broker.topic("t")?.partitions[0];
  const value = "x".repeat(8 * 1024 * 1024);
  const record = { partition_id: 0, value: { type: "STRING", data: value } };
  expect((await world.v3("POST", "/topics/t/records", record)).status).toBe(200);
  const path = world.in("/topics/t/partitions/0/records?format=string");
  const peers: Peer[] = [];
  const pagesMax = httpUnsentBytesMax / value.length;
  while (peers.length < pagesMax) {
    const peer = await Peer.connect(world.door.port);
    peer.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await until(() => peer.receivedBytes > 0);
    peer.pause();
    peers.push(peer);
  }
  const sent = partition?.traffic.sentRecords ?? 0;
  expect((await world.ask("GET", path)).status).toBe(503);
  expect(partition?.traffic.sentRecords).toBe(sent);
  expect((await world.v3("GET", "/topics/t")).status).toBe(200);
  for (const peer of peers) peer.terminate();
  await until(() => world.door.open === 0);
  expect((await world.ask("GET", path)).status).toBe(200);
}, 60_000);

describe("a door", () => {
  test("with too much to do says so, and that it lives", async () => {
    const { promise: never, resolve: release } = Promise.withResolvers<Reply>();
    await using owned = await doorOf(() => never, 1);
    const first = fetch(owned.url);
    await until(() => owned.door.open === 1);
    expect((await fetch(owned.url)).status).toBe(503);
    expect((await fetch(`${owned.url}health/live`)).status).toBe(200);
    release(json("done"));
    expect((await first).status).toBe(200);
  });

  test("closed for a while ends what it was asked before, and opens again", async () => {
    const { promise: late, resolve: release } = Promise.withResolvers<Reply>();
    await using owned = await doorOf(() => late);
    const asked = fetch(owned.url);
    await until(() => owned.door.open === 1);
    owned.door.shut(false);
    await expect(fetch(owned.url)).rejects.toThrow();
    release(json("done"));
    expect(await (await asked).json()).toBe("done");
    expect(owned.door.reopen()).toBeNull();
    expect(await (await fetch(owned.url)).json()).toBe("done");
  });

  test("that is to cut everything does, also when it was closed before", async () => {
    await using owned = await doorOf(() => new Promise(() => {}));
    const slow = await Peer.connect(owned.door.port);
    slow.send("GET / HTTP/1.1\r\nHost: loc");
    const asked = fetch(owned.url).catch(() => "cut off");
    await until(() => owned.door.open === 1);
    owned.door.shut(false);
    owned.door.shut(true);
    expect(await asked).toBe("cut off");
    await until(() => slow.ended);
    expect(owned.door.reopen()).toBeNull();
    expect((await fetch(`${owned.url}health/live`)).status).toBe(200);
  });
});

describe("at the end", () => {
  test("requests that were taken are answered, and no more are", async () => {
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
    await using owned = await doorOf(async () => {
      reach();
      await goOn;
      return json("late");
    });
    const asking = fetch(owned.url);
    await reached;
    const stopping = owned.door.stop(60_000);
    release();
    expect(await (await asking).json()).toBe("late");
    await stopping;
    await expect(fetch(owned.url)).rejects.toThrow();
  });

  test("what waits for long is told", async () => {
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    await using owned = await doorOf(async (request) => {
      const { promise: told, resolve: tell } = Promise.withResolvers<void>();
      const forget = request.onEnd(tell);
      reach();
      await told;
      forget();
      return json("told");
    });
    const asking = fetch(owned.url);
    await reached;
    await owned.door.stop(60_000);
    expect(await (await asking).json()).toBe("told");
  });

  test("who has not come to an end by the deadline is cut off", async () => {
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { promise: never, resolve: release } = Promise.withResolvers<Reply>();
    await using owned = await doorOf(async () => {
      reach();
      return await never;
    });
    const asking = fetch(owned.url).catch(() => "cut off");
    await reached;
    const stopping = owned.door.stop(1_000);
    owned.world.base.clock.advance(1_000);
    expect(await asking).toBe("cut off");
    release(json(null));
    await stopping;
  });
});

test("the peer's going is told to who waits for long", async () => {
  let isTold = false;
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
  await using owned = await doorOf(async (request) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    request.onEnd(resolve);
    reach();
    await promise;
    isTold = true;
    return json(null);
  });
  const peer = await Peer.connect(owned.door.port);
  peer.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  await reached;
  peer.terminate();
  await until(() => isTold);
});

test("the routes are asked for once, with the first request, which waits for them", async () => {
  await using world = await HttpWorld.open();
  const asked: PromiseWithResolvers<Router>[] = [];
  const door = openDoor({
    hostname: "127.0.0.1",
    port: 0,
    router: () => {
      const routes = Promise.withResolvers<Router>();
      asked.push(routes);
      return routes.promise;
    },
    rules: { hosts: [], origins: [] },
    logger: world.base.logger,
    system: () => world.system,
  });
  if (door instanceof ListenFailure) throw new Error(door.message);
  expect(asked).toBeEmpty();
  const ask = () => fetch(`http://127.0.0.1:${door.port}/health/live`);
  const both = Promise.all([ask(), ask()]);
  await until(() => asked.length > 0);
  asked[0]?.resolve(new Router(healthRoutes));
  expect((await both).map(({ status }) => status)).toEqual([200, 200]);
  expect((await ask()).status).toBe(200);
  expect(asked).toHaveLength(1);
  const stopping = door.stop(0);
  world.base.clock.advance(0);
  await stopping;
});

test("a port that is taken is a failure, not an exception", async () => {
  await using world = await HttpWorld.open();
  const { port } = world.door;
  const options = {
    router: () => Promise.resolve(world.router),
    rules: { hosts: [], origins: [] },
  };
  const second = openDoor({
    ...options,
    hostname: "127.0.0.1",
    port,
    logger: world.base.logger,
    system: () => world.system,
  });
  expect(second).toMatchObject({ code: "taken" });
});

/** A session that answers what it hears, and remembers. */
class Echo implements SocketSession {
  link: SocketLink | null = null;
  readonly heard: string[] = [];
  open(link: SocketLink): void {
    this.link = link;
    link.send("hello");
  }
  message(message: string | Uint8Array): void {
    this.heard.push(String(message));
    this.link?.send(`heard ${String(message)}`);
  }
  drained(): void {
    this.heard.push("drained");
  }
  closed(): void {
    this.heard.push("closed");
  }
  stop(): void {
    this.link?.close(1001, "the broker stops");
  }
}

describe("a WebSocket", () => {
  const socketReply = (session: SocketSession): Reply => ({
    status: 101,
    content: { kind: "socket", session },
    headers: {},
    entityTag: null,
  });

  test("talks, and is told when the door closes", async () => {
    const session = new Echo();
    await using owned = await doorOf(() => socketReply(session));
    const socket = new WebSocket(owned.url.replace("http", "ws"));
    const received: string[] = [];
    socket.addEventListener("message", ({ data }) => {
      received.push(String(data));
      if (received.length === 1) socket.send("you");
    });
    const closed = new Promise<number>((resolve) => {
      socket.addEventListener("close", ({ code }) => resolve(code));
    });
    await until(() => received.length === 2);
    expect([received, owned.door.open]).toEqual([["hello", "heard you"], 1]);
    await owned.door.stop(60_000);
    expect(await closed).toBe(1001);
    await until(() => session.heard.includes("closed"));
    expect(session.link?.send("late")).toBeFalse();
  });

  test("is not for who speaks plain HTTP", async () => {
    await using owned = await doorOf(() => socketReply(new Echo()));
    const response = await fetch(owned.url);
    expect([response.status, response.headers.get("upgrade")]).toEqual([426, "websocket"]);
  });
});
