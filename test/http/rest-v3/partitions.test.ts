import { expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";

test("partitions are listed and shown, with their one replica", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t", 2);
  const { body } = await world.v3("GET", "/topics/t/partitions");
  expect(body).toMatchObject({ data: [{ partition_id: 0 }, { partition_id: 1 }] });
  const one = await world.v3("GET", "/topics/t/partitions/1");
  const self = `${world.url}${world.in("/topics/t/partitions/1")}`;
  expect(one.body).toMatchObject({
    kind: "KafkaPartition",
    metadata: { self },
    leader: { related: `${self}/replicas/1` },
  });
  const replica = { broker_id: 1, is_leader: true, is_in_sync: true, partition_id: 1 };
  const replicas = await world.v3("GET", "/topics/t/partitions/1/replicas");
  expect(replicas.body).toMatchObject({ data: [replica] });
  expect((await world.v3("GET", "/topics/t/partitions/1/replicas/1")).body).toMatchObject(replica);
  const all = await world.v3("GET", "/brokers/1/partition-replicas");
  expect(all.body).toMatchObject({ data: [{ partition_id: 0 }, { partition_id: 1 }] });
});

test("offsets tell where records begin and end", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t");
  for (const data of ["a", "b"]) {
    await world.v3("POST", "/topics/t/records", { value: { type: "STRING", data } });
  }
  await world.broker.topic("t")?.partitions[0]?.deleteRecords(1);
  const { body } = await world.v3("GET", "/topics/t/partitions/0/offset");
  expect(body).toMatchObject({ earliest_offset: 1, latest_offset: 2 });
});

test.each([
  ["/topics/none/partitions", 40403],
  ["/topics/none/partitions/0", 40403],
  ["/topics/t/partitions/1", 40403],
  ["/topics/t/partitions/1/offset", 40403],
  ["/topics/t/partitions/1/replicas", 40403],
  ["/topics/t/partitions/1/replicas/1", 40403],
  ["/topics/t/partitions/0/replicas/2", 404],
  ["/topics/t/partitions/-1", 404],
  ["/topics/t/partitions/x", 404],
  ["/topics/t/partitions/0x0", 404],
  ["/topics/t/partitions/99999999999999999999", 404],
  ["/brokers/2/partition-replicas", 404],
])("%s is not there", async (path, errorCode) => {
  await using world = await HttpWorld.open();
  await world.topic("t");
  const { status, body } = await world.v3("GET", path);
  expect([status, body]).toMatchObject([404, { error_code: errorCode }]);
});
