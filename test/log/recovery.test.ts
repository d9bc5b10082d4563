import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { indexHeaderBytes } from "../../src/log/index-file.ts";
import { decide, recoveryTable, type Found } from "../../src/log/recovery.ts";
import { batchBytesAt, stamp, viewOf } from "../../src/record/batch.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import { acked, directory, LogWorld, range, readAll, smallConfig } from "../support/log-world.ts";

const first = `${directory}/00000000000000000000`;
const whole: Found = { bytes: 100, floor: 100, isDurable: true, goodEnd: 100, damage: null };

const rows: [row: string, found: Found, action: string, isLoss: boolean][] = [
  ["shorter than its floor", { ...whole, bytes: 90, goodEnd: 80 }, "leave", true],
  [
    "damage below the floor",
    { ...whole, goodEnd: 100, damage: { from: 50, followed: true } },
    "leave",
    true,
  ],
  [
    "damage above the floor, good batches behind it",
    { ...whole, floor: 50, damage: { from: 50, followed: true } },
    "leave",
    true,
  ],
  [
    "torn tail above the floor",
    { ...whole, floor: 50, goodEnd: 70, damage: { from: 70, followed: false } },
    "cut",
    false,
  ],
  ["good batches above the floor", { ...whole, floor: 50 }, "sync", false],
  ["ends at a floor that may not be on the device", { ...whole, isDurable: false }, "sync", false],
  ["ends at its floor", whole, "continue", false],
];

test.each(rows)("recovery: %s", (row, found, action, isLoss) => {
  expect(decide(found)).toEqual({ row, action, isLoss } as ReturnType<typeof decide>);
});

test("every row of the recovery table has its test", () => {
  expect(rows.map(([row]) => row)).toEqual(recoveryTable.map((row) => row.row));
});

/** A world whose log holds `count` acknowledged batches of two records, its floor published. */
async function worldWith(count: number): Promise<LogWorld> {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < count; i++) await acked(log, { first: i * 2, count: 2 });
  await log.close();
  return world;
}

async function appendRaw(disk: MemoryDisk, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(`${first}.log`, "append");
  await file.append([bytes]);
  await file.close();
}

test("every prefix of a last, unacknowledged write is cut or kept as a whole", async () => {
  const batch = batchOf({ first: 10, count: 2 });
  stamp(viewOf(batch), 0, offset(10), 0);
  const world = await worldWith(5);
  for (let length = 0; length <= batch.length; length++) {
    const disk = world.disk.clone();
    await appendRaw(disk, batch.subarray(0, length));
    const after = new LogWorld(disk);
    const log = await after.open();
    const kept = length === batch.length ? 12 : 10;
    expect(log.endOffset).toBe(offset(kept));
    expect(log.losses).toEqual([]);
    await acked(log, { first: kept });
    await log.close();
    expect((await readAll(await after.open())).map((one) => one.number)).toEqual(
      range(0, kept + 1),
    );
  }
});

test("what recovery accepted is durable before it is served", async () => {
  const world = await worldWith(5);
  const batch = batchOf({ first: 10, count: 2 });
  stamp(viewOf(batch), 0, offset(10), 0);
  await appendRaw(world.disk, batch);
  const killed = new LogWorld(world.disk.crash({ keep: "all" }));
  expect((await killed.open()).visibleOffset).toBe(offset(12));
  const cut = new LogWorld(killed.disk.crash({ keep: "synced" }));
  expect((await cut.open()).visibleOffset).toBe(offset(12));
});

test("no flipped bit of the log is served, and every other batch is", async () => {
  const world = await worldWith(6);
  const starts = startsIn(await world.disk.readWhole(`${first}.log`));
  for (let byte = 0; byte < (starts.at(-1) ?? 0); byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const disk = world.disk.clone();
      disk.flipBit(`${first}.log`, byte, bit);
      const log = await new LogWorld(disk, smallConfig, 1).open();
      const { numbers, refused } = await readAround(log);
      const damaged = starts.filter((start) => start <= byte).length - 1;
      const good = range(0, 12).filter((n) => Math.floor(n / 2) !== damaged);
      expect({ byte, bit, numbers }).toEqual({ byte, bit, numbers: good });
      expect(refused).toEqual([{ code: "CORRUPT_MESSAGE", resumeAt: damaged * 2 + 2 }]);
      // New records never get an offset that an acknowledged one had.
      expect((await acked(log, { first: 12 })).baseOffset).toBe(offset(12));
    }
  }
});

