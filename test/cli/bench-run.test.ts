import { expect, test } from "bun:test";
import { runBench } from "../../src/cli/bench-run.ts";
import { Cluster } from "../../src/client/kafka/index.ts";
import { TestServer } from "../support/server.ts";

const load = {
  topic: "bench",
  partitions: 2,
  records: 2_500,
  turns: 5,
  recordBytes: 10,
  compression: "lz4",
} as const;

const clock = { monotonic: () => performance.now() };

async function withTopic(): Promise<{ server: TestServer; cluster: Cluster }> {
  const server = await TestServer.start();
  await server.server.broker.createTopic({ name: load.topic, partitionCount: load.partitions });
  return { server, cluster: await Cluster.open({ brokers: [server.kafkaAddress] }) };
}

test("every record goes in and comes out, and those that go one by one have a time each", async () => {
  const { server, cluster } = await withTopic();
  await using _ = server;
  const said: string[] = [];
  const tell = (what: string): void => void said.push(what);
  const result = await runBench(load, { cluster, clock, isOver: () => false, tell });
  await cluster.close();
  expect(result).toMatchObject({
    produce: { records: 2_500 },
    consume: { records: 2_500, latencyMs: null },
    stored: { records: 5 },
    received: { records: 5 },
  });
  for (const { recordsPerSecond, seconds } of Object.values(result ?? {})) {
    expect(recordsPerSecond).toBeGreaterThan(0);
    expect(seconds).toBeGreaterThan(0);
  }
  const stored = await Promise.all([0, 1].map((at) => server.records(load.topic, at)));
  expect(stored.flat()).toHaveLength(2_505);
  expect(said).toHaveLength(3);
});

test("what is ended has no result", async () => {
  const { server, cluster } = await withTopic();
  await using _ = server;
  let asked = 0;
  const isOver = (): boolean => ++asked > 2;
  expect(await runBench(load, { cluster, clock, isOver, tell: () => {} })).toBeNull();
  await cluster.close();
});
