import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { seededRandom } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { FilePool } from "../../src/log/file-pool.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import { acked, directory, LogWorld, readAll, smallConfig, unwrap } from "../support/log-world.ts";

const numbers = async (log: Parameters<typeof readAll>[0]): Promise<number[]> =>
  (await readAll(log, 1)).map((one) => one.number);

/** Lets everything that is not kept from it run on. */
const flush = async (turns = 300): Promise<void> => {
  for (let i = 0; i < turns; i++) await Promise.resolve();
};

const filesOf = async (disk: MemoryDisk): Promise<string[]> =>
  (await disk.list(directory)).map(({ name }) => name);

/** Three segments of two batches; the floors are not published yet. */
async function threeSegments(world: LogWorld): Promise<SegmentLog> {
  const log = await world.open();
  for (let i = 0; i < 6; i++) await acked(log, { first: i, valueBytes: 25_000 });
  return log;
}

test("trim up to the visible end while a roll is under way that fails", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 2; i++) await acked(log, { first: i, valueBytes: 25_000 });
  const gate = world.disk.hold("append", /\.log$/);
  world.disk.failNext("append", /\.log$/, "full");
  const rolling = unwrap(log.append(batchOf({ first: 2, valueBytes: 25_000 })));
  await gate.reached();
  expect(await log.trim(log.visibleOffset)).toBe(null);
  gate.release();
  const fate = await Promise.race([rolling.committed, flush(2000).then(() => "never settled")]);
  expect(fate).toBeInstanceOf(Refusal);
});

test("trim up to the visible end while a roll is under way: nothing is sealed too early", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 2; i++) await acked(log, { first: i, valueBytes: 25_000 });
  const gate = world.disk.hold("append", /\.log$/);
  const rolling = unwrap(log.append(batchOf({ first: 2, valueBytes: 25_000 })));
  await gate.reached();
  expect(await log.trim(log.visibleOffset)).toBe(null);
  const published = log.publish();
  await flush();
  const live = await world.view(true);
  const seen = live.visibleOffset;
  expect(Number(seen)).toBeLessThanOrEqual(Number(log.visibleOffset));
  const next = log.append(batchOf({ first: 3 }));
  gate.release();
  await published;
  await rolling.committed;
  await unwrap(next).committed;
});

test("trim while floors are published: what was removed stays removed", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await threeSegments(world);
  const gate = world.disk.hold("sync", /00000000\.log$/);
  const publishing = log.publish();
  await gate.reached();
  const trimming = log.trim(offset(2));
  gate.release();
  await publishing;
  expect(await trimming).toBe(null);
  await log.close();
  const left = (await filesOf(world.disk)).filter((name) =>
    name.startsWith("00000000000000000000."),
  );
  expect(left).toEqual([]);
});

test("trim while a read rebuilds an index of what goes: it stays removed", async () => {
  const world = new LogWorld(new MemoryDisk(), smallConfig, 1);
  const log = await threeSegments(world);
  await log.close();
  await world.disk.remove(`${directory}/00000000000000000000.idx`);
  const again = await world.open(); // rebuilds and seals it
  world.disk.truncateTo(`${directory}/00000000000000000000.timeindex`, 3); // damaged: to be rebuilt
  const gate = world.disk.hold("read", /00000000\.log$/);
  const reading = again.read(offset(1), 1);
  await gate.reached();
  const trimming = again.trim(offset(2));
  gate.release();
  await reading;
  expect(await trimming).toBe(null);
  await flush();
  await again.close();
  const left = (await filesOf(world.disk)).filter((name) =>
    name.startsWith("00000000000000000000."),
  );
  expect(left).toEqual([]);
});

test("two trims at once: the start never goes back, not even at the next start", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 30; i++) await acked(log, { first: i });
  const gate = world.disk.hold("sync", /start\.1\.tmp$/);
  const first = log.trim(offset(10));
  await gate.reached();
  const second = log.trim(offset(20));
  gate.release();
  expect(await first).toBe(null);
  expect(await second).toBe(null);
  expect(Number(log.startOffset)).toBe(20);
  await log.close();
  expect(Number((await world.open()).startOffset)).toBe(20);
});

test("a flush waits for every segment, whatever is trimmed meanwhile", async () => {
  const config = { ...smallConfig, durability: { fsync: "never" } } as const;
  const world = new LogWorld(new MemoryDisk(), config);
  const log = await threeSegments(world);
  const gate = world.disk.hold("sync", /00000000\.log$/);
  const flushing = log.flush();
  await gate.reached();
  await log.trim(offset(2));
  gate.release();
  expect(await flushing).toBe(null);
  const after = new LogWorld(world.disk.crash({ keep: "synced" }), config);
  expect(await numbers(await after.open())).toEqual([2, 3, 4, 5]);
});

