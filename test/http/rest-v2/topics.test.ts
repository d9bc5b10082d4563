import { describe, expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";
import { Requests } from "./requests.ts";

const partition = (index: number) => {
  return { partition: index, leader: 1, replicas: [{ broker: 1, leader: true, in_sync: true }] };
};

test("topics, partitions, offsets and brokers are shown as the proxy shows them", async () => {
  await using world = await HttpWorld.open();
  const client = new Requests(world);
  await world.topic("t", 2, { "retention.ms": "1000" });
  await world.topic("a");
  await client.produce("a", 1, 2);
  await world.broker.topic("a")?.partitions[0]?.deleteRecords(1);
  expect((await client.get("/topics")).body).toEqual(["a", "t"]);
  expect((await client.get("/topics/t")).body).toMatchObject({
    name: "t",
    configs: { "retention.ms": "1000", "cleanup.policy": "delete" },
    partitions: [partition(0), partition(1)],
  });
  expect((await client.get("/topics/t/partitions")).body).toEqual([partition(0), partition(1)]);
  expect((await client.get("/topics/t/partitions/1")).body).toEqual(partition(1));
  const offsets = { beginning_offset: 1, end_offset: 2 };
  expect((await client.get("/topics/a/partitions/0/offsets")).body).toEqual(offsets);
  expect((await client.get("/brokers")).body).toEqual({ brokers: [1] });
});

describe("what is not there", () => {
  test.each([
    ["/topics/x", 40401],
    ["/topics/x/partitions", 40401],
    ["/topics/x/partitions/0", 40401],
    ["/topics/x/partitions/0/offsets", 40401],
    ["/topics/t/partitions/1", 40402],
    ["/topics/t/partitions/1/offsets", 40402],
  ])("%s: %d", async (path, errorCode) => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const { status, body } = await new Requests(world).get(path);
    expect([status, body]).toMatchObject([404, { error_code: errorCode }]);
  });
});

test.each([
  ["application/vnd.kafka.v2+json", 200, "application/vnd.kafka.v2+json"],
  ["application/json", 200, "application/json"],
  ["*/*", 200, "application/vnd.kafka.v2+json"],
  ["text/html", 406, "application/json"],
])("who accepts %s is answered %d, %s", async (accept, status, type) => {
  await using world = await HttpWorld.open();
  const answered = await new Requests(world).get("/topics", accept);
  expect([answered.status, answered.headers.get("content-type")]).toEqual([status, type]);
});
