import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { LogView } from "../../src/log/view.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf, recordsIn } from "../support/batches.ts";
import {
  acked,
  directory,
  LogWorld,
  range,
  readAll,
  smallConfig,
  unwrap,
} from "../support/log-world.ts";

const numbers = async (view: Parameters<typeof readAll>[0]): Promise<number[]> =>
  (await readAll(view, 10_000)).map((record) => record.number);

test("a reader of a live directory sees what was published, and no more", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 10; i++) await acked(log, { first: i });
  const view = await world.view(true);
  expect(await numbers(view)).toEqual([]);
  await log.publish();
  unwrap(await view.refresh());
  expect(await numbers(view)).toEqual(range(0, 10));
  const gate = world.disk.hold("append");
  const { committed } = unwrap(log.append(batchOf({ first: 10 })));
  await gate.reached();
  unwrap(await view.refresh());
  expect(view.visibleOffset).toBe(offset(10));
  gate.release();
  await committed;
  await log.close();
});

test("a reader follows a live log over the ends of its segments without a gap", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  const view = await world.view(true);
  const seen: number[] = [];
  for (let i = 0; i < 200; i++) {
    await acked(log, { first: i, valueBytes: 3000 });
    if (i % 7 !== 0) continue;
    if (i % 2 === 0) await log.publish();
    unwrap(await view.refresh());
    const from = offset(seen.length);
    const rest = { startOffset: from, visibleOffset: view.visibleOffset };
    const read = (at: typeof from, bytesMax: number) => view.read(at, bytesMax);
    seen.push(...(await numbers({ ...rest, read })));
    expect(seen).toEqual(range(0, seen.length));
  }
  expect(seen.length).toBeGreaterThan(150);
  await log.close();
});

test("a floor is published soon after it moved, by itself", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  const gate = world.disk.hold("writeAt", /idx$/);
  world.clock.advance(10);
  await gate.reached();
  gate.release();
  await log.publish();
  expect(await numbers(await world.view(true))).toEqual([0]);
  await log.close();
});

test("a floor that is still due when the log closes is not written afterwards", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.close();
  const before = world.disk.operations.length;
  world.clock.advance(100);
  await log.publish();
  expect(world.disk.operations.slice(before)).toEqual([]);
});

test("in a directory that nobody writes every good batch is seen, published or not", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 40; i++) await acked(log, { first: i, valueBytes: 3000 });
  const killed = new LogWorld(world.disk.crash({ keep: "all" }));
  expect(await numbers(await killed.view())).toEqual(range(0, 40));
});

test("a reader writes nothing, whatever is missing", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 60; i++) await acked(log, { first: i, valueBytes: 3000 });
  await log.close();
  for (const entry of await world.disk.list("topics/orders/0")) {
    if (!entry.name.endsWith(".log")) await world.disk.remove(`topics/orders/0/${entry.name}`);
  }
  const before = world.disk.operations.length;
  expect(await numbers(await world.view())).toEqual(range(0, 60));
  const writes = world.disk.operations
    .slice(before)
    .filter(
      (one) =>
        !["list", "open", "read", "readWhole", "map", "size", "close"].includes(one.operation),
    );
  expect(writes).toEqual([]);
});

test("a reader sees that the start has moved and old segments are gone", async () => {
  const world = new LogWorld(new MemoryDisk(), smallConfig);
  const log = await world.open();
  for (let i = 0; i < 60; i++) await acked(log, { first: i, valueBytes: 3000 });
  await log.publish();
  const view = await world.view(true);
  expect(await log.trim(offset(50))).toBeNull();
  unwrap(await view.refresh());
  expect(await numbers(view)).toEqual(range(50, 60));
  await log.close();
});

test("a deleted partition is an unknown one", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  const view = await world.view(true);
  await log.delete();
  expect(await view.refresh()).toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
});

test("a broker that starts while a reader looks hides again what it has not acknowledged", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.publish();
  await acked(log, { first: 1 });
  const answers = [false, true];
  const isLive = (): boolean => answers.shift() ?? true;
  const view = new LogView(world.newEnvironment(true), directory, isLive);
  unwrap(await view.refresh());
  expect(await numbers(view)).toEqual([0]);
  await log.publish();
  unwrap(await view.refresh());
  expect(await numbers(view)).toEqual([0, 1]);
  await log.close();
});