test("a trim that could not remove a segment is completed by the next one", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await threeSegments(world);
  world.disk.failNext("remove", /00000000\.log$/, "failed");
  expect(await log.trim(offset(2))).toBeInstanceOf(Refusal);
  expect(await log.trim(offset(2))).toBe(null); // says that it is done
  const left = (await filesOf(world.disk)).filter((name) =>
    name.startsWith("00000000000000000000."),
  );
  expect(left).toEqual([]);
});

test("a trim that a kill interrupted is completed at the next start, and is no loss", async () => {
  for (let stop = 0; stop < 12; stop++) {
    const world = new LogWorld(new MemoryDisk());
    const log = await threeSegments(world);
    await log.publish();
    world.disk.haltAt(world.disk.operations.length + stop);
    void log.trim(offset(4));
    await flush(2000);
    for (let seed = 0; seed < 8; seed++) {
      const how = seed === 0 ? ({ keep: "all" } as const) : { random: seededRandom(seed) };
      const next = new LogWorld(world.disk.clone().crash(how));
      const again = await next.open();
      expect(`${stop} ${seed} ${again.losses.map((one) => one.row).join()}`).toBe(
        `${stop} ${seed} `,
      );
    }
  }
});

test("the open files of all logs are bounded, also when all are used at once", async () => {
  const disk = new MemoryDisk();
  const pool = new FilePool(disk, 4);
  const gate = disk.hold("append");
  const all = Array.from({ length: 40 }, (_, i) =>
    pool.use(`f${i}`, "append", (file) => file.append([new Uint8Array(1)])),
  );
  await flush();
  const open = disk.operations.filter(({ operation }) => operation === "open").length;
  gate.release();
  await Promise.all(all);
  expect(open).toBeLessThanOrEqual(4);
});

test("a failed open forgets its own entry and no other: no descriptor is lost", async () => {
  const disk = new MemoryDisk();
  const pool = new FilePool(disk, 8);
  disk.failNext("open", "a", "exhausted");
  const gate = disk.hold("open", "a");
  const first = pool.use("a", "append", (file) => file.append([new Uint8Array(1)]));
  await gate.reached();
  await Promise.race([pool.close("a"), flush()]); // in use: it goes with its last user
  const second = pool.use("a", "append", (file) => file.append([new Uint8Array(1)]));
  await flush();
  gate.releaseOne();
  await first.catch(() => {});
  gate.release();
  await second;
  await pool.close("a");
  const count = (operation: string) =>
    disk.operations.filter((one) => one.operation === operation).length;
  expect(count("close")).toBe(count("open") - 1); // one open failed
});

test("a deleted log answers reads with what happened to it", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await threeSegments(world);
  expect(await log.delete()).toBe(null);
  const read = await log.read(offset(0), 1);
  expect(read instanceof Refusal ? read.code : `${read.bytes} bytes of records`).toBe(
    "UNKNOWN_TOPIC_OR_PARTITION",
  );
});

test("the same without a cache: no word of damage", async () => {
  const world = new LogWorld(new MemoryDisk(), smallConfig, 1);
  const log = await threeSegments(world);
  expect(await log.delete()).toBe(null);
  const read = await log.read(offset(0), 1);
  expect(read instanceof Refusal ? read.code : `${read.bytes} bytes of records`).toBe(
    "UNKNOWN_TOPIC_OR_PARTITION",
  );
});

test("an index that a deleted log rebuilds is not written over its successor's", async () => {
  const world = new LogWorld(new MemoryDisk(), smallConfig, 1);
  const log = await threeSegments(world);
  await log.close();
  const old = await world.open();
  world.disk.truncateTo(`${directory}/00000000000000000000.timeindex`, 3);
  const gate = world.disk.hold("read", /00000000\.log$/);
  const reading = old.read(offset(1), 1);
  await gate.reached();
  const deleting = old.delete();
  gate.release();
  expect(await deleting).toBe(null);
  await world.disk.makeDirectory(directory);
  const fresh = unwrap(await openSegmentLog(world.environment, directory, smallConfig));
  for (let i = 0; i < 5; i++) await acked(fresh, { first: 100 + i, valueBytes: 12_000 });
  await reading;
  await flush(2000);
  await fresh.close();
  const again = await world.open();
  expect(again.losses).toEqual([]);
  expect(await numbers(again)).toEqual([100, 101, 102, 103, 104]);
});

test("offsetForTime beside a trim finds a record that is there", async () => {
  const world = new LogWorld(new MemoryDisk(), smallConfig, 1);
  const log = await threeSegments(world);
  await log.publish();
  const gate = world.disk.hold("read", /00000000\.log$/);
  const found = log.offsetForTime(1_000_000);
  await gate.reached();
  await log.trim(offset(2));
  gate.release();
  expect(await found).toEqual({ offset: offset(2), timestamp: 1_000_002 });
});
