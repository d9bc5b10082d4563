/** Stories of the log on real files; the test decides how long a sync takes and how it ends. */
import { expect, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import type { Refusal } from "../../src/base/refusal.ts";
import { type Disk, DiskError, type DiskFile, type OpenMode } from "../../src/disk/disk.ts";
import { localDisk } from "../../src/disk/local.ts";
import type { Random } from "../../src/base/random.ts";
import type { ExitGuard } from "../../src/metadata/exit-guard.ts";
import type { GroupChange, Metadata, OffsetRow } from "../../src/metadata/metadata.ts";
import { openSqliteMetadata } from "../../src/metadata/sql.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { unwrap } from "../support/log-world.ts";
import { randomForTest } from "../support/seed.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { turns, until } from "../support/until.ts";

const database = "obelisk.db";
const wal = "obelisk.db-wal";
/** Small, since the tests have to fill it. */
const walBytesMax = 1024 * 1024;

/** A guard that counts who holds it. */
class CountingGuard implements ExitGuard {
  held = 0;

  hold(): () => void {
    this.held++;
    return () => void this.held--;
  }
}

/** Metadata on the files of this machine, whose syncs go through the test. */
class LogWorld implements Disposable {
  readonly directory = temporaryDirectory();
  readonly exits = new CountingGuard();
  readonly logger = new MemoryLogger();
  /** Every sync so far, by what was synced. */
  readonly syncs: string[] = [];
  /** What happens in the place of a sync of `path`; `sync` does it. */
  onSync = (_path: string, sync: () => Promise<void>): Promise<void> => sync();

  async open(): Promise<Metadata> {
    const path = join(this.directory.path, database);
    const seams = { disk: this.#disk(), exits: this.exits, walBytesMax };
    return unwrap(await openSqliteMetadata(path, this.logger, seams));
  }

  /** The size of the log. */
  walBytes(): number {
    return fs.statSync(join(this.directory.path, wal)).size;
  }

  #disk(): Disk {
    const local = localDisk(this.directory.path);
    const watched = (path: string, sync: () => Promise<void>): Promise<void> => {
      this.syncs.push(path);
      return this.onSync(path, sync);
    };
    return new Proxy(local, {
      get: (disk, name: keyof Disk) => {
        if (name === "syncDirectory") {
          return (path: string) => watched(path, () => disk.syncDirectory(path));
        }
        if (name !== "open") return disk[name].bind(disk);
        return async (path: string, mode: OpenMode): Promise<DiskFile> => {
          const file = await disk.open(path, mode);
          const sync = file.sync.bind(file);
          return Object.assign(file, { sync: () => watched(path, sync) });
        };
      },
    });
  }

  [Symbol.dispose](): void {
    this.directory[Symbol.dispose]();
  }
}

/** So many of these make the log large, whatever else is in it. */
const filler = "x".repeat(100_000);
const untilLarge = Math.ceil(walBytesMax / filler.length) + 1;

const write = (metadata: Metadata, sequence: number): Promise<Refusal | null> =>
  metadata.brokerConfigs.replace({ sequence: String(sequence), filler });

test("while a sync takes its time the event loop and other transactions go on", async () => {
  using world = new LogWorld();
  const metadata = await world.open();
  const held: (() => void)[] = [];
  world.onSync = (_, sync) => new Promise((resolve) => held.push(() => void sync().then(resolve)));
  let told = 0;
  const tell = (): void => void told++;
  void metadata.brokerConfigs.replace({ first: "1" }).then(tell);
  await until(() => held.length === 1);
  const bytes = world.walBytes();
  const others = [1, 2, 3].map((at) => metadata.producerIds.reserve(at, 0).then(tell));
  await until(() => world.walBytes() > bytes);
  await turns(3);
  expect([told, held.length]).toEqual([0, 1]);
  held[0]?.();
  await until(() => held.length === 2);
  expect(told).toBe(1);
  held[1]?.();
  await Promise.all(others);
  expect(world.syncs.filter((path) => path === wal).slice(-2)).toEqual([wal, wal]);
  await metadata.close();
});

test("the name of a new log is durable before anything in it is acknowledged", async () => {
  using world = new LogWorld();
  await (await world.open()).close();
  world.syncs.length = 0;
  const metadata = await world.open();
  expect(await metadata.brokerConfigs.replace({ name: "value" })).toBeNull();
  expect(world.syncs.sort()).toEqual([".", wal]);
  await metadata.close();
});

test("a clean start and its reads need no sync; a log that was left is synced first", async () => {
  using world = new LogWorld();
  await (await world.open()).close();
  world.syncs.length = 0;
  const metadata = await world.open();
  await metadata.topics.all();
  expect(world.syncs).toEqual([]);
  await metadata.brokerConfigs.replace({ name: "value" });
  using killed = new LogWorld();
  fs.cpSync(world.directory.path, killed.directory.path, { recursive: true });
  await metadata.close();
  const after = await killed.open();
  expect(killed.syncs).toEqual([]);
  expect(await after.brokerConfigs.all()).toEqual({ name: "value" });
  expect(killed.syncs.sort()).toEqual([".", wal]);
  await after.close();
});

test("a large log is carried over, again and again, and never gets much larger", async () => {
  using world = new LogWorld();
  const metadata = await world.open();
  let largest = 0;
  for (let sequence = 0; sequence < 4 * untilLarge; sequence++) {
    expect(await write(metadata, sequence)).toBeNull();
    largest = Math.max(largest, world.walBytes());
  }
  await until(() => world.walBytes() < walBytesMax);
  expect(world.syncs.filter((path) => path === database).length).toBeGreaterThanOrEqual(3);
  expect(largest).toBeLessThan(walBytesMax + 4 * filler.length);
  expect(world.exits.held).toBe(0);
  expect(world.logger.events).toEqual([]);
  await metadata.close();
  expect(fs.readdirSync(world.directory.path)).toEqual([database]);
});

test("what is copied and not synced is not closed by an exit", async () => {
  using world = new LogWorld();
  const metadata = await world.open();
  const held: number[] = [];
  world.onSync = (path, sync) => {
    if (path === database) held.push(world.exits.held);
    return sync();
  };
  for (let sequence = 0; sequence < 2 * untilLarge; sequence++) await write(metadata, sequence);
  await metadata.close();
  expect(held.length).toBeGreaterThan(0);
  expect(new Set(held)).toEqual(new Set([1]));
  expect(world.exits.held).toBe(0);
});

/** Fails syncs of one path from now on. */
function failSyncs(world: LogWorld, of: string): void {
  world.onSync = (path, sync) =>
    path === of ? Promise.reject(new DiskError("failed", "sync", path, "EIO")) : sync();
}

test("a failed sync of the log seals the metadata; nothing is carried over any more", async () => {
  using world = new LogWorld();
  const metadata = await world.open();
  failSyncs(world, wal);
  const refused = await metadata.brokerConfigs.replace({ name: "value" });
  expect(String(refused)).toMatch(/^KAFKA_STORAGE_ERROR: .*sync obelisk.db-wal: EIO/);
  world.onSync = (_, sync) => sync();
  expect(await metadata.brokerConfigs.replace({ name: "other" })).toBe(refused);
  expect(await metadata.brokerConfigs.all()).toBe(refused as Refusal);
  expect(await metadata.cluster.id("id")).toBe(refused as Refusal);
  expect(world.logger.named("metadata sealed")).toHaveLength(1);
  const bytes = world.walBytes();
  await metadata.close();
  expect(world.walBytes()).toBe(bytes);
  expect(world.exits.held).toBe(1);
});

test("a failed sync of the database seals too, and the log stays whole", async () => {
  using world = new LogWorld();
  const metadata = await world.open();
  failSyncs(world, database);
  let sequence = 0;
  while ((await write(metadata, sequence)) === null && sequence < 10 * untilLarge) sequence++;
  await until(() => world.logger.named("metadata sealed").length === 1);
  expect(await write(metadata, sequence)).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  expect(world.exits.held).toBeGreaterThan(0);
  expect(world.walBytes()).toBeGreaterThanOrEqual(walBytesMax);
  using killed = new LogWorld();
  fs.cpSync(world.directory.path, killed.directory.path, { recursive: true });
  const after = await killed.open();
  const found = unwrap(await after.brokerConfigs.all());
  expect(Number(found["sequence"])).toBeGreaterThanOrEqual(sequence - 1);
  await after.close();
});

/** The content that a device has of both files, of which the page cache may hold a newer one. */
class Device {
  readonly #content = new Map<string, Buffer>();

  constructor(
    private readonly directory: string,
    private readonly random: Random,
  ) {
    for (const path of [database, wal]) this.synced(path, this.now(path));
  }

  now(path: string): Buffer {
    return fs.readFileSync(join(this.directory, path));
  }

  synced(path: string, content: Buffer): void {
    this.#content.set(path, content);
  }

  /** What a power cut may leave of each file: what was synced, was written, or some of both. */
  images(): Record<string, Buffer>[] {
    const choices = (path: string): Buffer[] => {
      const [synced, written] = [this.#content.get(path) ?? Buffer.alloc(0), this.now(path)];
      return [synced, written, this.#mix(synced, written)];
    };
    return choices(database).flatMap((first) =>
      choices(wal).map((second) => ({ [database]: first, [wal]: second })),
    );
  }

  /** Each block of one or of the other, as if the device had written some. */
  #mix(synced: Buffer, written: Buffer): Buffer {
    const mixed = Buffer.alloc(Math.max(synced.length, written.length));
    synced.copy(mixed);
    for (let at = 0; at < written.length; at += blockBytes) {
      if (this.random.below(2) === 1) written.copy(mixed, at, at, at + blockBytes);
    }
    return mixed;
  }
}

/** What a device writes whole, or not at all. */
const blockBytes = 4096;

/** The row of one group's one offset, with so much text. */
const offsetOf = (committedOffset: number, characters: number): OffsetRow => ({
  topic: "t",
  partitionIndex: 0,
  committedOffset,
  committedLeaderEpoch: -1,
  // Not the same twice: SQLite leaves a page alone that would be written as it is.
  metadata: String(committedOffset % 10).repeat(characters),
  commitTimestamp: 0,
  expireTimestamp: null,
});

const commit = (groupId: string, committedOffset: number, characters: number): GroupChange => {
  return { kind: "commit", groupId, offsets: [offsetOf(committedOffset, characters)] };
};

/** The groups that only one transaction changes after the first, in the order of their pages. */
const ownGroup = (sequence: number): string => `own ${String(sequence).padStart(3, "0")}`;

/** One transaction: a row that each changes, and one in a page that is this one's alone. */
const step = (sequence: number): GroupChange[] => [
  commit("all", sequence, filler.length),
  commit(ownGroup(sequence), sequence, 3_000),
];

/** The number of the last transaction that is there; an error if another is there in part. */
async function lastStep(metadata: Metadata): Promise<number> {
  const groups = unwrap(await metadata.groups.all());
  const found = new Map(groups.map(({ groupId, offsets }) => [groupId, offsets[0]]));
  const last = found.get("all")?.committedOffset ?? -1;
  for (let sequence = 1; found.has(ownGroup(sequence)); sequence++) {
    const own = found.get(ownGroup(sequence))?.committedOffset;
    expect(own).toBe(sequence <= last ? sequence : 0);
  }
  return last;
}

test("whenever the power is cut, what was acknowledged is there, and nothing in part", async () => {
  using world = new LogWorld();
  const metadata = await world.open();
  const steps = 2 * untilLarge;
  const blank = Array.from({ length: steps + 2 }, (_, at) => commit(ownGroup(at + 1), 0, 3_000));
  expect(await metadata.groups.apply([commit("all", 0, filler.length), ...blank])).toBeNull();
  const device = new Device(world.directory.path, randomForTest());
  let acknowledged = 0;
  let cuts = 0;
  const cut = async (): Promise<void> => {
    const least = acknowledged;
    for (const image of device.images()) {
      using after = new LogWorld();
      for (const [name, content] of Object.entries(image)) {
        fs.writeFileSync(join(after.directory.path, name), content);
      }
      const found = await after.open();
      expect(await lastStep(found)).toBeGreaterThanOrEqual(least);
      await found.close();
      cuts++;
    }
  };
  world.onSync = async (path, sync) => {
    if (path === ".") return await sync();
    const content = device.now(path);
    await cut();
    await sync();
    device.synced(path, content);
  };
  const take = async (sequence: number): Promise<void> => {
    expect(await metadata.groups.apply(step(sequence))).toBeNull();
    acknowledged = Math.max(acknowledged, sequence);
  };
  // Several at a time, so that some are not durable when the log is to be carried over.
  let next = 1;
  const worker = async (): Promise<void> => {
    while (next <= steps) await take(next++);
  };
  await Promise.all([worker(), worker(), worker()]);
  expect(await lastStep(metadata)).toBe(acknowledged);
  await metadata.close();
  expect(world.syncs.filter((path) => path === database).length).toBeGreaterThan(0);
  expect(cuts).toBeGreaterThanOrEqual(9 * untilLarge);
}, 60_000);
