import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { bytesToVerify, verifyPartition, worstOf } from "../../src/reader/verify.ts";
import type { PartitionReport } from "../../src/reader/verify.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { acked, directory, LogWorld, range } from "../support/log-world.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { onlyPartition, readerEnvironment } from "../support/reading.ts";
import { randomForTest } from "../support/seed.ts";

const first = `${directory}/00000000000000000000`;

async function verify(disk: MemoryDisk, isLive = false): Promise<PartitionReport> {
  const found = await onlyPartition(disk);
  return await verifyPartition(readerEnvironment(disk), found, { isLive: () => isLive });
}

/** A report in words: damage as `fault[from,to)`, notes by their kind. */
function story({ findings, health }: PartitionReport): string[] {
  const damages = findings.damages.map(
    ({ fault, fromOffset, toOffset }) => `${fault}[${fromOffset},${toOffset})`,
  );
  return [health, ...damages, ...findings.notes.map(({ kind }) => kind)];
}

/** A log of batches of two records, as `kill -9` leaves it; closed properly if asked for. */
async function logOf(batches: number, valueBytes = 10, isClosed = true): Promise<MemoryDisk> {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (const n of range(0, batches)) await acked(log, { first: n * 2, count: 2, valueBytes });
  if (isClosed) await log.close();
  return world.disk.crash({ keep: "all" });
}

test("a log that was closed is healthy, and its report counts everything", async () => {
  const disk = await logOf(60, 3000);
  const report = await verify(disk);
  expect(story(report)).toEqual(["healthy"]);
  expect(report).toMatchObject({
    refusal: null,
    startOffset: offset(0),
    endOffset: offset(120),
    batches: 60,
    records: 120,
  });
  expect(report.segments).toBeGreaterThan(3);
});

test("progress comes to exactly the bytes that were announced", async () => {
  for (const disk of [await logOf(60, 3000), await logOf(3, 10, false)]) {
    const found = await onlyPartition(disk);
    const environment = readerEnvironment(disk);
    let done = 0;
    const progress = (bytes: number): void => {
      done += bytes;
    };
    await verifyPartition(environment, found, { isLive: () => false, progress });
    expect(done).toBe(Number(await bytesToVerify(environment, [found])));
    expect(done).toBeGreaterThan(0);
  }
});

test("a killed broker's log is sound: what lies above the floor is a note", async () => {
  const disk = await logOf(3, 10, false);
  expect(story(await verify(disk))).toEqual(["noted", "index", "unsealed"]);
  const published = new LogWorld(await logOf(3));
  const log = await published.open();
  await acked(log, { first: 6 });
  expect(story(await verify(published.disk.crash({ keep: "all" })))).toEqual(["noted", "unsealed"]);
});

test("every torn tail above the floor is a note, and the same length below it is damage", async () => {
  const disk = await logOf(2);
  const bytes = await disk.readWhole(`${first}.log`);
  for (let length = 1; length < bytes.length / 2; length++) {
    const torn = disk.clone();
    const file = await torn.open(`${first}.log`, "append");
    await file.append([bytes.subarray(0, length)]);
    await file.close();
    expect(story(await verify(torn))).toEqual(["noted", "torn"]);
    const cut = disk.clone();
    cut.truncateTo(`${first}.log`, bytes.length - length);
    expect(story(await verify(cut))).toEqual(["damaged", "truncated[2,4)"]);
  }
  disk.truncateTo(`${first}.log`, bytes.length / 2);
  expect(story(await verify(disk))).toEqual(["damaged", "missing[2,4)"]);
});

test("any flipped bit of a log is damage, of an index a note, and it says where", async () => {
  const disk = await logOf(4);
  for (const { name, bytes } of await disk.list(directory)) {
    for (let bit = 0; bit < bytes * 8; bit++) {
      const flipped = disk.clone();
      flipped.flipBit(`${directory}/${name}`, bit >> 3, bit & 7);
      const report = await verify(flipped);
      expect(report.health).toBe(name.endsWith(".log") ? "damaged" : "noted");
      const hit = Math.floor((bit >> 3) / (bytes / 4));
      if (name.endsWith(".log")) {
        const [damage] = report.findings.damages;
        expect(Number(damage?.fromOffset)).toBeLessThanOrEqual(hit * 2 + 1);
        expect(Number(damage?.toOffset)).toBeGreaterThan(hit * 2);
      }
    }
  }
});

