import { expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";

test("there is one cluster, and its paths lead somewhere", async () => {
  await using world = await HttpWorld.open();
  const { body } = await world.ask("GET", "/v3/clusters");
  const { data } = body as { readonly data: readonly Record<string, { related?: string }>[] };
  expect(data).toMatchObject([{ kind: "KafkaCluster", cluster_id: world.clusterId }]);
  expect((await world.v3("GET", "")).body).toEqual(data[0]);
  const links = Object.entries(data[0] ?? {}).flatMap(([name, { related }]) => {
    return related === undefined ? [] : [[name, related] as const];
  });
  expect(links).toHaveLength(7);
  for (const [name, link] of links) {
    const { status } = await world.ask("GET", link.slice(world.url.length));
    expect([name, status]).toEqual([name, name === "acls" ? 400 : 200]);
  }
});

test("there is one broker, and it says where Kafka's clients go", async () => {
  await using world = await HttpWorld.open();
  const broker = { kind: "KafkaBroker", broker_id: 1, host: "broker.test", port: 9092, rack: null };
  expect((await world.v3("GET", "/brokers")).body).toMatchObject({ data: [broker] });
  expect((await world.v3("GET", "/brokers/1")).body).toMatchObject(broker);
  expect((await world.v3("GET", "/brokers/2")).status).toBe(404);
});

test("where Kafka's port is closed, there is no address", async () => {
  await using world = await HttpWorld.open();
  world.system = { ...world.system, services: { ...world.system.services!, kafka: null } };
  expect((await world.v3("GET", "/brokers/1")).body).toMatchObject({ host: null, port: null });
});

test("another cluster is not here, whatever is asked of it", async () => {
  await using world = await HttpWorld.open();
  for (const path of ["", "/topics", "/brokers/1", "/consumer-groups/g/lags"]) {
    const { status, body } = await world.ask("GET", `/v3/clusters/other${path}`);
    expect([status, body]).toEqual([404, { error_code: 404, message: "there is no such cluster" }]);
  }
});
