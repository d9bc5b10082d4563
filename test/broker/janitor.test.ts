/** Stories of logs that are looked after while nobody asks. */
import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import type { Broker } from "../../src/broker/broker.ts";
import type { JanitorRules } from "../../src/broker/janitor.ts";
import {
  compactionFullRetryMs,
  diskReserveBytesDefault,
  janitorDelayMs,
  scrubPauseMs,
} from "../../src/limits.ts";
import { batchOf } from "../support/batches.ts";
import { BrokerWorld, numbersOf } from "../support/broker-world.ts";
import { keyed, recordsOf } from "../support/compaction.ts";
import { range, unwrap } from "../support/log-world.ts";
import { JumpingClock } from "../fake/jumping-clock.ts";

const hour = 3600 * 1000;
const check = 60_000;

const janitorRules = (retentionCheckMs: number): JanitorRules => ({
  retentionCheckMs,
  compaction: { checkMs: 15_000, memoryBytes: 1024 * 1024, bytesPerSecond: Infinity },
  scrubBytesPerSecond: Infinity,
});

class LookedAfterWorld extends BrokerWorld {
  constructor(
    override readonly clock = new JumpingClock(),
    before: BrokerWorld | null = null,
  ) {
    super(before?.disk.clone(), before?.metadata.reopened());
    this.settings = { ...this.settings, janitor: janitorRules(check) };
  }
}

/** Lets everything in memory run on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function pass(world: LookedAfterWorld, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += check) {
    world.clock.advance(check);
    await turn();
  }
}

/** Appends a record an hour, its time being `timestampOf(now)`. */
async function fill(
  world: LookedAfterWorld,
  broker: Broker,
  count: number,
  timestampOf: (now: number) => number = (now) => now,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    const timestamp = timestampOf(world.clock.now());
    const appended = broker
      .topic("orders")
      ?.partitions[0]?.append(batchOf({ first: i, timestamp }));
    if (appended === undefined) throw new Error("there is no such topic");
    expect(await unwrap(appended).committed).toBeNull();
    await pass(world, hour);
  }
}

async function brokerWith(world: LookedAfterWorld, config: Record<string, string>) {
  const broker = await world.start();
  const hourly = { "segment.ms": String(hour), ...config };
  unwrap(await broker.createTopic({ name: "orders", config: hourly }));
  return broker;
}

const fiveHours = { "retention.ms": String(5 * hour - 1) };

test("records go when they are older than retention.ms, without anybody asking", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, fiveHours);
  await fill(world, broker, 10);
  expect(await numbersOf(broker, "orders")).toEqual(range(6, 10));
  expect(broker.topic("orders")?.partitions[0]?.watermarks.startOffset).toBe(offset(6));
  await pass(world, 10 * hour);
  expect(await numbersOf(broker, "orders")).toEqual([]);
  expect(world.complaints).toEqual([]);
  await broker.close();
  expect(world.clock.pending).toBe(0);
});

test("records of a topic that is only compacted stay", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, { ...fiveHours, "cleanup.policy": "compact" });
  await fill(world, broker, 10);
  await pass(world, 10 * hour);
  expect(await numbersOf(broker, "orders")).toEqual(range(0, 10));
  await broker.close();
});

test("a wall clock that jumps ten years ahead deletes nothing that is not old anyway", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, fiveHours);
  await fill(world, broker, 3);
  world.clock.stepMs = 10 * 365 * 24 * hour;
  await pass(world, hour);
  expect(await numbersOf(broker, "orders")).toEqual(range(0, 3));
  expect(world.complaints).toEqual([
    "the clock has stepped ahead: records are deleted by the time before",
  ]);
  await pass(world, 5 * hour);
  expect(await numbersOf(broker, "orders")).toEqual([]);
  await broker.close();
});

test("a broker that starts with its clock in another decade deletes nothing", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, fiveHours);
  await fill(world, broker, 3);
  await broker.close();
  world.clock.stepMs = 10 * 365 * 24 * hour;
  const next = new LookedAfterWorld(world.clock, world);
  const again = await next.start();
  await pass(next, hour);
  expect(await numbersOf(again, "orders")).toEqual(range(0, 3));
  await again.close();
});

test("records whose producer counts seconds stay as long as others", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, fiveHours);
  await fill(world, broker, 10, (now) => Math.floor(now / 1000));
  const left = await numbersOf(broker, "orders");
  expect(left).toContain(7);
  expect(left).not.toContain(3);
  await broker.close();
});

