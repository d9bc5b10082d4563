import { expect, test } from "bun:test";
import type { Topic } from "../../src/broker/broker.ts";
import { BrokerStats, Traffic } from "../../src/broker/stats.ts";
import { metricsSliceMs, metricsSliceSamples } from "../../src/limits.ts";
import { Metrics } from "../../src/metrics/metrics.ts";
import type { MetricsParts } from "../../src/metrics/view.ts";
import { Network } from "../../src/net/network.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { BrokerWorld } from "../support/broker-world.ts";
import { ManualClock } from "../fake/clock.ts";
import { turns } from "../support/until.ts";

/** A broker of one topic; reading an offset takes the time of a slice for each slice of lines. */
class World {
  readonly clock = new ManualClock();
  readonly metrics: Metrics;
  looks = 0;
  #read = 0;

  constructor(partitionCount: number) {
    const { clock } = this;
    const partitions = Array.from({ length: partitionCount }, (_, index) => this.#partition(index));
    const topic = { name: "t", partitions } as unknown as Topic;
    const stats = new BrokerStats();
    const volume = () => {
      this.looks += 1;
      return Promise.resolve(null);
    };
    this.metrics = new Metrics({
      clock,
      broker: { topics: () => [topic], volume, stats, producerCount: 0 },
      groups: { listGroups: () => Promise.resolve({ groups: [] }), rebalances: 0 },
      logs: new BrokerWorld().environment,
      network: new Network({ clock, logger: new MemoryLogger() }),
      doors: [],
      kafka: null,
      facts: () => Promise.resolve({}),
    } as unknown as MetricsParts);
  }

  #partition(index: number): object {
    const read = (): number => {
      this.#read += 1;
      if (this.#read % metricsSliceSamples === 0) this.clock.advance(metricsSliceMs);
      return index;
    };
    return {
      index,
      get highWatermark() {
        return read();
      },
      watermarks: { startOffset: 0 },
      traffic: new Traffic(),
      log: { sealedBy: null, sizeBytes: 0, segmentCount: 1 },
    };
  }
}

test("a scrape of many lines lets others go first again and again, and misses none", async () => {
  const slices = 6;
  const world = new World(slices * metricsSliceSamples);
  const { chunks } = await world.metrics.scrape("text");
  let text = "";
  let isDone = false;
  let rests = 0;
  const reading = (async () => {
    for await (const chunk of chunks()) text += new TextDecoder().decode(chunk);
    isDone = true;
  })();
  const before = world.clock.pending;
  while (!isDone) {
    await turns(1);
    if (world.clock.pending <= before) continue;
    rests += 1;
    world.clock.advance(0);
  }
  await reading;
  expect(rests).toBeGreaterThanOrEqual(slices);
  const lines = text.split("\n").filter((line) => line.startsWith("kafka_topic_partition_current"));
  expect(lines.length).toBe(slices * metricsSliceSamples);
  expect(new Set(lines).size).toBe(lines.length);
  world.metrics.close();
});

test("who asks at the same time shares one look", async () => {
  const world = new World(1);
  await Promise.all([world.metrics.scrape("text"), world.metrics.scrape("openmetrics")]);
  expect(world.looks).toBe(1);
  await world.metrics.scrape("text");
  expect(world.looks).toBe(2);
  world.metrics.close();
});
