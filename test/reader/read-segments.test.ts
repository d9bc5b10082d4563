import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { seal, viewOf } from "../../src/record/batch.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import { acked, directory, LogWorld, range, unwrap } from "../support/log-world.ts";
import { keys, readItems, storyOf } from "../support/reading.ts";

const first = `${directory}/00000000000000000000`;

/** A closed log of batches of two records each, in several segments if they are large. */
async function worldOf(batches: number, valueBytes = 10): Promise<LogWorld> {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < batches; i++) await acked(log, { first: i * 2, count: 2, valueBytes });
  await log.close();
  return world;
}

test("records of all segments come in order, each batch by itself with its place", async () => {
  const { disk } = await worldOf(60, 3000);
  const items = await readItems(disk);
  expect(storyOf(items)).toEqual(keys(0, 120));
  expect(items.length).toBe(60);
  expect(items[0]).toMatchObject({
    found: { topic: "orders", partition: 0 },
    batch: { path: `${first}.log`, position: 0 },
  });
  const paths = new Set(items.map((item) => (item.kind === "records" ? item.batch?.path : "")));
  expect(paths.size).toBeGreaterThan(3);
});

test("offsets are chosen exactly, from wherever the index points", async () => {
  const { disk } = await worldOf(60, 3000);
  for (const [from, to] of [
    [0, 1],
    [31, 32],
    [33, 90],
    [119, 500],
    [120, 121],
  ] as const) {
    const story = storyOf(await readItems(disk, { selection: { fromOffset: from, toOffset: to } }));
    expect(story).toEqual(keys(from, Math.max(from, Math.min(to, 120))));
  }
});

test("little is read for records at the end", async () => {
  const { disk } = await worldOf(300, 100);
  const before = disk.operations.length;
  expect(storyOf(await readItems(disk, { selection: { last: 3 } }))).toEqual(keys(597, 600));
  const reads = disk.operations.slice(before).filter((one) => one.operation === "read");
  expect(reads.length).toBeLessThan(12);
});

test("times and keys are chosen record by record, though times run backwards", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  const times = [500, 100, 300, 200, 400];
  for (const [n, timestamp] of times.entries()) await acked(log, { first: n, timestamp });
  await log.close();
  const select = async (selection: object): Promise<string[]> =>
    storyOf(await readItems(world.disk, { selection }));
  expect(await select({ fromTime: 300 })).toEqual(["k0", "k2", "k4"]);
  expect(await select({ fromTime: 200, toTime: 400 })).toEqual(["k2", "k3"]);
  expect(await select({ key: new TextEncoder().encode("k3") })).toEqual(["k3"]);
  expect(await select({ keyPrefix: new TextEncoder().encode("k") })).toEqual(keys(0, 5));
});

test("compressed batches are opened", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (const compression of ["gzip", "snappy", "lz4", "zstd"] as const) {
    await acked(log, { first: log.endOffset, count: 50, valueBytes: 100, compression });
  }
  await log.close();
  expect(storyOf(await readItems(world.disk))).toEqual(keys(0, 200));
});

test("damage is told in its place, with its bytes and offsets, and reading goes on", async () => {
  const { disk } = await worldOf(5);
  const size = (await disk.readWhole(`${first}.log`)).length / 5;
  disk.flipBit(`${first}.log`, size * 2 + 70, 3);
  const items = await readItems(disk);
  expect(storyOf(items)).toEqual([...keys(0, 4), "crc[4,6)", ...keys(6, 10)]);
  expect(items.find((item) => item.kind === "damage")).toMatchObject({
    damage: { path: `${first}.log`, fromPosition: size * 2, toPosition: size * 3 },
  });
  const from = (fromOffset: number) => readItems(disk, { selection: { fromOffset } });
  expect(storyOf(await from(5))).toEqual(["crc[5,6)", ...keys(6, 10)]);
  expect(storyOf(await from(6))).toEqual(keys(6, 10));
});

test("a log that is shorter than what was acknowledged ends with what is missing", async () => {
  const { disk } = await worldOf(5);
  const size = (await disk.readWhole(`${first}.log`)).length / 5;
  const at = async (bytes: number): Promise<string[]> => {
    const cut = disk.clone();
    cut.truncateTo(`${first}.log`, bytes);
    return storyOf(await readItems(cut));
  };
  expect(await at(size * 3)).toEqual([...keys(0, 6), "missing[6,10)"]);
  expect(await at(size * 3 + 10)).toEqual([...keys(0, 6), "truncated[6,10)"]);
  expect(await at(0)).toEqual(["missing[0,10)"]);
});

