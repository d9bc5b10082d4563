/** A real broker with real clients: what it says of itself is what they have done. */
import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { offset } from "../../src/base/brands.ts";
import { Producer } from "../../src/client/kafka/producer.ts";
import { Producer as NativeProducer } from "../../src/client/producer.ts";
import { families } from "../../src/metrics/families.ts";
import { codesOf } from "../support/admin-world.ts";
import { GroupWorld } from "../support/group-world.ts";
import { promtoolSays, Scraped, testPromtool } from "../support/scraped.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const minute = 60_000;

/** Beside what a group world has: 30 records over each of two ports, and two that are refused. */
async function withLoad(act: (world: GroupWorld) => Promise<void>): Promise<void> {
  await using world = await GroupWorld.open();
  const { server } = world.inner;
  await using producer = await Producer.open({ brokers: [server.kafkaAddress] });
  const timestamp = Date.now() - minute;
  const sent = Array.from({ length: 30 }, (_, at) => {
    return producer.send({ topic: "orders", partition: 2, value: `kafka ${at}`, timestamp });
  });
  await Promise.all(sent);
  const native = new NativeProducer({ port: Number(server.address.split(":").at(-1)) });
  const values = Array.from({ length: 30 }, (_, at) => `native ${at}`);
  await Promise.all(values.map((value) => native.send({ topic: "payments", value })));
  await native.close();
  await act(world);
}

async function scrape(world: GroupWorld, accept = "text/plain"): Promise<string> {
  const { doors } = world.inner.server.server;
  const address = doors.find(({ name }) => name === "http")?.address;
  const response = await fetch(`http://${address}/metrics`, { headers: { accept } });
  expect(response.status).toBe(200);
  return await response.text();
}

test("topics: where they begin and end, and what came in", async () => {
  await withLoad(async (world) => {
    const orders = world.inner.server.server.broker.topic("orders");
    await orders?.partitions[1]?.deleteRecords(5);
    const scraped = new Scraped(await scrape(world));
    const of = (name: string, partition: string): number | undefined =>
      scraped.value(`kafka_topic_partition_${name}`, { topic: "orders", partition });
    expect(scraped.value("kafka_topic_partitions", { topic: "orders" })).toBe(3);
    expect(["0", "1", "2"].map((at) => of("current_offset", at))).toEqual([10, 20, 30]);
    expect(["0", "1", "2"].map((at) => of("oldest_offset", at))).toEqual([0, 5, 0]);
    expect([of("leader", "0"), of("replicas", "0"), of("in_sync_replica", "0")]).toEqual([1, 1, 1]);
    expect(of("under_replicated_partition", "0")).toBe(0);
    const topic = { topic: "orders" };
    expect(scraped.value("obelisk_topic_received_records_total", topic)).toBe(60);
    const bytes = orders?.partitions.reduce((sum, { log }) => sum + log.sizeBytes, 0);
    expect(scraped.value("obelisk_topic_received_bytes_total", topic)).toBe(bytes);
    const payments = { topic: "payments" };
    expect(scraped.value("obelisk_topic_received_records_total", payments)).toBe(30);
    expect(scraped.value("obelisk_batch_records_sum")).toBe(90);
    expect(scraped.value("obelisk_topics")).toBe(2);
  });
});

test("groups: what they have committed, how far they are behind, and who is in them", async () => {
  await withLoad(async (world) => {
    await world.commit("readers", [4, 20, 10]);
    const scraped = new Scraped(await scrape(world));
    const consumergroup = "readers";
    const of = (name: string, partition: string): number | undefined =>
      scraped.value(`kafka_consumergroup_${name}`, { consumergroup, topic: "orders", partition });
    expect(["0", "1", "2"].map((at) => of("current_offset", at))).toEqual([4, 20, 10]);
    expect(["0", "1", "2"].map((at) => of("lag", at))).toEqual([6, 0, 20]);
    const sums = { consumergroup, topic: "orders" };
    expect(scraped.value("kafka_consumergroup_current_offset_sum", sums)).toBe(34);
    expect(scraped.value("kafka_consumergroup_lag_sum", sums)).toBe(26);
    expect(scraped.value("kafka_consumergroup_members", { consumergroup })).toBe(0);
    const { inner } = world;
    const group = {
      cluster_name: (await inner.admin.describeCluster()).clusterId!,
      group: "readers",
    };
    const seconds = (partition: string): number =>
      scraped.value("kafka_consumergroup_group_lag_seconds", {
        ...group,
        topic: "orders",
        partition,
      }) ?? NaN;
    expect(seconds("1")).toBe(0);
    expect(seconds("2")).toBeGreaterThanOrEqual(minute / 1000);
    expect(seconds("2")).toBeLessThan((10 * minute) / 1000);
    const longest = scraped.value("kafka_consumergroup_group_max_lag_seconds", group);
    expect(longest).toBeGreaterThanOrEqual(seconds("2"));
    expect(scraped.value("kafka_consumergroup_group_max_lag", group)).toBe(20);
    expect(scraped.value("kafka_consumergroup_group_sum_lag", group)).toBe(26);
  });
});

