import { expect, test } from "bun:test";
import { commitQueueBytesMax } from "../../src/limits.ts";
import { offset } from "../../src/base/brands.ts";
import type { LogConfig } from "../../src/log/log.ts";
import { logSuite } from "../conformance/log.suite.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import {
  acked,
  directory,
  LogWorld,
  range,
  readAll,
  smallConfig,
  unwrap,
} from "../support/log-world.ts";

const variants: [name: string, config: LogConfig, cacheBytes: number][] = [
  ["segment log, from the cache", smallConfig, 16 * 1024 * 1024],
  ["segment log, from the files", smallConfig, 1],
  ["segment log, one big segment", { ...smallConfig, segmentBytes: 1 << 30 }, 1],
  ["segment log, lingering", { ...smallConfig, durability: { fsync: "never" } }, 4096],
  [
    "segment log, synced from time to time",
    { ...smallConfig, durability: { fsync: "interval", intervalMs: 10 } },
    4096,
  ],
];

for (const [name, config, cacheBytes] of variants) {
  logSuite(name, async () => {
    const world = new LogWorld(new MemoryDisk(), config, cacheBytes);
    const log = await world.open();
    let current = log;
    const reopen = async () => {
      await current.close();
      current = await world.open();
      return current;
    };
    return { log, reopen };
  });
}

test("what is appended during a write goes out together in the next one", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  const gate = world.disk.hold("append");
  const first = unwrap(log.append(batchOf({ first: 0 })));
  await gate.reached();
  const others = range(1, 100).map((i) => unwrap(log.append(batchOf({ first: i }))));
  gate.release();
  await Promise.all([first, ...others].map((one) => one.committed));
  const appends = world.disk.operations.filter((one) => one.operation === "append");
  expect(appends.length).toBe(2);
  await log.close();
});

test("nothing is seen before it is durable", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  const gate = world.disk.hold("append");
  const { committed } = unwrap(log.append(batchOf({ first: 0 })));
  await gate.reached();
  expect([log.visibleOffset, log.endOffset]).toEqual([offset(0), offset(1)]);
  expect(await log.read(offset(1), 1)).toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
  gate.release();
  expect(await committed).toBeNull();
  expect(log.visibleOffset).toBe(offset(1));
  await log.close();
});

test("with a linger time a group waits for company, or for being full", async () => {
  const world = new LogWorld(new MemoryDisk(), {
    ...smallConfig,
    segmentBytes: 1 << 30,
    lingerMs: 5,
  });
  const log = await world.open();
  const appends = (): number =>
    world.disk.operations.filter((one) => one.operation === "append").length;
  const first = range(0, 10).map((i) => unwrap(log.append(batchOf({ first: i }))));
  await Promise.resolve();
  expect(appends()).toBe(0);
  world.clock.advance(5);
  await Promise.all(first.map((one) => one.committed));
  expect(appends()).toBe(1);
  const large = range(0, 5).map((i) =>
    unwrap(log.append(batchOf({ first: i, valueBytes: 1 << 20 }))),
  );
  await large[0]?.committed;
  expect(appends()).toBe(2);
  const closing = log.close();
  world.clock.advance(5);
  await closing;
});

test("more than the queue holds is refused until the disk has caught up", async () => {
  const world = new LogWorld(new MemoryDisk(), { ...smallConfig, segmentBytes: 1 << 30 });
  const log = await world.open();
  const gate = world.disk.hold("append");
  const accepted: Promise<unknown>[] = [];
  const batch = batchOf({ first: 0, valueBytes: 4 << 20 });
  for (;;) {
    const appended = log.append(batch);
    if (!("committed" in appended)) {
      expect(appended.code).toBe("THROTTLING_QUOTA_EXCEEDED");
      break;
    }
    accepted.push(appended.committed);
  }
  expect(accepted.length).toBe(Math.floor(commitQueueBytesMax / batch.length));
  gate.release();
  expect(await Promise.all(accepted)).toEqual(accepted.map(() => null));
  await acked(log, { first: 1 });
  await log.close();
});

test("a segment ends before it would pass its size", async () => {
  const world = new LogWorld(new MemoryDisk(), { ...smallConfig, segmentBytes: 64 * 1024 });
  const log = await world.open();
  for (let i = 0; i < 100; i++) await acked(log, { first: i, valueBytes: 4000 });
  await log.close();
  const logs = (await world.disk.list(directory)).filter((entry) => entry.name.endsWith(".log"));
  expect(logs.length).toBeGreaterThan(5);
  for (const entry of logs) expect(entry.bytes).toBeLessThanOrEqual(64 * 1024);
});

test("a batch larger than a segment gets a segment of its own", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  await acked(log, { first: 1, valueBytes: 200_000 });
  await acked(log, { first: 2 });
  expect(log.segments.map((segment) => Number(segment.base))).toEqual([0, 1, 2]);
  expect((await readAll(log)).map((record) => record.number)).toEqual([0, 1, 2]);
  await log.close();
});

test("a segment ends when it is old, also across a restart", async () => {
  const world = new LogWorld(new MemoryDisk(), { ...smallConfig, segmentMs: 1000 });
  const log = await world.open();
  await acked(log, { first: 0 });
  world.clock.advance(600);
  await log.close();
  const again = await world.open();
  await acked(again, { first: 1 });
  expect(again.segments.length).toBe(1);
  world.clock.advance(400);
  await acked(again, { first: 2 });
  expect(again.segments.map((segment) => Number(segment.base))).toEqual([0, 2]);
  await again.close();
});

test("a finished segment is written beside its mapped index, and the index is used", async () => {
  const world = new LogWorld(new MemoryDisk(), smallConfig, 1);
  const log = await world.open();
  for (let i = 0; i < 100; i++) await acked(log, { first: i, valueBytes: 4000 });
  await log.close();
  const again = await world.open();
  expect((await readAll(again, 10_000)).map((record) => record.number)).toEqual(range(0, 100));
  const operations = world.disk.operations.map((one) => `${one.operation} ${one.path}`);
  expect(operations).toContain(`map ${directory}/00000000000000000000.idx`);
  expect(world.logger.named("index rebuilt")).toEqual([]);
  await again.close();
});

test("another segment size holds from the next batch on, whatever the segment has", async () => {
  const world = new LogWorld(new MemoryDisk(), { ...smallConfig, segmentBytes: 1 << 30 });
  const log = await world.open();
  for (let i = 0; i < 10; i++) await acked(log, { first: i, valueBytes: 20_000 });
  expect(log.segments).toHaveLength(1);
  await log.configure(smallConfig);
  for (let i = 10; i < 20; i++) await acked(log, { first: i, valueBytes: 20_000 });
  expect(log.segments.length).toBeGreaterThan(3);
  expect((await readAll(log)).map((record) => record.number)).toEqual(range(0, 20));
  await log.close();
});
