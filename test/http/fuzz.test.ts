/**
 * Anything at all, sent to every route: each answer is one that the document knows, none is a
 * defect, and the door stands afterwards.
 */
import { expect, test } from "bun:test";
import type { Random } from "../../src/base/random.ts";
import { allRoutes } from "../../src/http/routes.ts";
import type { Fields } from "../../src/http/schema.ts";
import { HttpWorld } from "../support/http-world.ts";
import { Peer } from "../support/peer.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";
import { until } from "../support/until.ts";

const one = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;

const words = [
  "t",
  "g",
  "-",
  "0",
  "1",
  "-1",
  "99999999999999999999",
  "1e3",
  "null",
  "true",
  "",
  " ",
  "é",
  "%",
  "%2e%2e",
  "../..",
  "a/b",
  "__proto__",
  "constructor",
  "\u0000",
  "x".repeat(3_000),
];

/** A JSON value of any kind. */
function anyJson(random: Random, depth = 0): unknown {
  const names = ["topic_name", "value", "key", "data", "type", "entries", "configs", "name", "id"];
  switch (random.below(depth > 3 ? 5 : 7)) {
    case 0:
      return one(random, [null, true, false]);
    case 1:
      return one(random, [0, -1, 0.5, 1e300, 2 ** 53, random.below(100)]);
    case 2:
    case 3:
      return one(random, words);
    case 4:
      return one(random, ["STRING", "JSON", "BINARY", "AAEC", "2024-01-01T00:00:00Z"]);
    case 5:
      return Array.from({ length: random.below(4) }, () => anyJson(random, depth + 1));
    default: {
      const entries = Array.from({ length: random.below(5) }, () => {
        return [one(random, [...names, ...words]), anyJson(random, depth + 1)] as const;
      });
      return Object.fromEntries(entries);
    }
  }
}

function anyBody(random: Random): string | Uint8Array | undefined {
  switch (random.below(5)) {
    case 0:
      return undefined;
    case 1:
      return randomBytes(random, random.below(200));
    case 2:
      return JSON.stringify(anyJson(random)).slice(0, random.below(50));
    default:
      return JSON.stringify(anyJson(random));
  }
}

function anyQuery(random: Random, fields: Fields): string {
  const query = new URLSearchParams();
  for (const name of Object.keys(fields)) {
    // A long poll would wait for a clock that stands still.
    if (name !== "wait_ms" && random.below(4) === 0) query.append(name, one(random, words));
  }
  if (random.below(20) === 0) query.append(one(random, words), one(random, words));
  return query.size === 0 ? "" : `?${query}`;
}

test("whatever is sent to whatever route is answered as the document says", async () => {
  const random = randomForTest();
  await using world = await HttpWorld.open({ settings: { partitionsMax: 50 } });
  await world.topic("t", 2);
  await world.commit("g", "t", 0, 0);
  // What deletes needs the clock; nothing of it is left to fuzz afterwards anyway. And streams
  // don't end.
  const routes = allRoutes({ version: "" }).filter(({ method, tag }) => {
    return method !== "DELETE" && tag !== "streams";
  });
  for (let round = rounds(10, 200); round > 0; round--) {
    for (const route of routes) {
      const filled = route.at.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
        const word = name === "cluster_id" ? world.clusterId : one(random, words);
        return encodeURIComponent(word);
      });
      const body = route.method === "GET" ? undefined : anyBody(random);
      const headers: Record<string, string> = {};
      if (random.below(10) === 0) headers["accept"] = one(random, ["*/*", "x", "text/html;q=2"]);
      const types = random.below(2) === 0 ? route.body.mediaTypes : ["text/plain", "x", "a/b"];
      if (random.below(2) === 0) headers["content-type"] = one(random, types);
      if (random.below(10) === 0) headers["ce-specversion"] = "1.0";
      const path = `${filled}${anyQuery(random, route.query)}`;
      const asking = { headers, ...(body === undefined ? {} : { body }) };
      const { status, text } = await world.ask(route.method, path, asking);
      expect([path, status < 500 || status === 507]).toEqual([path, true]);
      expect(text).not.toMatch(/\bat \S+ \(|node_modules|\.ts:\d/);
    }
  }
  const defects = world.base.logger.events.filter(({ level }) => level === "error");
  expect(defects).toEqual([]);
  expect([world.budget.used, world.door.open]).toEqual([0, 0]);
});

test("bytes that are no HTTP do no harm", async () => {
  const random = randomForTest();
  await using world = await HttpWorld.open();
  const whole = "POST /v3/clusters HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n12345";
  for (let round = rounds(20, 300); round > 0; round--) {
    const peer = await Peer.connect(world.door.port);
    const bytes = new TextEncoder().encode(whole);
    for (let flips = random.below(5); flips > 0; flips--) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    peer.send(random.below(3) === 0 ? randomBytes(random, 100) : bytes);
    peer.finish();
    await until(() => peer.ended || peer.receivedBytes > 0);
    peer.terminate();
  }
  expect((await world.ask("GET", "/health/live")).status).toBe(200);
  await until(() => world.door.open === 0);
});
