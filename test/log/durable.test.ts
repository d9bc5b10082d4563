import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { seededRandom } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { decodeIndexHeader } from "../../src/log/index-file.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import { acked, directory, LogWorld, readAll, smallConfig, unwrap } from "../support/log-world.ts";

const numbers = async (log: Parameters<typeof readAll>[0]): Promise<number[]> =>
  (await readAll(log, 1)).map((one) => one.number);

/** Lets everything that is not kept from it run on. */
const flush = async (turns = 300): Promise<void> => {
  for (let i = 0; i < turns; i++) await Promise.resolve();
};

test("a failed roll, then a small batch: nothing acknowledged is lost at restart", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 6; i++) await acked(log, { first: i, valueBytes: 10_000 });
  // Does not fit the 64 KiB segment: a new one is begun, and the disk has no room for it.
  world.disk.failNext("append", /\.log$/, "full");
  const refused = await unwrap(log.append(batchOf({ first: 6, valueBytes: 10_000 }))).committed;
  expect(refused?.code).toBe("DISK_FULL");
  // Room again. A small one fits the old segment.
  await acked(log, { first: 7 });
  await acked(log, { first: 8 });
  await log.close();
  const again = await world.open();
  expect(await numbers(again)).toEqual([0, 1, 2, 3, 4, 5, 7, 8]);
  expect(again.losses).toEqual([]);
});

test("the same: no offset is given twice", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 6; i++) await acked(log, { first: i, valueBytes: 10_000 });
  world.disk.failNext("append", /\.log$/, "full");
  await unwrap(log.append(batchOf({ first: 6, valueBytes: 10_000 }))).committed;
  const seven = await acked(log, { first: 7 });
  await log.close();
  const again = await world.open();
  const next = await acked(again, { first: 100 });
  expect(next.baseOffset).toBeGreaterThan(seven.baseOffset);
});

test("the same with a later segment behind: the records in between are read", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 6; i++) await acked(log, { first: i, valueBytes: 10_000 });
  world.disk.failNext("append", /\.log$/, "full");
  await unwrap(log.append(batchOf({ first: 6, valueBytes: 10_000 }))).committed;
  await acked(log, { first: 7 });
  await acked(log, { first: 8, valueBytes: 20_000 });
  await log.close();
  const again = await world.open();
  expect(await numbers(again)).toEqual([0, 1, 2, 3, 4, 5, 7, 8]);
  expect(again.losses).toEqual([]);
});

test("killed between making a file and syncing its directory, restarted, power cut", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  // Killed after open(O_CREAT), before one byte is written.
  world.disk.haltAt(world.disk.operations.length);
  log.append(batchOf({ first: 0 }));
  await flush();
  const second = new LogWorld(world.disk.crash({ keep: "all" }));
  const files = (await second.disk.list(directory)).map(({ name, bytes }) => [name, bytes]);
  expect(files).toEqual([["00000000000000000000.log", 0]]);
  const restarted = await second.open();
  await acked(restarted, { first: 1 });
  const third = new LogWorld(second.disk.crash({ keep: "synced" }));
  expect(await numbers(await third.open())).toEqual([1]);
});

test("fsync=interval: a segment that was begun within the interval is synced in time", async () => {
  const config = { ...smallConfig, durability: { fsync: "interval", intervalMs: 100 } } as const;
  const world = new LogWorld(new MemoryDisk(), config);
  const log = await world.open();
  await acked(log, { first: 0, valueBytes: 40_000 });
  world.clock.advance(50);
  await flush();
  await acked(log, { first: 1, valueBytes: 40_000 }); // rolls
  for (let i = 0; i < 100; i++) {
    world.clock.advance(100); // ten seconds: a hundred intervals
    await flush();
  }
  const after = new LogWorld(world.disk.crash({ keep: "synced" }), config);
  expect(await numbers(await after.open())).toEqual([0, 1]);
});

test("fsync=interval: killed and restarted, all is on the device an interval later", async () => {
  const config = { ...smallConfig, durability: { fsync: "interval", intervalMs: 100 } } as const;
  const world = new LogWorld(new MemoryDisk(), config);
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.flush();
  await acked(log, { first: 1 });
  world.clock.advance(20); // the floor is published, the interval not over
  await flush();
  const second = new LogWorld(world.disk.crash({ keep: "all" }), config);
  const restarted = await second.open();
  expect(await numbers(restarted)).toEqual([0, 1]); // served
  for (let i = 0; i < 100; i++) {
    second.clock.advance(100);
    await flush();
  }
  const third = new LogWorld(second.disk.crash({ keep: "synced" }), config);
  expect(await numbers(await third.open())).toEqual([0, 1]);
});