test("a reader of a log that is shorter than its floor is told what is missing", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 4; i++) await acked(log, { first: i });
  await log.close();
  const path = `${directory}/00000000000000000000.log`;
  const { disk } = world;
  disk.truncateTo(path, (await disk.readWhole(path)).length / 2);
  const view = await world.view();
  expect(view.visibleOffset).toBe(offset(4));
  expect(await view.read(offset(2), 1000)).toMatchObject({
    code: "CORRUPT_MESSAGE",
    resumeAt: offset(4),
  });
});

test("a log that is deleted and made again is another generation, read from its own files", async () => {
  for (const isLive of [true, false]) {
    const world = new LogWorld(new MemoryDisk());
    const log = await world.open();
    for (let i = 0; i < 3; i++) await acked(log, { first: i });
    await log.publish();
    const view = await world.view(isLive);
    expect(await numbers(view)).toEqual(range(0, 3));
    expect(view.generation).toBe(0);
    await log.delete();
    world.clock.advance(1);
    const again = await world.open();
    for (let i = 0; i < 9; i++) await acked(again, { first: 100 + i });
    await again.publish();
    unwrap(await view.refresh());
    expect(view.generation).toBe(1);
    expect(await numbers(view)).toEqual(range(100, 109));
    unwrap(await view.refresh());
    expect(view.generation).toBe(1);
    await again.close();
  }
});

test("index entries of records that the disk lost lead no reader astray", async () => {
  const world = new LogWorld(new MemoryDisk());
  const path = `${directory}/00000000000000000000`;
  const { disk } = world;
  const log = await world.open();
  for (let i = 0; i < 4; i++) await acked(log, { first: i, valueBytes: 4500 });
  await log.publish();
  const floor = (await disk.readWhole(`${path}.idx`)).subarray(0, 48);
  const { length } = await disk.readWhole(`${path}.log`);
  for (let i = 4; i < 12; i++) await acked(log, { first: i, valueBytes: 4500 });
  await log.publish();
  // As a power cut may leave it: entries of a later floor than the header tells of.
  const entries = (await disk.readWhole(`${path}.idx`)).subarray(48);
  const after = new LogWorld(disk.crash({ keep: "all" }));
  await after.disk.writeWhole(`${path}.idx`, Buffer.concat([floor, entries]));
  after.disk.truncateTo(`${path}.log`, length);
  const again = await after.open();
  for (let first = 4; first < 30; first += 5) {
    await acked(again, { first, count: 5, valueBytes: 1200 });
    await again.publish();
    const view = await after.view(true);
    for (let from = 0; from < first + 5; from++) {
      const read = unwrap(await view.read(offset(from), 1));
      const [record] = recordsIn(read.chunks).filter((one) => one.offset === from);
      expect(record?.number).toBe(from);
    }
  }
  await again.close();
});

test("a sealed index that a reader has mapped is not written again, though its log is damaged", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 60; i++) await acked(log, { first: i, valueBytes: 3000 });
  await log.close();
  const { disk } = world;
  disk.truncateTo(`${directory}/00000000000000000000.log`, 10_000);
  const view = await world.view();
  expect(await view.read(offset(0), 1)).toMatchObject({ nextOffset: offset(1) });
  const again = await world.open();
  expect(again.losses.length).toBe(1);
  expect(again.segments[0]?.sealed).toBeTrue();
  await again.close();
});

test("an offset that rotted behind a damaged batch moves the end for nobody", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let first = 0; first < 6; first++) await acked(log, { first });
  await log.close();
  const path = `${directory}/00000000000000000000.log`;
  const size = (await world.disk.readWhole(path)).length / 6;
  world.disk.flipBit(path, 4 * size + 70, 0);
  // A base offset lies outside the checksum: it is 2^24 more now.
  world.disk.flipBit(path, 5 * size + 4, 0);
  const view = await world.view();
  expect(view.visibleOffset).toBe(offset(6));
  expect(await view.read(offset(4), 1000)).toMatchObject({ resumeAt: offset(6) });
  expect((await world.open()).visibleOffset).toBe(offset(6));
});

test("an index without a log that speaks of no records is not where the log ends", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let first = 0; first < 3; first++) await acked(log, { first });
  await log.close();
  await world.disk.writeWhole(`${directory}/00000000000000000003.idx`, new Uint8Array(48));
  const again = await world.open();
  expect((await acked(again, { first: 3 })).baseOffset).toBe(offset(3));
  await again.close();
  expect((await world.view()).visibleOffset).toBe(offset(4));
});