test("a disk that fails is told of, and other topics are looked after", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, fiveHours);
  unwrap(await broker.createTopic({ name: "zebras", config: fiveHours }));
  await fill(world, broker, 3);
  const zebra = unwrap(
    broker
      .topic("zebras")!
      .partitions[0]!.append(batchOf({ first: 1, timestamp: world.clock.now() })),
  );
  await zebra.committed;
  world.disk.failNext("writeWhole", /orders/, "failed", { forever: true });
  await pass(world, 10 * hour);
  expect(world.complaints).toEqual(["old records not deleted"]);
  expect(await numbersOf(broker, "zebras")).toEqual([]);
  const { failures, faults, segments } = broker.upkeep!.retention;
  expect([failures > 0, segments]).toEqual([true, 1]);
  expect(faults).toMatchObject([{ topic: "orders", partition: 0 }]);
  await broker.close();
});

test("a broker that closes during a round waits for it, and begins no other", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, fiveHours);
  await fill(world, broker, 3);
  world.clock.advance(20 * hour);
  const gate = world.disk.hold("writeWhole");
  while (gate.waiting === 0) await pass(world, check);
  const closing = broker.close();
  gate.release();
  await closing;
  expect(world.clock.pending).toBe(0);
});

test("the first look comes soon after the start, however seldom the later ones", async () => {
  const world = new LookedAfterWorld();
  world.settings = { ...world.settings, janitor: janitorRules(100 * hour) };
  const broker = await brokerWith(world, fiveHours);
  await fill(world, broker, 1);
  expect(await numbersOf(broker, "orders")).toEqual([0]);
  await broker.close();
  world.clock.advance(5 * hour);
  const again = await new LookedAfterWorld(world.clock, world).start();
  world.clock.advance(janitorDelayMs);
  await turn();
  expect(await numbersOf(again, "orders")).toEqual([]);
  await again.close();
});

const compactedTopic = { "cleanup.policy": "compact", "segment.bytes": "65536" };

/** Appends records of one key, each of them filling a third of a segment. */
async function overwrite(broker: Broker, key: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const value = `${key}${i} `.padEnd(20_000, ".");
    const appended = broker.topic("orders")?.partitions[0]?.append(keyed([[key, value]]));
    if (appended === undefined) throw new Error("there is no such topic");
    expect(await unwrap(appended).committed).toBeNull();
  }
}

async function valuesOf(broker: Broker): Promise<string[]> {
  const log = broker.topic("orders")?.partitions[0]?.log;
  if (log === undefined) throw new Error("there is no such topic");
  return (await recordsOf(log)).map(({ value }) => value?.split(" ")[0] ?? "-");
}

test("a compacted topic is compacted without anybody asking, and figures tell of it", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, compactedTopic);
  await overwrite(broker, "a", 7);
  await pass(world, hour);
  expect(await valuesOf(broker)).toEqual(["a5", "a6"]);
  const figures = broker.upkeep?.compaction;
  expect(figures).toMatchObject({ failures: 0, setAside: [], keptRecords: 1 });
  expect(figures?.runs).toBeGreaterThan(0);
  expect(figures?.readBytes).toBeGreaterThan(120_000);
  expect(figures?.writtenBytes).toBeLessThan(21_000);
  // Five of seven records have gone, and a gap batch says so.
  expect(figures?.freedBytes).toBeGreaterThan(99_000);
  expect(figures?.lastRunMs).toBeLessThanOrEqual(world.clock.now());
  expect(figures?.mapBytesMax).toBeGreaterThan(0);
  await broker.close();
  expect(world.clock.pending).toBe(0);
});

test("a topic that is not compacted any more is left alone", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, compactedTopic);
  const configs = [{ name: "segment.bytes", value: "65536" }];
  expect(await broker.alterTopicConfig("orders", { kind: "replace", configs })).toBeNull();
  await overwrite(broker, "a", 7);
  await pass(world, hour);
  expect((await valuesOf(broker)).length).toBe(7);
  await broker.close();
});