test("a segment whose log is gone is missing, and the others are read", async () => {
  const { disk } = await worldOf(60, 3000);
  const names = (await disk.list(directory)).filter(({ name }) => name.endsWith(".log"));
  const [, second, third] = names.map(({ name }) => Number(name.slice(0, 20)));
  if (second === undefined || third === undefined) throw new Error("too few segments");
  await disk.remove(`${directory}/${names[1]?.name}`);
  const story = storyOf(await readItems(disk));
  const missing = `missing[${second},${third})`;
  expect(story).toEqual([...keys(0, second), missing, ...keys(third, 120)]);
  await disk.remove(`${directory}/${String(second).padStart(20, "0")}.idx`);
  expect(storyOf(await readItems(disk))).toEqual(story);
});

test("an index that points astray costs time, not records", async () => {
  const { disk } = await worldOf(60, 3000);
  for (const { name, bytes } of await disk.list(directory)) {
    if (!name.endsWith(".idx")) continue;
    for (let at = 48; at < bytes; at += 12) disk.flipBit(`${directory}/${name}`, at + 7, 2);
  }
  const story = storyOf(await readItems(disk, { selection: { fromOffset: 77 } }));
  expect(story).toEqual(keys(77, 120));
});

test("a sound batch whose records make no sense is damage of its own kind", async () => {
  const { disk } = await worldOf(3);
  const bytes = await disk.readWhole(`${first}.log`);
  const size = bytes.length / 3;
  bytes[size + 61] = 0x7f;
  seal(bytes, viewOf(bytes), size);
  await disk.writeWhole(`${first}.log`, bytes);
  expect(storyOf(await readItems(disk))).toEqual([...keys(0, 2), "records[2,4)", ...keys(4, 6)]);
});

test("control batches are shown without records, unless records are chosen by content", async () => {
  const { disk } = await worldOf(2);
  const bytes = await disk.readWhole(`${first}.log`);
  bytes[22] = (bytes[22] ?? 0) | 0x20;
  seal(bytes, viewOf(bytes), 0);
  await disk.writeWhole(`${first}.log`, bytes);
  const items = await readItems(disk);
  expect(items[0]).toMatchObject({ kind: "records", records: [] });
  expect(storyOf(items)).toEqual(keys(2, 4));
  const chosen = await readItems(disk, { selection: { fromTime: 0 } });
  expect(chosen.length).toBe(1);
});

test("a read that fails stops this partition, and says how far it came", async () => {
  const { disk } = await worldOf(60, 3000);
  disk.failNext("read", /0000[1-9]\d\.log$/, "failed");
  const story = storyOf(await readItems(disk));
  expect(story.at(-1)).toBe("stopped KAFKA_STORAGE_ERROR");
  expect(story.slice(0, -1)).toEqual(keys(0, story.length - 1));
});

test("a segment that is trimmed while it is to be read was deleted, not lost", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (const n of range(0, 60)) await acked(log, { first: n, valueBytes: 3000 });
  await log.publish();
  const { disk } = world;
  const gate = disk.hold("open", /0{20}\.log$/);
  const reading = readItems(disk, { isLive: () => true });
  await gate.reached();
  expect(await log.trim(offset(50))).toBeNull();
  gate.release();
  // The first file was open already and is read to its end; the next ones are gone.
  const story = storyOf(await reading);
  const trimmed = story.filter((word) => word.startsWith("trimmed"));
  expect(trimmed.length).toBeGreaterThan(0);
  expect(story.filter((word) => word.startsWith("missing"))).toEqual([]);
  expect(story.at(-1)).toBe("k59");
  await log.close();
});

test("what nobody acknowledged is not read from a live directory", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.publish();
  const gate = world.disk.hold("append");
  const { committed } = unwrap(log.append(batchOf({ first: 1 })));
  await gate.reached();
  expect(storyOf(await readItems(world.disk, { isLive: () => true }))).toEqual(["k0"]);
  gate.release();
  await committed;
  await log.close();
});
