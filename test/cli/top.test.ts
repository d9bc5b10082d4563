import { expect, test } from "bun:test";
import { topIntervalMsMin } from "../../src/limits.ts";
import { MemoryWorld } from "../fake/world.ts";
import { call, callIn } from "../support/call.ts";
import { metricsText } from "./top-scrapes.ts";

/** Calls it on a broker that takes 100 records a second. */
async function top(...args: string[]) {
  let looks = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch() {
      looks += 1;
      const said = { uptime: looks, recordsIn: looks * 100, topics: { orders: [0, 0] } } as const;
      return new Response(metricsText(said), { headers: { "content-type": "text/plain" } });
    },
  });
  const world = new MemoryWorld();
  const { clock } = world;
  const after = clock.after.bind(clock);
  // Between the looks time passes at once; their deadlines stay what they are.
  clock.after = (delayMs, action) => {
    const cancel = after(delayMs, action);
    if (delayMs === topIntervalMsMin) clock.advance(delayMs);
    return cancel;
  };
  const address = `127.0.0.1:${server.port}`;
  const called = await callIn(world, ["top", "--http-port", String(server.port), ...args]);
  await server.stop(true);
  return { ...called, address };
}

const often = ["--interval", `${topIntervalMsMin}ms`];

test("without a terminal it prints what came between two looks, and ends well", async () => {
  const { code, out, error, address } = await top(...often);
  expect([code, error]).toEqual([0, ""]);
  expect(out).toStartWith(`${address}  1.2.3  up 2.0 s\n\nin  100 records/s`);
  expect(out).toContain("\norders ");
  expect(out).not.toContain("\x1b");
});

test("for a script it is JSON", async () => {
  const { code, out } = await top(...often, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ recordsIn: 100, topicCount: 1 });
});

test("where nobody listens it says so, and what to do", async () => {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
  const { port } = server;
  server.stop(true);
  expect(await call(["top", "--url", `http://127.0.0.1:${port}`])).toEqual({
    code: 1,
    out: "",
    error:
      `obelisk top: 127.0.0.1:${port}: nobody listens there. Is a broker there? obelisk serve ` +
      "starts one, --url says where it is.\n",
  });
});

test.each([
  [["--http-port", "off"], "--http-port names no port to ask: say --url."],
  [["--http-port", "0"], "--http-port names no port to ask: say --url."],
  [["--url", "broker:8081"], "the address of a broker's HTTP port, as http://127.0.0.1:8081"],
  [["--url", "http://broker:8081/?x=1"], "the address of a broker's HTTP port"],
  [["--interval", "499ms"], "a time from 500ms to 1m"],
])("%j is refused", async (args, reason) => {
  const { code, error } = await call(["top", ...args]);
  expect(code).toBe(2);
  expect(error).toContain(reason);
});