test("a log that can't be compacted is left alone for an hour, and others are compacted", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, compactedTopic);
  unwrap(await broker.createTopic({ name: "zebras", config: compactedTopic }));
  await overwrite(broker, "a", 7);
  const bad = "topics/orders/0/00000000000000000000.log";
  world.disk.flipBit(bad, 1000, 1);
  for (let i = 0; i < 7; i++) {
    const batch = keyed([["z", "z".padEnd(20_000, ".")]]);
    await unwrap(broker.topic("zebras")!.partitions[0]!.append(batch)).committed;
  }
  await pass(world, hour / 2);
  expect(world.complaints).toContain("not compacted, and left alone for a while");
  expect(broker.upkeep?.compaction).toMatchObject({ failures: 1, keptRecords: 1 });
  const fault = { topic: "orders", partition: 0, reason: expect.stringContaining(bad) };
  expect(broker.upkeep?.compaction.setAside).toEqual([fault]);
  // Whoever mends the file need not restart anything.
  world.disk.flipBit(bad, 1000, 1);
  await pass(world, hour);
  expect(await valuesOf(broker)).toEqual(["a5", "a6"]);
  expect(broker.upkeep?.compaction.setAside).toEqual([]);
  await broker.close();
});

test("a log that has no room to be compacted is tried again soon, and then is", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, compactedTopic);
  await overwrite(broker, "a", 7);
  // Files still fit, but nothing is to be written that can wait.
  world.disk.capacityBytes = diskReserveBytesDefault;
  await pass(world, 2 * check);
  const [fault] = broker.upkeep!.compaction.setAside;
  expect(fault?.reason).toContain("would leave the disk too full");
  world.disk.capacityBytes = Infinity;
  await pass(world, 2 * compactionFullRetryMs);
  expect(await valuesOf(broker)).toEqual(["a5", "a6"]);
  expect(broker.upkeep?.compaction).toMatchObject({ failures: 1, setAside: [] });
  await broker.close();
});

test("a topic that is deleted while it is compacted is gone, and so are its files", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, compactedTopic);
  await overwrite(broker, "a", 7);
  const gate = world.disk.hold("append", /cleaned/);
  while (gate.waiting === 0) await pass(world, check);
  const deleting = broker.deleteTopic("orders");
  await turn();
  gate.release();
  expect(await deleting).toBeNull();
  unwrap(await broker.createTopic({ name: "orders", config: compactedTopic }));
  await pass(world, hour);
  expect(await valuesOf(broker)).toEqual([]);
  expect(world.complaints).toEqual([]);
  await broker.close();
});

test("a broker closes in the middle of a compaction, and the next one finds what has to be", async () => {
  const world = new LookedAfterWorld();
  const broker = await brokerWith(world, compactedTopic);
  await overwrite(broker, "a", 7);
  const gate = world.disk.hold("append", /cleaned/);
  while (gate.waiting === 0) await pass(world, check);
  const closing = broker.close();
  await turn();
  gate.release();
  await closing;
  const again = await new LookedAfterWorld(world.clock, world).start();
  const values = await valuesOf(again);
  expect(values.slice(-2)).toEqual(["a5", "a6"]);
  expect(again.topic("orders")?.partitions[0]?.log.endOffset).toBe(offset(7));
  await again.close();
});

test("finished segments are read again, and damage is told of while all goes on", async () => {
  const world = new LookedAfterWorld();
  const config = { "segment.bytes": "65536", "retention.ms": "-1" };
  const broker = await brokerWith(world, config);
  await overwrite(broker, "a", 7);
  await pass(world, hour);
  expect(broker.upkeep?.scrub).toMatchObject({ passes: 1, segments: 2, damages: [] });
  world.disk.flipBit("topics/orders/0/00000000000000000000.log", 1000, 1);
  world.clock.advance(scrubPauseMs);
  await pass(world, hour);
  const damage = { topic: "orders", partition: 0, fault: "crc", fromOffset: 0, toOffset: 1 };
  expect(broker.upkeep?.scrub?.passes).toBe(2);
  expect(broker.upkeep?.scrub?.damages).toMatchObject([damage]);
  const [told] = world.logger.named("damage found: these records can't be read any more");
  expect(told?.fields).toMatchObject(damage);
  await broker.close();
});

test("they are not, where that is switched off", async () => {
  const world = new LookedAfterWorld();
  const rules = { ...janitorRules(check), scrubBytesPerSecond: 0 };
  world.settings = { ...world.settings, janitor: rules };
  const broker = await brokerWith(world, {});
  await pass(world, 24 * hour);
  expect(broker.upkeep?.scrub).toBeNull();
  await broker.close();
});

test("a broker that nobody asked to look after logs does not", async () => {
  const world = new BrokerWorld();
  const broker = await world.start();
  expect(broker.upkeep).toBeNull();
  await broker.close();
});
