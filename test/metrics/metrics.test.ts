import { expect, test } from "bun:test";
import type { Broker } from "../../src/broker/broker.ts";
import { metricsGroupsMax, metricsPartitionsMax } from "../../src/limits.ts";
import { families } from "../../src/metrics/families.ts";
import { LoopDelay } from "../../src/metrics/loop-delay.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import { lookAt, type MetricsParts } from "../../src/metrics/view.ts";
import { ManualClock } from "../fake/clock.ts";
import { HttpWorld } from "../support/http-world.ts";

/** Everything that a scrape says, as `name{labels}` and value, without the comments. */
async function scraped(world: HttpWorld): Promise<ReadonlyMap<string, string>> {
  const { text } = await world.ask("GET", "/metrics");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

async function produced(world: HttpWorld, topic: string, count: number): Promise<void> {
  for (let left = count; left > 0; left--) {
    const value = { type: "STRING", data: "twelve bytes" };
    const { status } = await world.v3("POST", `/topics/${topic}/records`, {
      partition_id: 0,
      value,
    });
    expect(status).toBe(200);
  }
}

test("what is produced, committed and behind is told under kafka_exporter's names", async () => {
  await using world = await HttpWorld.open();
  await world.topic("orders", 2);
  await produced(world, "orders", 5);
  await world.commit("readers", "orders", 0, 2);
  const found = await scraped(world);
  const value = (name: string): string | undefined => found.get(name);
  const partition = 'topic="orders",partition="0"';
  expect(value("kafka_brokers")).toBe("1");
  expect(value('kafka_topic_partitions{topic="orders"}')).toBe("2");
  expect(value(`kafka_topic_partition_current_offset{${partition}}`)).toBe("5");
  expect(value(`kafka_topic_partition_oldest_offset{${partition}}`)).toBe("0");
  const reader = `consumergroup="readers",${partition}`;
  expect(value(`kafka_consumergroup_current_offset{${reader}}`)).toBe("2");
  expect(value(`kafka_consumergroup_lag{${reader}}`)).toBe("3");
  expect(value('kafka_consumergroup_lag_sum{consumergroup="readers",topic="orders"}')).toBe("3");
  expect(value('kafka_consumergroup_members{consumergroup="readers"}')).toBe("0");
});

test("lag in seconds is the age of the first record that is not read", async () => {
  await using world = await HttpWorld.open();
  await world.topic("orders");
  await produced(world, "orders", 1);
  await world.commit("readers", "orders", 0, 0);
  world.base.clock.advance(90_000);
  const found = await scraped(world);
  const group = `cluster_name="${world.clusterId}",group="readers"`;
  const seconds = Number(found.get(`kafka_consumergroup_group_max_lag_seconds{${group}}`));
  // What a commit has to wait for moves this clock, too.
  expect(seconds).toBeGreaterThanOrEqual(90);
  expect(seconds).toBeLessThan(91);
});

test("requests and their errors are counted by operation and code, not by what clients send", async () => {
  await using world = await HttpWorld.open();
  await world.topic("orders");
  await produced(world, "orders", 3);
  await world.v3("GET", "/topics/none");
  await world.ask("GET", "/made/up/by/a/client");
  const found = await scraped(world);
  const count = (request: string): string | undefined =>
    found.get(`obelisk_request_duration_seconds_count{door="http",request="${request}"}`);
  expect(count("produceRecord")).toBe("3");
  expect(found.get('obelisk_errors_total{door="http",error="40403"}')).toBe("1");
  expect(found.get('obelisk_errors_total{door="http",error="404"}')).toBe("1");
  expect([...found.keys()].filter((line) => line.includes("made"))).toEqual([]);
  expect(found.get('obelisk_topic_received_records_total{topic="orders"}')).toBe("3");
});

test("OpenMetrics is what one gets who asks for it", async () => {
  await using world = await HttpWorld.open();
  const headers = { accept: "application/openmetrics-text" };
  const { text, headers: answered } = await world.ask("GET", "/metrics", { headers });
  expect(answered.get("content-type")).toStartWith("application/openmetrics-text");
  expect(text).toEndWith("# EOF\n");
  expect(text).toContain("# TYPE obelisk_cache_hits counter\n");
  expect(text).toContain("\nobelisk_cache_hits_total ");
});

test("every family keeps Prometheus's conventions for names", () => {
  const names = families.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const { name, type, help } of families) {
    expect(name).toMatch(/^(obelisk|process|kafka)_[a-z][a-z_]*$/);
    // Names of other people's exporters are as they are.
    if (!name.startsWith("kafka_"))
      expect([name, name.endsWith("_total")]).toEqual([name, type === "counter"]);
    expect(help).toMatch(/\.$|always 1\.$/);
    expect(name).not.toMatch(/_(ms|milliseconds|kb|mb)(_|$)/);
  }
});

/** A broker and groups of a size that no test could fill. */
async function partsOf(topicCount: number, groupCount: number): Promise<MetricsParts> {
  await using world = await HttpWorld.open();
  const partitions = [{}, {}, {}];
  const topics = Array.from({ length: topicCount }, (_, at) => ({ name: `t${at}`, partitions }));
  const broker = { topics: () => topics, volume: () => Promise.resolve(null) };
  const groups = Array.from({ length: groupCount }, (_, at) => {
    return { groupId: `g${at}`, groupState: "Empty", protocolType: "consumer" };
  });
  return {
    ...world.metricsParts,
    broker: broker as unknown as Broker,
    groups: {
      rebalances: 0,
      listGroups: () => Promise.resolve({ errorCode: "NONE", groups }),
    } as unknown as MetricsParts["groups"],
    lags: {
      of: (groupId: string) => Promise.resolve({ group: { groupId, members: [] }, partitions: [] }),
    } as unknown as MetricsParts["lags"],
  };
}

test("what has no room is left out, and how much is told", async () => {
  const topicsMax = Math.floor(metricsPartitionsMax / 3);
  const parts = await partsOf(topicsMax + 7, metricsGroupsMax + 2);
  const view = await lookAt(parts, new LoopDelay(parts.clock));
  expect(view.topics.length).toBe(topicsMax);
  expect(view.groups.length).toBe(metricsGroupsMax);
  expect(view.dropped).toEqual({ topic: 7, partition: 21, group: 2 });
});

test("how late timers fire is measured for a while after a scrape, and then no timer is left", async () => {
  const clock = new ManualClock();
  const parts = { ...(await partsOf(0, 0)), clock };
  const metrics = new Metrics(parts);
  expect(clock.pending).toBe(0);
  await metrics.scrape("text");
  expect(clock.pending).toBe(1);
  for (let minute = 0; minute < 20; minute++) clock.advance(60_000);
  expect(clock.pending).toBe(0);
  await metrics.scrape("text");
  metrics.close();
  expect(clock.pending).toBe(0);
});
