import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import type { ReadItem } from "../../src/reader/item.ts";
import { readDirectory, type ReadOptions } from "../../src/reader/read.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { acked, directory, LogWorld } from "../support/log-world.ts";
import { frameOf, messagesOf, writeOriginal } from "../support/original.ts";
import { keys, readerEnvironment, readItems, storyOf } from "../support/reading.ts";
import { turns, until } from "../support/until.ts";

/** Somebody who follows a directory, and when they look again. */
class Follower {
  readonly items: ReadItem[] = [];
  readonly done: Promise<void>;
  readonly #clock = new ManualClock();
  readonly #abort = new AbortController();
  #hasLooked = false;

  constructor(disk: MemoryDisk, options: Partial<ReadOptions> = {}) {
    const follow = { pollMs: 100, signal: this.#abort.signal };
    const all = { selection: {}, isLive: () => false, follow, ...options };
    this.done = this.#run(readDirectory(readerEnvironment(disk, this.#clock), all));
  }

  async #run(reading: AsyncGenerator<ReadItem>): Promise<void> {
    for await (const item of reading) this.items.push(item);
  }

  /** What the next look tells. Between the calls nobody looks. */
  async news(): Promise<string[]> {
    await until(() => this.#clock.pending > 0);
    if (this.#hasLooked) this.#clock.advance(100);
    this.#hasLooked = true;
    await until(() => this.#clock.pending > 0);
    return storyOf(this.items.splice(0));
  }

  async stop(): Promise<void> {
    await until(() => this.#clock.pending > 0);
    this.#abort.abort();
    await this.done;
    expect(this.#clock.pending).toBe(0);
  }
}

test("partitions are read one after another, ours and the original's", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0, count: 3 });
  await log.close();
  const { disk } = world;
  await writeOriginal(disk, { topic: "clicks", partition: 1, messages: messagesOf(2) });
  await writeOriginal(disk, { topic: "payments", messages: messagesOf(1) });
  const items = await readItems(disk);
  expect(items.map(({ found }) => `${found?.topic}/${found?.partition}`)).toEqual([
    "clicks/1",
    "orders/0",
    "payments/0",
  ]);
  expect(storyOf(items)).toEqual([...keys(0, 2), ...keys(0, 3), ...keys(0, 1)]);
  const selection = { topics: ["orders", "payments"], partitions: [0] };
  expect(storyOf(await readItems(disk, { selection }))).toEqual([...keys(0, 3), ...keys(0, 1)]);
});

test("what can't be listed stops everything, what can't be looked at only itself", async () => {
  const disk = new MemoryDisk();
  disk.failNext("list", ".", "failed");
  const [stopped] = await readItems(disk);
  expect(stopped).toMatchObject({ kind: "stopped", found: null });
  await writeOriginal(disk, { topic: "payments", messages: messagesOf(1) });
  await disk.makeDirectory("topics/orders/0");
  disk.failNext("list", "topics/orders/0", "failed");
  expect(storyOf(await readItems(disk))).toEqual(["stopped KAFKA_STORAGE_ERROR", "k0"]);
});

test("a log that is followed tells each record once, and new topics as they come", async () => {
  const world = new LogWorld(new MemoryDisk());
  const { disk } = world;
  const log = await world.open();
  await acked(log, { first: 0 });
  await log.publish();
  const follower = new Follower(disk, { isLive: () => true });
  expect(await follower.news()).toEqual(["k0"]);
  expect(await follower.news()).toEqual([]);
  for (let n = 1; n < 60; n++) await acked(log, { first: n, valueBytes: 3000 });
  await log.publish();
  await writeOriginal(disk, { topic: "clicks", messages: messagesOf(1) });
  expect(await follower.news()).toEqual(["k0", ...keys(1, 60)]);
  await log.close();
  await follower.stop();
});

test("whoever follows is told once of damage, and of what was deleted before it was read", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let n = 0; n < 60; n++) await acked(log, { first: n, valueBytes: 3000 });
  await log.publish();
  world.disk.flipBit(`${directory}/00000000000000000000.log`, 100, 1);
  const follower = new Follower(world.disk, { isLive: () => true });
  expect(await follower.news()).toEqual(["crc[0,1)", ...keys(1, 60)]);
  for (let n = 60; n < 160; n++) await acked(log, { first: n, valueBytes: 3000 });
  expect(await log.trim(offset(155))).toBeNull();
  await log.publish();
  expect(await follower.news()).toEqual(["trimmed[60,155)", ...keys(155, 160)]);
  await log.close();
  await follower.stop();
});

test("a topic that is deleted and created again is followed from its new start", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  await acked(log, { first: 0, count: 5 });
  await log.close();
  const follower = new Follower(world.disk);
  expect(await follower.news()).toEqual(keys(0, 5));
  await log.delete();
  world.clock.advance(1000);
  const again = await world.open();
  await acked(again, { first: 100, count: 9 });
  await again.close();
  expect(await follower.news()).toEqual(["replaced", ...keys(100, 109)]);
  await follower.stop();
});

test("the offsets to begin with may be given, or counted from the end, also of the original", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (let n = 0; n < 10; n++) await acked(log, { first: n });
  expect(await log.trim(offset(4))).toBeNull();
  await log.close();
  const { disk } = world;
  const read = async (selection: object): Promise<string[]> =>
    storyOf(await readItems(disk, { selection: { topics: ["orders"], ...selection } }));
  expect(await read({})).toEqual(keys(4, 10));
  expect(await read({ fromOffset: 2 })).toEqual(["trimmed[2,4)", ...keys(4, 10)]);
  expect(await read({ last: 2 })).toEqual(keys(8, 10));
  expect(await read({ last: 1000 })).toEqual(keys(4, 10));
  expect(await read({ last: 5, fromOffset: 7 })).toEqual(keys(7, 10));
  await writeOriginal(disk, { topic: "clicks", messages: messagesOf(10) });
  expect(storyOf(await readItems(disk, { selection: { topics: ["clicks"], last: 2 } }))).toEqual(
    keys(8, 10),
  );
});

test("a message of the original that is being written is waited for", async () => {
  const disk = new MemoryDisk();
  const { logPath } = await writeOriginal(disk, { topic: "clicks", messages: messagesOf(2) });
  const follower = new Follower(disk);
  expect(await follower.news()).toEqual(keys(0, 2));
  const frame = frameOf("clicks", { key: "k2", value: "late" });
  const file = await disk.open(logPath, "append");
  await file.append([frame.subarray(0, 20)]);
  expect(await follower.news()).toEqual([]);
  await file.append([frame.subarray(20)]);
  await file.close();
  expect(await follower.news()).toEqual(["k2"]);
  await follower.stop();
});

test("a follower that is told to stop while it waits stops at once", async () => {
  const follower = new Follower(new MemoryDisk());
  await turns(3);
  await follower.stop();
  expect(follower.items).toEqual([]);
});