test("consumers: what they were sent, their connections, and the rebalance they have caused", async () => {
  await withLoad(async (world) => {
    const before = new Scraped(await scrape(world)).value("obelisk_group_rebalances_total")!;
    const consumer = await world.join("members");
    await consumer.seek("orders", 2, 0);
    for (let got = 0; got < 30;) {
      const messages = await consumer.poll();
      got += messages.filter(({ partition }) => partition === 2).length;
    }
    const scraped = new Scraped(await scrape(world));
    const sent = scraped.value("obelisk_topic_sent_records_total", { topic: "orders" });
    expect(sent).toBeGreaterThanOrEqual(30);
    const members = { consumergroup: "members" };
    expect(scraped.value("kafka_consumergroup_members", members)).toBe(1);
    expect(scraped.value("obelisk_group_rebalances_total")).toBeGreaterThan(before);
    expect(scraped.value("obelisk_groups", { state: "Stable" })).toBe(1);
    expect(scraped.value("obelisk_connections", { door: "kafka" })).toBeGreaterThan(1);
    expect(scraped.value("obelisk_connections", { door: "http" })).toBe(1);
    expect(scraped.value("obelisk_cache_hits_total")).toBeGreaterThan(0);
  });
});

test("requests: each kind by its door, errors by their names", async () => {
  await withLoad(async (world) => {
    const { admin } = world.inner;
    await admin.createTopics([{ name: "orders" }]);
    await scrape(world);
    const scraped = new Scraped(await scrape(world));
    const count = (door: string, request: string): number =>
      scraped.value("obelisk_request_duration_seconds_count", { door, request }) ?? 0;
    expect(count("kafka", "Produce")).toBeGreaterThan(0);
    expect(count("kafka", "CreateTopics")).toBe(2);
    expect(count("native", "Publish")).toBeGreaterThan(0);
    // An answer counts when it begins; this is the second one's body.
    expect(count("http", "getMetrics")).toBe(2);
    const error = { door: "kafka", error: "TOPIC_ALREADY_EXISTS" };
    expect(scraped.value("obelisk_errors_total", error)).toBe(1);
    const writes = scraped.value("obelisk_log_write_duration_seconds_count", { durable: "true" });
    expect(writes).toBe(scraped.value("obelisk_log_write_batches_count"));
    expect(writes).toBeGreaterThan(0);
  });
});

test("reading over HTTP counts as sent, looking at lag does not", async () => {
  await withLoad(async (world) => {
    const topic = { topic: "payments" };
    const sent = async (): Promise<number | undefined> =>
      new Scraped(await scrape(world)).value("obelisk_topic_sent_records_total", topic);
    await world.inner.admin.alterOffsets("g", [{ topic: "payments", partition: 0, offset: 1 }]);
    expect([await sent(), await sent()]).toEqual([0, 0]);
    const { doors, broker } = world.inner.server.server;
    const address = doors.find(({ name }) => name === "http")?.address;
    const { clusterId } = await world.inner.admin.describeCluster();
    const path = `/v3/clusters/${clusterId}/topics/payments/partitions/0/records?offset=0&limit=7`;
    await fetch(`http://${address}${path}`).then((response) => response.text());
    expect(broker.topic("payments")?.partitions[0]?.highWatermark).toBe(offset(30));
    expect(await sent()).toBe(7);
  });
});

/** A group with a name that is no label as it stands. */
async function oddGroup({ inner: { admin } }: GroupWorld): Promise<void> {
  const at = { topic: "orders", partition: 0, offset: 1 };
  expect(codesOf(await admin.alterOffsets('a "group"\n\\', [at]))).toEqual([null]);
}

testPromtool("promtool has no objection", async () => {
  await withLoad(async (world) => {
    await world.inner.admin.createTopics([{ name: "orders" }]);
    await oddGroup(world);
    const text = await scrape(world);
    expect(await promtoolSays(["check", "metrics"], text)).toBe("");
    expect(new Scraped(text).names.size).toBeGreaterThan(families.length / 2);
  });
});

testPromtool("promtool reads all of it as OpenMetrics", async () => {
  await withLoad(async (world) => {
    await oddGroup(world);
    const text = await scrape(world, "application/openmetrics-text; version=1.0.0");
    using directory = temporaryDirectory();
    const path = join(directory.path, "metrics.txt");
    // What it makes into a database needs times.
    await Bun.write(path, text.replaceAll(/^([^#\n].*)$/gm, "$1 1700000000"));
    const made = join(directory.path, "blocks");
    const args = ["tsdb", "create-blocks-from", "openmetrics", path, made];
    expect(await promtoolSays(args)).toBe("");
    expect(readdirSync(made).length).toBeGreaterThan(0);
  });
});
