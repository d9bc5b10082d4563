/**
 * A log that can't be opened has no offsets. Whoever believed those of an empty one would move a
 * group to 0, and read everything again.
 */
import { expect, test } from "bun:test";
import type { BrokerWorld } from "../support/broker-world.ts";
import { HttpWorld } from "../support/http-world.ts";
import { EventReader } from "./streams/event-reader.ts";

/** A topic of three records, on a disk on which its log can't be opened. */
async function closedLog(): Promise<BrokerWorld> {
  await using filled = await HttpWorld.open();
  await filled.topic("t");
  for (let n = 0; n < 3; n++) {
    const value = { type: "JSON", data: n };
    const stored = await filled.v3("POST", "/topics/t/records", { partition_id: 0, value });
    expect(stored.status).toBe(200);
  }
  const base = filled.base.crash({ keep: "all" });
  base.disk.failNext("list", "topics/t/0", "exhausted");
  return base;
}

const partition = "/topics/t/partitions/0";

test.each([
  ["GET", "/v3/clusters/cluster-of-tests-12345/topics/t/partitions/0/offset"],
  ["GET", "/v3/clusters/cluster-of-tests-12345/topics/t/partitions/0/records"],
  ["GET", "/v3/clusters/cluster-of-tests-12345/topics/t/partitions/0/records?offset=latest"],
  ["GET", "/streams/topics/t?offset=0:3"],
  ["GET", `${partition}/offsets`],
])("%s %s says that its offsets are not known", async (method, path) => {
  await using world = await HttpWorld.open({ base: await closedLog() });
  const answered = await world.ask(method, path);
  expect(answered.status).toBe(500);
  expect(answered.text).toContain("opening topics/t/0 failed");
});

const committed = async (world: HttpWorld): Promise<unknown> => {
  const lags = await world.v3("GET", "/consumer-groups/g/lags");
  return (lags.body as { data: { current_offset: number }[] }).data.map(
    (lag) => lag.current_offset,
  );
};

test("a group is not moved by a reset to where its records seem to begin", async () => {
  await using world = await HttpWorld.open({ base: await closedLog() });
  await world.commit("g", "t", 0, 3);
  const reset = { to: "earliest", preview: false };
  const answered = await world.moving(
    world.ask("POST", "/console/api/groups/g/reset", { body: reset }),
  );
  expect(answered.text).toContain("opening topics/t/0 failed");
  expect(await committed(world)).toEqual([3]);
});

test("a consumer instance is not sent back, and commits nothing", async () => {
  await using world = await HttpWorld.open({ base: await closedLog() });
  await world.commit("g", "t", 0, 3);
  const own = { headers: { "content-type": "application/vnd.kafka.v2+json" } };
  const settings = { name: "one", format: "json", "auto.offset.reset": "earliest" };
  await world.ask("POST", "/consumers/g", { body: JSON.stringify(settings), ...own });
  const me = "/consumers/g/instances/one";
  const partitions = JSON.stringify({ partitions: [{ topic: "t", partition: 0 }] });
  await world.ask("POST", `${me}/assignments`, { body: partitions, ...own });
  for (const [method, path, body] of [
    ["GET", "/records", undefined],
    ["POST", "/positions/beginning", partitions],
  ] as const) {
    const accept = method === "GET" ? "application/vnd.kafka.json.v2+json" : "*/*";
    const headers = { ...own.headers, accept };
    const answered = await world.moving(
      world.ask(method, me + path, { headers, ...(body === undefined ? {} : { body }) }),
    );
    expect(answered.text).toContain("opening topics/t/0 failed");
  }
  await world.moving(world.ask("POST", `${me}/offsets`));
  expect(await committed(world)).toEqual([3]);
});

test("a group's stream ends rather than begin anew", async () => {
  await using world = await HttpWorld.open({ base: await closedLog() });
  await world.commit("g", "t", 0, 3);
  await using reader = await EventReader.open(`${world.url}/streams/groups/g?topic=t`, {});
  await world.movingUntil(() => reader.events.some(({ name }) => name === "refused"));
  const refused = reader.events.find(({ name }) => name === "refused");
  expect(JSON.stringify(refused?.data)).toContain("opening topics/t/0 failed");
  expect(await committed(world)).toEqual([3]);
});
