import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { LateLog, LateLogs } from "../../src/broker/late-log.ts";
import { partitionReopenMs } from "../../src/limits.ts";
import { LogEnvironment } from "../../src/log/environment.ts";
import type { PartitionLog } from "../../src/log/log.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { batchOf } from "../support/batches.ts";
import { acked, readAll, smallConfig } from "../support/log-world.ts";

const busy = new Refusal("KAFKA_STORAGE_ERROR", "too many open files");
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A late log over a disk in memory, tried again by a clock that the test moves. */
class World {
  readonly clock = new ManualClock();
  readonly disk = new MemoryDisk();
  readonly opened: PartitionLog[] = [];
  /** Attempts that are refused. */
  refusals = 0;
  attempts = 0;
  readonly #environment = new LogEnvironment({
    disk: this.disk,
    clock: this.clock,
    logger: new MemoryLogger(),
    cacheBytes: 1024 * 1024,
  });
  readonly log = new LateLog(busy, () => this.#open());
  readonly logs = new LateLogs(this.clock, [this.log]);

  async round(): Promise<void> {
    this.clock.advance(partitionReopenMs);
    await settled();
  }

  async #open(): Promise<PartitionLog | Refusal> {
    this.attempts += 1;
    if (this.attempts <= this.refusals) {
      return new Refusal("DISK_FULL", `attempt ${this.attempts}`);
    }
    await this.disk.makeDirectory("0");
    const log = await openSegmentLog(this.#environment, "0", smallConfig);
    if (!(log instanceof Refusal)) this.opened.push(log);
    return log;
  }
}

test("it refuses with the newest reason until it can be opened, then it is a log", async () => {
  const world = new World();
  world.refusals = 1;
  let told = 0;
  world.log.follow({ visible: () => (told += 1), rolledBack: () => {} });
  expect(world.log.append(batchOf({ first: 0 }))).toBe(busy);
  await world.round();
  expect(String(world.log.append(batchOf({ first: 0 })))).toBe("DISK_FULL: attempt 1");
  await world.round();
  await acked(world.log, { first: 7 });
  expect((await readAll(world.log)).map(({ number }) => number)).toEqual([7]);
  expect([world.log.startOffset, world.log.visibleOffset, world.log.endOffset].map(Number)).toEqual(
    [0, 1, 1],
  );
  expect(told).toBe(2);
  await acked(world.log, { first: 8 });
  expect(told).toBe(3);
  await world.round();
  expect(world.attempts).toBe(2);
  await world.log.close();
  expect(world.clock.pending).toBe(0);
});

test("it is not tried after it was closed", async () => {
  const world = new World();
  await world.log.close();
  await world.round();
  expect(world.attempts).toBe(0);
  expect(world.clock.pending).toBe(0);
});

test("closing waits for an attempt that goes on, and closes what that opens", async () => {
  const world = new World();
  const gate = world.disk.hold("makeDirectory");
  world.clock.advance(partitionReopenMs);
  await gate.reached();
  const closing = world.log.close();
  gate.release();
  await closing;
  expect(world.opened[0]?.append(batchOf({ first: 0 }))).toMatchObject({ code: "SHUTTING_DOWN" });
  expect(world.log.isLate).toBe(false);
});

test("deleting waits for an attempt that goes on, and deletes what that opens", async () => {
  const world = new World();
  const gate = world.disk.hold("makeDirectory");
  world.clock.advance(partitionReopenMs);
  await gate.reached();
  const deleting = world.log.delete();
  gate.release();
  expect(await deleting).toBeNull();
  const left = await world.disk.list("0").catch(() => []);
  expect(left.filter(({ name }) => name.endsWith(".log"))).toEqual([]);
});

test("once they are closed no round begins", async () => {
  const world = new World();
  world.logs.close();
  await world.round();
  expect(world.attempts).toBe(0);
});

test("it follows what it was told meanwhile, and tells of roll-backs", async () => {
  const world = new World();
  expect(await world.log.configure({ ...smallConfig, segmentMs: 5 })).toBeNull();
  await world.round();
  let rolledBack = 0;
  world.log.follow({ visible: () => {}, rolledBack: () => (rolledBack += 1) });
  await acked(world.log, { first: 0 });
  expect(world.log.visibleBytes).toBe(batchOf({ first: 0 }).length);
  world.clock.advance(6);
  await acked(world.log, { first: 1 });
  const names = (await world.disk.list("0")).map(({ name }) => name);
  expect(names.filter((name) => name.endsWith(".log"))).toHaveLength(2);
  world.disk.failNext("append", /\.log$/, "full");
  const refused = world.log.append(batchOf({ first: 2 }));
  expect(refused instanceof Refusal ? refused : await refused.committed).toMatchObject({
    code: "DISK_FULL",
  });
  expect(rolledBack).toBe(1);
  await world.log.close();
});