/** Where each batch begins, and where the last one ends. */
function startsIn(bytes: Uint8Array): number[] {
  const starts = [0];
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length; starts.push(at)) at += batchBytesAt(view, at);
  return starts;
}

/** Reads everything, going on behind damage where the refusal says. */
async function readAround(log: Awaited<ReturnType<LogWorld["open"]>>) {
  const numbers: number[] = [];
  const refused: { code: string; resumeAt: number }[] = [];
  let at = log.startOffset;
  while (at < log.visibleOffset) {
    const from = at;
    const read = await log.read(from, 1);
    if (read instanceof Refusal) {
      refused.push({ code: read.code, resumeAt: Number(read.resumeAt) });
      if (read.resumeAt === undefined) throw new Error(read.message);
      at = read.resumeAt;
      continue;
    }
    const one = { startOffset: from, visibleOffset: read.nextOffset, read: () => read };
    numbers.push(...(await readAll(one)).map((record) => record.number));
    at = read.nextOffset;
  }
  return { numbers, refused };
}

test("no flipped bit and no truncation of an index file loses or changes a record", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 40; i++) await acked(log, { first: i, valueBytes: 3000 });
  await log.close();
  const entries = await world.disk.list(directory);
  const indexes = entries.filter((entry) => !entry.name.endsWith(".log"));
  for (const entry of indexes) {
    const path = `${directory}/${entry.name}`;
    for (let byte = 0; byte < entry.bytes; byte++) {
      const flipped = world.disk.clone();
      flipped.flipBit(path, byte, byte % 8);
      await expectWhole(flipped, 40);
      const shortened = world.disk.clone();
      shortened.truncateTo(path, byte);
      await expectWhole(shortened, 40);
    }
    const without = world.disk.clone();
    await without.remove(path);
    await expectWhole(without, 40);
  }
});

async function expectWhole(disk: MemoryDisk, count: number): Promise<void> {
  const log = await new LogWorld(disk, smallConfig, 1).open();
  expect(log.losses).toEqual([]);
  expect((await readAll(log, 10_000)).map((record) => record.number)).toEqual(range(0, count));
  expect(await log.offsetForTime(1_000_000 + 33)).toEqual({
    offset: offset(33),
    timestamp: 1_000_033,
  });
}

test("a log that lost its tail says so, and never gives those offsets again", async () => {
  const world = await worldWith(6);
  const starts = startsIn(await world.disk.readWhole(`${first}.log`));
  for (let length = 0; length < (starts.at(-1) ?? 0); length += 7) {
    const disk = world.disk.clone();
    disk.truncateTo(`${first}.log`, length);
    const log = await new LogWorld(disk, smallConfig, 1).open();
    const kept = (starts.filter((start) => start <= length).length - 1) * 2;
    expect(log.losses.map((loss) => [Number(loss.fromOffset), Number(loss.toOffset)])).toEqual([
      [kept, 12],
    ]);
    expect((await acked(log, { first: 12 })).baseOffset).toBe(offset(12));
    expect((await readAround(log)).numbers).toEqual([...range(0, kept), 12]);
  }
});

test("damage in the middle and a tail that is gone are both reported", async () => {
  const world = await worldWith(6);
  const starts = startsIn(await world.disk.readWhole(`${first}.log`));
  world.disk.truncateTo(`${first}.log`, starts[4] ?? 0);
  world.disk.flipBit(`${first}.log`, (starts[1] ?? 0) + 40, 3);
  const log = await world.open();
  const lost = log.losses.map((loss) => [Number(loss.fromOffset), Number(loss.toOffset)]);
  expect(lost).toEqual([
    [2, 4],
    [8, 12],
  ]);
});

test("what an interrupted whole-file write left behind is removed, and nothing else", async () => {
  const world = await worldWith(3);
  await world.disk.writeWhole(`${directory}/start.7.tmp`, new Uint8Array(5));
  await world.disk.writeWhole(`${directory}/notes.txt`, new Uint8Array(5));
  await (await world.open()).close();
  const names = (await world.disk.list(directory)).map(({ name }) => name);
  expect(names).not.toContain("start.7.tmp");
  expect(names).toContain("notes.txt");
});