test("bits flipped at random in many segments are found, and recovery is never the wiser", async () => {
  const random = randomForTest();
  const disk = await logOf(80, 3000);
  const files = await disk.list(directory);
  for (let round = 0; round < 150; round++) {
    const flipped = disk.clone();
    const file = files[random.below(files.length)];
    if (file === undefined) continue;
    const byte = random.below(file.bytes);
    // Two bytes of that header are reserved: they mean nothing, whatever they hold.
    if (file.name.endsWith(".timeindex") && (byte === 6 || byte === 7)) continue;
    flipped.flipBit(`${directory}/${file.name}`, byte, random.below(8));
    const report = await verify(flipped);
    expect(report.health).toBe(file.name.endsWith(".log") ? "damaged" : "noted");
    const { losses } = await new LogWorld(flipped).open();
    if (losses.length > 0) expect(report.health).toBe("damaged");
  }
});

test("check and the next start agree on every length of a last segment, with its floor anywhere", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  const floors: MemoryDisk[] = [];
  for (const n of range(0, 4)) {
    await acked(log, { first: n * 2, count: 2 });
    await log.publish();
    floors.push(world.disk.clone());
  }
  const bytes = await world.disk.readWhole(`${first}.log`);
  for (const floor of floors) {
    const index = await floor.readWhole(`${first}.idx`);
    for (let length = 0; length <= bytes.length; length += 3) {
      const disk = world.disk.crash({ keep: "all" });
      await disk.writeWhole(`${first}.log`, bytes.subarray(0, length));
      await disk.writeWhole(`${first}.idx`, index);
      const report = await verify(disk);
      const { losses } = await new LogWorld(disk).open();
      const lost = report.findings.damages.map(({ fromOffset, toOffset, fromPosition }) => {
        return { fromOffset, toOffset, fromPosition };
      });
      const recovered = losses.map(({ fromOffset, toOffset, fromPosition }) => {
        return { fromOffset, toOffset, fromPosition };
      });
      expect(lost).toEqual(recovered);
    }
  }
});

test("damage above the floor with good batches behind it is damage, as recovery has it", async () => {
  const world = new LogWorld(await logOf(2));
  const log = await world.open();
  for (const n of range(2, 5)) await acked(log, { first: n * 2, count: 2 });
  const disk = world.disk.crash({ keep: "all" });
  const size = (await disk.readWhole(`${first}.log`)).length / 5;
  disk.flipBit(`${first}.log`, size * 3 + 70, 0);
  expect(story(await verify(disk))).toEqual(["damaged", "crc[6,8)"]);
});

test("segments that leave offsets out, or hold the same ones, are damage", async () => {
  const disk = await logOf(60, 3000);
  const names = (await disk.list(directory)).map(({ name }) => name);
  const logs = names.filter((name) => name.endsWith(".log"));
  const [, second = "", third = ""] = logs.map((name) => name.slice(0, 20));
  const without = disk.clone();
  for (const name of names)
    if (name.startsWith(second)) await without.remove(`${directory}/${name}`);
  const gap = `missing[${Number(second)},${Number(third)})`;
  expect(story(await verify(without))).toEqual(["damaged", gap]);
  await disk.remove(`${directory}/${second}.log`);
  expect(story(await verify(disk))).toEqual(["damaged", gap]);
});

test("records that were deleted are not missed, and a start that was left behind is noticed", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (const n of range(0, 100)) await acked(log, { first: n, valueBytes: 3000 });
  expect(await log.trim(offset(50))).toBeNull();
  await log.close();
  const { disk } = world;
  const report = await verify(disk);
  expect(story(report)).toEqual(["healthy"]);
  expect(report.startOffset).toBe(offset(50));
  const lost = disk.clone();
  const [oldest] = (await lost.list(directory)).map(({ name }) => name.slice(0, 20));
  for (const { name } of await lost.list(directory)) {
    if (name.startsWith(oldest ?? "")) await lost.remove(`${directory}/${name}`);
  }
  expect(story(await verify(lost))[1]).toMatch(/^missing\[50,/);
  disk.flipBit(`${directory}/start`, 0, 0);
  expect(story(await verify(disk))).toEqual(["noted", "start"]);
});

