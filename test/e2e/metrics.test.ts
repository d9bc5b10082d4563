/**
 * `/metrics` of the executable: Prometheus's own tool has no objection, and the names of
 * kafka_exporter carry what clients have done, while they do it and after.
 */
import { expect, test } from "bun:test";
import { Admin } from "../../src/client/kafka/admin.ts";
import { Producer } from "../../src/client/kafka/producer.ts";
import { promtoolSays, Scraped, testPromtool } from "../support/scraped.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { startBroker } from "./support/broker-process.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { within } from "./support/within.ts";

leaveNothing();

const topic = "orders";
const consumergroup = "readers";
const partitions = [0, 1, 2, 3];
/** In each partition, at the end. */
const recordCount = 500;
/** What the group has committed of each partition. */
const committed = [0, 100, 499, 500];
/** The records are made to be so old. */
const ageMs = 60_000;
/** For one story, on a machine that is busy. */
const msMax = 60_000;

/** A broker with the topic, told by its clients. */
interface Story {
  readonly admin: Admin;
  /** Sends so many records to each partition, and waits until they are stored. */
  readonly load: () => Promise<void>;
  readonly scrape: () => Promise<Scraped>;
}

async function withBroker(act: (story: Story) => Promise<void>): Promise<void> {
  using directory = temporaryDirectory();
  const broker = await startBroker(directory.path);
  await using _broker = broker.process;
  const door = broker.process.lines.find((line) => line["door"] === "http");
  const brokers = [`127.0.0.1:${broker.kafkaPort}`];
  const admin = await Admin.open({ brokers });
  await using _admin = { [Symbol.asyncDispose]: () => admin.close() };
  await admin.createTopics([{ name: topic, partitionCount: partitions.length }]);
  await using producer = await Producer.open({ brokers });
  const load = async (): Promise<void> => {
    const timestamp = Date.now() - ageMs;
    const sent = partitions.flatMap((partition) => {
      return Array.from({ length: recordCount }, (_, at) => {
        return producer.send({ topic, partition, value: `record ${at}`, timestamp });
      });
    });
    await Promise.all(sent);
  };
  const scrape = async (): Promise<Scraped> => {
    const response = await fetch(`http://${door?.["address"]}/metrics`);
    expect(response.status).toBe(200);
    return new Scraped(await response.text());
  };
  await within(msMax, "the story", act({ admin, load, scrape }));
}

/** Commits for the group, an offset of each partition. */
async function commit(admin: Admin, offsets: readonly number[]): Promise<void> {
  const rows = offsets.map((offset, partition) => ({ topic, partition, offset }));
  const outcomes = await admin.alterOffsets(consumergroup, rows);
  expect(outcomes.map(({ error }) => error)).toEqual(partitions.map(() => null));
}

/** The values of one name for all partitions. */
const perPartition = (
  scraped: Scraped,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): (number | undefined)[] =>
  partitions.map((partition) => {
    return scraped.value(name, { topic, partition: String(partition), ...labels });
  });

test(
  "the names of kafka_exporter say where records end and how far a group is behind",
  () =>
    withBroker(async ({ admin, load, scrape }) => {
      await load();
      await commit(admin, committed);
      const scraped = await scrape();
      const group = { consumergroup };
      const ends = partitions.map(() => recordCount);
      expect(perPartition(scraped, "kafka_topic_partition_current_offset")).toEqual(ends);
      expect(perPartition(scraped, "kafka_topic_partition_oldest_offset")).toEqual([0, 0, 0, 0]);
      expect(perPartition(scraped, "kafka_consumergroup_current_offset", group)).toEqual(committed);
      const lags = committed.map((offset) => recordCount - offset);
      expect(perPartition(scraped, "kafka_consumergroup_lag", group)).toEqual(lags);
      const sum = lags.reduce((one, other) => one + other, 0);
      expect(scraped.value("kafka_consumergroup_lag_sum", { topic, ...group })).toBe(sum);
      expect(scraped.value("kafka_topic_partitions", { topic })).toBe(partitions.length);
      expect(scraped.value("kafka_brokers")).toBe(1);
      const { clusterId } = await admin.describeCluster();
      const labels = { cluster_name: clusterId ?? "", group: consumergroup };
      const seconds = perPartition(scraped, "kafka_consumergroup_group_lag_seconds", labels);
      expect(seconds[3]).toBe(0);
      expect(Math.min(...seconds.slice(0, 3).map(Number))).toBeGreaterThanOrEqual(ageMs / 1000);
      expect(Math.max(...seconds.map(Number))).toBeLessThan((ageMs + msMax) / 1000);
    }),
  2 * msMax,
);

test(
  "while records come in, counts never go back, and no lag is more than there was to read",
  () =>
    withBroker(async ({ admin, load, scrape }) => {
      await commit(admin, [0, 0, 0, 0]);
      let isLoading = true;
      const loading = load().finally(() => (isLoading = false));
      let last = partitions.map(() => 0);
      const received: number[] = [];
      do {
        const scraped = await scrape();
        const ends = perPartition(scraped, "kafka_topic_partition_current_offset").map(Number);
        const lags = perPartition(scraped, "kafka_consumergroup_lag", { consumergroup });
        for (const partition of partitions) {
          expect(ends[partition]!).toBeGreaterThanOrEqual(last[partition]!);
          expect(lags[partition]!).toBeLessThanOrEqual(recordCount);
        }
        received.push(scraped.value("obelisk_topic_received_records_total", { topic })!);
        last = ends;
      } while (isLoading);
      await loading;
      const scraped = await scrape();
      received.push(scraped.value("obelisk_topic_received_records_total", { topic })!);
      expect(received).toEqual(received.toSorted((one, other) => one - other));
      expect(received.at(-1)).toBe(partitions.length * recordCount);
      const lags = perPartition(scraped, "kafka_consumergroup_lag", { consumergroup });
      expect(lags).toEqual(partitions.map(() => recordCount));
    }),
  2 * msMax,
);

testPromtool(
  "promtool has no objection to the executable's metrics",
  () =>
    withBroker(async ({ admin, load, scrape }) => {
      await load();
      await commit(admin, committed);
      const { text, names } = await scrape();
      expect(names.has("kafka_consumergroup_lag")).toBeTrue();
      expect(await promtoolSays(["check", "metrics"], text)).toBe("");
    }),
  2 * msMax,
);
