import { expect, test } from "bun:test";
import { metricsNamesMax } from "../../src/limits.ts";
import { HttpWorld } from "../support/http-world.ts";

test("metrics are text, and OpenMetrics for who prefers that, as Prometheus does", async () => {
  await using world = await HttpWorld.open();
  const text = await world.ask("GET", "/metrics");
  expect(text.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(text.text).toContain("\nkafka_brokers 1\n");
  expect(text.text).not.toContain("# EOF");
  const accept =
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;" +
    "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
  const open = await world.ask("GET", "/metrics", { headers: { accept } });
  const openType = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  expect(open.headers.get("content-type")).toBe(openType);
  expect(open.text.endsWith("\n# EOF\n")).toBeTrue();
});

test("who asks for some by name is told those, and nothing of the rest", async () => {
  await using world = await HttpWorld.open();
  const asked = "/metrics?name[]=kafka_brokers&name[]=obelisk_topics&name[]=no_such_metric";
  const { text } = await world.ask("GET", asked);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines.map((line) => line.split(/[ {]/)[0])).toEqual(["obelisk_topics", "kafka_brokers"]);
  const names = Array.from({ length: metricsNamesMax + 1 }, () => "name[]=x").join("&");
  expect((await world.ask("GET", `/metrics?${names}`)).status).toBe(400);
});

test("nothing else can be had, and nobody caches it", async () => {
  await using world = await HttpWorld.open();
  const refused = await world.ask("GET", "/metrics", { headers: { accept: "image/png" } });
  expect(refused.status).toBe(406);
  const head = await world.ask("HEAD", "/metrics");
  expect([head.status, head.text]).toEqual([200, ""]);
  expect(head.headers.get("cache-control")).toBe("no-store");
});

test("while the broker starts there are none", async () => {
  await using world = await HttpWorld.open();
  world.system = { ...world.system, phase: "starting", services: null };
  expect((await world.ask("GET", "/metrics")).status).toBe(503);
});
