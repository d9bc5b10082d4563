import { expect, test } from "bun:test";
import type { Settings } from "../../../src/http/console-api/topics.ts";
import { HttpWorld } from "../../support/http-world.ts";

const settings = async (world: HttpWorld, path: string) => {
  const body = (await world.ask("GET", `/console/api/${path}`)).body as Settings;
  return new Map(body.settings.map((setting) => [setting.name, setting]));
};

test("topics come with their sizes, partitions as columns", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t", 2, { "cleanup.policy": "compact" });
  const key = { type: "STRING", data: "k" };
  await world.v3("POST", "/topics/t/records", { partition_id: 1, key, value: key });
  const { body } = await world.ask("GET", "/console/api/topics");
  const row = { name: "t", partitions: 2, records: 1, end_offsets: 1, cleanup_policy: "compact" };
  expect(body).toMatchObject({ rows: [row] });
  const columns = await world.ask("GET", "/console/api/topics/t/partitions");
  expect(columns.body).toMatchObject({ start_offsets: [0, 0], end_offsets: [0, 1], sealed: [] });
  expect((await world.ask("GET", "/console/api/topics/none/partitions")).status).toBe(404);
});

test("each setting says what it means, what it is by default, and where it comes from", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t", 1, { "compression.type": "zstd" });
  const found = (await settings(world, "topics/t/settings")).get("compression.type");
  const own = { value: "zstd", default: "producer", source: "DYNAMIC_TOPIC_CONFIG" };
  expect(found).toMatchObject({ ...own, no_effect: null });
  expect(found?.doc).toContain("batches are packed");
  const fresh = (await settings(world, "topic-settings")).get("compression.type");
  expect(fresh).toMatchObject({ value: "producer", source: "DEFAULT_CONFIG" });
  expect((await world.ask("GET", "/console/api/topics/none/settings")).status).toBe(404);
});

test("a new topic's defaults are what the broker has been told", async () => {
  await using world = await HttpWorld.open();
  await world.v3("PUT", "/broker-configs/compression.type", { value: "lz4" });
  const fresh = (await settings(world, "topic-settings")).get("compression.type");
  expect(fresh).toMatchObject({ value: "lz4", source: "DYNAMIC_DEFAULT_BROKER_CONFIG" });
});

test("the broker's settings are those that can be changed while it runs, and only those", async () => {
  await using world = await HttpWorld.open();
  const before = await settings(world, "broker-settings");
  expect([...before.values()].filter(({ is_read_only: isReadOnly }) => isReadOnly)).toEqual([]);
  expect([...before.keys()]).not.toContain("delete.topic.enable");
  await world.v3("PUT", "/broker-configs/log.retention.ms", { value: "60000" });
  const found = (await settings(world, "broker-settings")).get("log.retention.ms");
  const source = "DYNAMIC_DEFAULT_BROKER_CONFIG";
  expect(found).toMatchObject({ value: "60000", default: "604800000", source });
});
