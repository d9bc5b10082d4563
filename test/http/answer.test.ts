import { describe, expect, test } from "bun:test";
import { HttpWorld } from "../support/http-world.ts";

describe("methods", () => {
  test("HEAD is answered as GET is, without the body", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const path = world.in("/topics/t");
    const got = await world.ask("GET", path);
    const head = await world.ask("HEAD", path);
    expect([head.status, head.text]).toEqual([200, ""]);
    const length = String(Buffer.byteLength(got.text));
    expect(head.headers.get("content-length")).toBe(length);
    expect((await world.ask("HEAD", world.in("/topics/none"))).status).toBe(404);
  });

  test("OPTIONS says what is allowed", async () => {
    await using world = await HttpWorld.open();
    const { status, headers } = await world.ask("OPTIONS", world.in("/topics/t"));
    expect([status, headers.get("allow")]).toEqual([204, "GET, HEAD, PATCH, DELETE, OPTIONS"]);
  });
});

describe("pages of other sites", () => {
  const origin = "https://console.example";
  const rules = { hosts: [], origins: [origin] };

  test("get nothing, and change nothing", async () => {
    await using world = await HttpWorld.open();
    const headers = { origin: "https://evil.example" };
    const body = { topic_name: "evil" };
    const posted = await world.ask("POST", world.in("/topics"), { body, headers });
    const got = await world.ask("GET", world.in("/topics"), { headers });
    expect([posted.status, got.status, world.broker.topics()]).toEqual([403, 403, []]);
    expect(posted.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("may lead to a page, and not to where reading takes something from a group", async () => {
    await using world = await HttpWorld.open({ rules });
    const headers = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect((await world.ask("GET", "/health/live", { headers })).status).toBe(200);
    for (const path of ["/streams/groups/g?topic=t", "/consumers/g/instances/i/records"]) {
      expect([path, (await world.ask("GET", path, { headers })).status]).toEqual([path, 403]);
      const own = { ...headers, "sec-fetch-site": "same-origin" };
      expect((await world.ask("GET", path, { headers: own })).status).toBe(404);
      const allowed = { ...headers, origin };
      expect((await world.ask("GET", path, { headers: allowed })).status).toBe(404);
    }
  });

  test("that the operator allows are told so before they ask, and with the answer", async () => {
    await using world = await HttpWorld.open({ rules });
    const asked = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const preflight = await world.ask("OPTIONS", world.in("/topics"), { headers: asked });
    expect(preflight.status).toBe(204);
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
      "access-control-allow-headers": "content-type",
      vary: "origin",
    });
    const refused = await world.ask("GET", "/none", { headers: { origin } });
    expect([refused.status, refused.headers.get("access-control-allow-origin")]).toEqual([
      404,
      origin,
    ]);
  });
});

test("a defect is logged, and its client learns nothing of it", async () => {
  await using world = await HttpWorld.open();
  const services = world.system.services!;
  const secret = new Error("the secret");
  const broker = Object.create(services.broker, {
    topics: {
      value: () => {
        throw secret;
      },
    },
  });
  world.system = { ...world.system, services: { ...services, broker } };
  const { status, text } = await world.ask("GET", world.in("/topics"));
  expect(status).toBe(500);
  expect(JSON.parse(text)).toEqual({
    error_code: 50002,
    message: "the broker failed to answer; its log says why",
  });
  const logged = world.base.logger.events.filter(({ event }) => event === "http request failed");
  expect(logged).toHaveLength(1);
});