test("a segment that recovery seals is durable (FORMAT: all of this one is durable)", async () => {
  const config = { ...smallConfig, durability: { fsync: "never" } } as const;
  const world = new LogWorld(new MemoryDisk(), config);
  const log = await world.open();
  await acked(log, { first: 0, valueBytes: 40_000 });
  await acked(log, { first: 1, valueBytes: 40_000 });
  const second = new LogWorld(world.disk.crash({ keep: "all" }), config);
  const restarted = await second.open();
  expect(await numbers(restarted)).toEqual([0, 1]);
  expect(restarted.segments[0]?.sealed).toBe(true);
  const third = new LogWorld(second.disk.crash({ keep: "synced" }), config);
  const last = await third.open();
  expect(last.losses).toEqual([]);
  expect(await numbers(last)).toContain(0);
});

test("fsync=interval: nothing is acknowledged after a sync of that file has failed", async () => {
  const config = { ...smallConfig, durability: { fsync: "interval", intervalMs: 100 } } as const;
  const world = new LogWorld(new MemoryDisk(), config);
  const log = await world.open();
  await acked(log, { first: 0 });
  const gate = world.disk.hold("append", /\.log$/);
  const under = unwrap(log.append(batchOf({ first: 1 })));
  await gate.reached();
  world.disk.failNext("sync", /\.log$/, "failed");
  world.clock.advance(100);
  await flush();
  expect(log.append(batchOf({ first: 2 }))).toBeInstanceOf(Refusal); // sealed
  gate.release();
  expect((await under.committed)?.code).toBe("KAFKA_STORAGE_ERROR");
});

test("too many open files for a moment: refused, and goes on when they are closed", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  await world.environment.files.close(`${directory}/`); // evicted by 2,048 busier files
  const back = world.disk.failNext("open", /\.log$/, "exhausted", { forever: true });
  const refused = await unwrap(log.append(batchOf({ first: 1 }))).committed;
  expect(refused).not.toBe(null);
  back();
  await acked(log, { first: 2 });
  expect(await numbers(log)).toEqual([0, 2]);
});

test("and when it is the new segment's directory that can't be opened to be synced", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  const back = world.disk.failNext("syncDirectory", directory, "exhausted", { forever: true });
  const refused = await unwrap(log.append(batchOf({ first: 0 }))).committed;
  expect(refused).not.toBe(null);
  back();
  await acked(log, { first: 1 });
  expect(await numbers(log)).toEqual([1]);
  const after = new LogWorld(world.disk.crash({ keep: "synced" }));
  expect(await numbers(await after.open())).toEqual([1]);
});

test("a start offset ahead of a log that lost its tail hides no new record", async () => {
  const config = { ...smallConfig, durability: { fsync: "never" } } as const;
  const world = new LogWorld(new MemoryDisk(), config);
  const log = await world.open();
  for (let i = 0; i < 10; i++) await acked(log, { first: i });
  expect(await log.trim(offset(10))).toBe(null);
  const second = new LogWorld(world.disk.crash({ keep: "synced" }));
  const restarted = await second.open();
  const one = await acked(restarted, { first: 100 }); // fsync=always now
  expect(one.baseOffset).toBeGreaterThanOrEqual(10);
  await restarted.close();
  expect(await numbers(await second.open())).toEqual([100]);
});

test("a refused record (NACK: nothing was stored) is not there after a power cut", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  const gate = world.disk.hold("append", /\.log$/);
  const first = log.append(batchOf({ first: 1 }));
  await gate.reached();
  gate.release();
  await (first as { committed: Promise<unknown> }).committed;
  // The data gets to the device, the next part of the group does not fit.
  world.disk.failNext("append", /\.log$/, "full", { partialBytes: batchOf({ first: 2 }).length });
  const refused = await unwrap(log.append(batchOf({ first: 2 }))).committed;
  expect(refused?.message).toContain("nothing was stored");
  let seen = 0;
  for (let seed = 1; seed < 30; seed++) {
    const again = new LogWorld(world.disk.clone().crash({ random: seededRandom(seed) }));
    if ((await numbers(await again.open())).includes(2)) seen++;
  }
  expect(seen).toBe(0);
});