test("indexes that are missing or stale are notes, and leftovers are too", async () => {
  const disk = await logOf(60, 3000);
  const changed = async (change: (disk: MemoryDisk) => Promise<void>): Promise<string[]> => {
    const copy = disk.clone();
    await change(copy);
    return story(await verify(copy));
  };
  const remove = (name: string) => changed((copy) => copy.remove(`${first}.${name}`));
  expect(await remove("timeindex")).toEqual(["noted", "index"]);
  expect(await remove("idx")).toEqual(["noted", "index", "unsealed"]);
  const tail = (copy: MemoryDisk, path: string, bytes: Uint8Array) =>
    copy.open(path, "append").then((file) => file.append([bytes]).then(() => file.close()));
  const more = new Uint8Array(12);
  expect(await changed((copy) => tail(copy, `${first}.idx`, more))).toEqual(["noted", "index"]);
  expect(await changed((copy) => tail(copy, `${first}.log`, more))).toEqual(["noted", "leftover"]);
  const temporary = `${directory}/start.1.tmp`;
  expect(await changed((copy) => tail(copy, temporary, more))).toEqual(["noted", "leftover"]);
  const header = (await disk.readWhole(`${first}.idx`)).subarray(0, 4);
  const stray = `${directory}/00000000000000009999.idx`;
  expect(await changed((copy) => tail(copy, stray, header))).toEqual(["noted", "leftover"]);
});

test("of a live log what was published is checked, and what is under way is no damage", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (const n of range(0, 60)) await acked(log, { first: n, valueBytes: 3000 });
  await log.publish();
  await acked(log, { first: 60 });
  const report = await verify(world.disk, true);
  expect(story(report)).toEqual(["healthy"]);
  expect(report.endOffset).toBe(offset(60));
  world.disk.flipBit(`${first}.log`, 100, 0);
  expect(story(await verify(world.disk, true))).toEqual(["damaged", "crc[0,1)"]);
  await log.close();
});

test("a broker that starts or deletes while its log is checked spoils nothing", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (const n of range(0, 60)) await acked(log, { first: n, valueBytes: 3000 });
  await log.publish();
  const { disk } = world;
  const found = await onlyPartition(disk);
  const answers = [false, true];
  const isLive = (): boolean => answers.shift() ?? true;
  const report = await verifyPartition(readerEnvironment(disk), found, { isLive });
  expect(story(report)).toEqual(["healthy"]);
  const gate = disk.hold("open", /0{20}\.log$/);
  const trimmed = verify(disk, true);
  await gate.reached();
  expect(await log.trim(offset(50))).toBeNull();
  gate.release();
  expect(story(await trimmed)).toEqual(["healthy"]);
  await log.delete();
  const gone = await verifyPartition(readerEnvironment(disk), found, { isLive: () => true });
  expect(story(gone)).toEqual(["noted", "gone"]);
});

test("a partition that can't be read is damaged, and says why", async () => {
  const disk = await logOf(3);
  disk.failNext("read", `${first}.log`, "failed");
  const report = await verify(disk);
  expect(report.health).toBe("damaged");
  expect(report.refusal).toBeInstanceOf(Refusal);
  const found = await onlyPartition(disk);
  disk.failNext("list", directory, "denied");
  expect(await bytesToVerify(readerEnvironment(disk), [found])).toBeInstanceOf(Refusal);
});

test("logs of the original are checked by their frames and their index", async () => {
  const disk = new MemoryDisk();
  const shape = { topic: "orders", messages: messagesOf(5) };
  const { logPath, indexPath, positions } = await writeOriginal(disk, shape);
  const report = await verify(disk);
  expect(story(report)).toEqual(["healthy"]);
  expect(report).toMatchObject({ records: 5, endOffset: offset(5) });
  const torn = disk.clone();
  torn.truncateTo(logPath, (positions[4] ?? 0) + 9);
  expect(story(await verify(torn))).toEqual(["noted", "torn", "index"]);
  const bare = disk.clone();
  await bare.remove(indexPath);
  expect(story(await verify(bare))).toEqual(["noted", "index"]);
  disk.flipBit(logPath, (positions[1] ?? 0) + 13, 0);
  expect(story(await verify(disk))).toEqual(["damaged", "format[1,2)"]);
  disk.failNext("read", logPath, "failed");
  expect((await verify(disk)).refusal).toBeInstanceOf(Refusal);
});

test("the worst health is that of all", () => {
  expect(worstOf([])).toBe("healthy");
  expect(worstOf(["healthy", "noted"])).toBe("noted");
  expect(worstOf(["damaged", "noted"])).toBe("damaged");
});