test("a log file that vanished is reported, not begun anew", async () => {
  const world = await worldWith(6);
  await world.disk.remove(`${first}.log`);
  const log = await world.open();
  expect(log.losses.length).toBe(1);
  expect(log.endOffset).toBe(offset(12));
});

test("a segment missing in the middle is reported, the others are read", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let i = 0; i < 100; i++) await acked(log, { first: i, valueBytes: 3000 });
  const [, second, third] = log.segments.map((segment) => segment.base);
  await log.close();
  for (const suffix of ["log", "idx", "timeindex"]) {
    await world.disk.remove(`${directory}/${String(second).padStart(20, "0")}.${suffix}`);
  }
  const again = await world.open();
  expect(again.losses).toMatchObject([{ fromOffset: second, toOffset: third }]);
  const expected = [...range(0, Number(second)), ...range(Number(third), 100)];
  const { numbers, refused } = await readAround(again);
  expect(numbers).toEqual(expected);
  expect(refused).toEqual([{ code: "CORRUPT_MESSAGE", resumeAt: Number(third) }]);
});

/** What a start does with the disk, file names without their offsets. */
async function startOf(world: LogWorld): Promise<string[]> {
  const begun = world.disk.operations.length;
  await world.open();
  const made = world.disk.operations.slice(begun).filter(({ operation }) => {
    return operation !== "makeDirectory" && operation !== "syncDirectory";
  });
  return made.map(({ operation, path }) => `${operation} ${path.slice(directory.length)}`);
}

test("a start needs of an empty log its listing, of an idle one an index, a look at each", async () => {
  const world = new LogWorld(new MemoryDisk());
  expect(await startOf(world)).toEqual(["list "]);
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.close();
  const index = "readWhole /00000000000000000000.idx";
  expect(await startOf(world)).toEqual(["list ", index]);

  const grown = await world.open();
  for (let i = 1; i < 4; i++) await acked(grown, { first: i, valueBytes: 5000 });
  await grown.close();
  const times = "readWhole /00000000000000000000.timeindex";
  expect(await startOf(world)).toEqual(["list ", index, times]);
});

test("a start reads nothing of a log that ends at its floor", async () => {
  const world = await worldWith(3);
  const begun = world.disk.operations.length;
  const log = await world.open();
  const touched = world.disk.operations.slice(begun).map(({ path }) => path);
  expect(touched).toContain(`${first}.idx`);
  expect(touched).not.toContain(`${first}.log`);
  expect(await readAll(log)).toHaveLength(6);
});

test("what rotted below the floor is found by whoever reads it; what follows it is served", async () => {
  const world = await worldWith(3);
  const { disk } = world;
  disk.flipBit(`${first}.log`, (await disk.readWhole(`${first}.log`)).length - 1, 0);
  const log = await world.open();
  expect((await acked(log, { first: 6, count: 2 })).baseOffset).toBe(offset(6));
  await log.close();
  const reopened = await world.open();
  const refused = await reopened.read(offset(4), 1_000_000);
  expect(refused).toMatchObject({ code: "CORRUPT_MESSAGE", resumeAt: offset(6) });
  expect(await reopened.read(offset(6), 1_000_000)).toMatchObject({ nextOffset: offset(8) });
});

test("entries that an index has lost to a power cut are made anew at the next start", async () => {
  const config = { ...smallConfig, segmentBytes: 64 * 1024 * 1024 };
  const world = new LogWorld(new MemoryDisk(), config, 1);
  const log = await world.open();
  for (const at of range(0, 24)) await acked(log, { first: at, valueBytes: 100_000 });
  await log.close();
  world.disk.truncateTo(`${first}.idx`, indexHeaderBytes);
  const again = await world.open();
  await acked(again, { first: 24 });
  await again.close();
  const last = await world.open();
  const begun = world.disk.operations.length;
  expect(await last.read(offset(23), 1)).toMatchObject({ nextOffset: offset(24) });
  const reads = world.disk.operations.slice(begun).filter(({ operation }) => operation === "read");
  expect(reads.length).toBeLessThan(5);
});