test("a refused batch never takes the offset of an acknowledged one: a roll, a power cut", async () => {
  const bad: string[] = [];
  for (let seed = 1; seed < 60; seed++) {
    const world = new LogWorld(new MemoryDisk());
    const log = await world.open();
    for (let i = 0; i < 5; i++) await acked(log, { first: i, valueBytes: 10_000 });
    const small = batchOf({ first: 500 });
    world.disk.failNext("append", /\.log$/, "full", { partialBytes: small.length });
    const refused = await unwrap(log.append(small)).committed;
    expect(refused?.code).toBe("DISK_FULL");
    await acked(log, { first: 5, valueBytes: 20_000 }); // does not fit: a new segment
    const after = new LogWorld(world.disk.crash({ random: seededRandom(seed) }));
    const again = await after.open();
    for (const budget of [1, 100_000]) {
      const found = (await readAll(again, budget)).map(({ number }) => number);
      if (found.join() !== "0,1,2,3,4,5")
        bad.push(`seed ${seed} budget ${budget}: ${found.join()}`);
    }
    if (again.losses.length > 0)
      bad.push(`seed ${seed}: ${again.losses.map(({ row }) => row).join()}`);
  }
  expect(bad.slice(0, 6)).toEqual([]);
});

test("nothing is acknowledged into a file that was removed, or is shorter than it was", async () => {
  const changes: ((disk: MemoryDisk, path: string) => Promise<void> | void)[] = [
    (disk, path) => disk.remove(path),
    (disk, path) => disk.truncateTo(path, 10),
  ];
  for (const change of changes) {
    const world = new LogWorld(new MemoryDisk());
    const log = await world.open();
    await acked(log, { first: 0 });
    await world.environment.files.close(`${directory}/`);
    await change(world.disk, `${directory}/00000000000000000000.log`);
    const refusal = await unwrap(log.append(batchOf({ first: 1 }))).committed;
    expect(refusal?.code).toBe("KAFKA_STORAGE_ERROR");
  }
});

test("a directory sync that failed is not tried again and then believed", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  world.disk.failNext("syncDirectory", directory, "full");
  expect(await unwrap(log.append(batchOf({ first: 0 }))).committed).not.toBe(null);
  const one = log.append(batchOf({ first: 1 }));
  const fate = one instanceof Refusal ? one : await one.committed;
  const after = new LogWorld(world.disk.crash({ keep: "synced" }));
  if (fate === null) expect(await numbers(await after.open())).toEqual([1]);
});

test("fsync=interval over two rolls without indexes: every segment is synced in time", async () => {
  const config = { ...smallConfig, durability: { fsync: "interval", intervalMs: 100 } } as const;
  const world = new LogWorld(new MemoryDisk(), config);
  const log = await world.open();
  world.disk.failNext("writeAt", /(idx|timeindex)$/, "full", { forever: true });
  for (let i = 0; i < 4; i++) await acked(log, { first: i, valueBytes: 40_000 });
  for (let i = 0; i < 20; i++) {
    world.clock.advance(100);
    await flush();
  }
  const after = new LogWorld(world.disk.crash({ keep: "synced" }), config);
  expect(await numbers(await after.open())).toEqual([0, 1, 2, 3]);
});

const unsynced = { ...smallConfig, durability: { fsync: "never" } } as const;

async function isFloorDurable({ disk }: LogWorld): Promise<boolean | undefined> {
  const index = await disk.readWhole(`${directory}/00000000000000000000.idx`);
  return decodeIndexHeader(index, offset(0))?.durable;
}

test("a log whose last sync fails does not say that it was durable", async () => {
  for (const end of ["close", "configure"] as const) {
    const world = new LogWorld(new MemoryDisk(), unsynced);
    const log = await world.open();
    await acked(log, { first: 0 });
    world.disk.failNext("sync", /\.log$/, "failed");
    if (end === "configure") await log.configure(smallConfig);
    await log.close();
    expect({ end, isDurable: await isFloorDurable(world) }).toEqual({ end, isDurable: false });
  }
});

test("nor does a floor that is written while the last sync is under way", async () => {
  const world = new LogWorld(new MemoryDisk(), unsynced);
  const log = await world.open();
  await acked(log, { first: 0 });
  const gate = world.disk.hold("sync", /\.log$/);
  const closed = log.close();
  await gate.reached();
  await log.publish();
  expect(await isFloorDurable(world)).toBe(false);
  gate.release();
  await closed;
  expect(await isFloorDurable(world)).toBe(true);
});
