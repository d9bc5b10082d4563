/**
 * Random lives of a log against a list in memory: appends, tombstones, compaction, retention,
 * deletion of records, other configurations, restarts, kills and power cuts at any moment, readers
 * all the while. `OBELISK_OPERATIONS` says how long; a million takes minutes.
 */
import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import type { Random } from "../../src/base/random.ts";
import type { LogConfig } from "../../src/log/log.ts";
import type { LogView } from "../../src/log/view.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { type Compression, compressionNames } from "../../src/record/batch.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { compacted, eager, type Entry, keyed, means, recordsOf } from "../support/compaction.ts";
import type { StoredRecord } from "../support/compaction.ts";
import { LogWorld, unwrap } from "../support/log-world.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { LifeModel } from "./life-model.ts";

const operations = Number(process.env["OBELISK_OPERATIONS"] ?? rounds(4_000, 12_000));
const hour = 3600 * 1000;
const turn = async (turns: number): Promise<void> => {
  for (let i = 0; i < turns; i++) await Promise.resolve();
};

/** One log, its model, and what happens to both. */
class Life {
  world: LogWorld;
  log!: SegmentLog;
  model = new LifeModel();
  config: LogConfig;
  compactions = 0;
  crashes = 0;

  constructor(private readonly random: Random) {
    this.config = this.anyConfig();
    this.world = new LogWorld(new MemoryDisk(), this.config, 16 * 1024);
  }

  anyConfig(): LogConfig {
    const { random } = this;
    const deleteRetentionMs = [0, 1, 5 * hour][random.below(3)] ?? 0;
    const retentionMs = random.below(3) === 0 ? 100 * hour : Infinity;
    const retentionBytes = random.below(3) === 0 ? 20_000 : Infinity;
    return {
      ...compacted,
      segmentBytes: 500 + random.below(4000),
      compaction: { ...eager, deleteRetentionMs, lagMsMin: random.below(2) * hour },
      retention: { retentionMs, retentionBytes },
    };
  }

  /** What one step does, and how often. */
  readonly steps: [weight: number, step: () => Promise<void>][] = [
    [80, () => this.append()],
    [12, () => this.lookSomewhere()],
    [4, () => this.compact()],
    [1, () => this.compactKilled()],
    [1, () => this.expire()],
    [1, () => this.deleteRecords()],
    [1, () => this.reopen()],
    [1, () => this.configure()],
  ];

  async step(): Promise<void> {
    const weights = this.steps.reduce((sum, [weight]) => sum + weight, 0);
    let at = this.random.below(weights);
    for (const [weight, step] of this.steps) {
      at -= weight;
      if (at < 0) return await step();
    }
  }

  async append(): Promise<void> {
    const { random, world } = this;
    world.clock.advance(random.below(hour / 5));
    const entries = Array.from({ length: 1 + random.below(4) }, (): Entry => {
      const key = random.below(60) === 0 ? null : `k${random.below(random.below(2) * 300 + 9)}`;
      return [key, random.below(4) === 0 ? null : `v${random.below(1e9)}`.repeat(random.below(5))];
    });
    const codec = compressionNames[random.below(compressionNames.length)] as Compression;
    const timestamp = world.clock.now() - random.below(hour);
    const batch = keyed(entries, { timestamp, compression: codec });
    const { baseOffset, committed } = unwrap(this.log.append(batch));
    expect(await committed).toBeNull();
    this.model.append(
      entries.map(([key, value], i) => ({
        offset: baseOffset + i,
        key,
        value,
        timestamp: timestamp + i,
      })),
    );
  }

  /** Reads a little, from anywhere, and asks for a time. */
  async lookSomewhere(): Promise<void> {
    const { log, model, random } = this;
    const span = log.visibleOffset - log.startOffset;
    const from = offset(log.startOffset + random.below(span + 1));
    const read = unwrap(await log.read(from, 1 + random.below(3000)));
    const until = { startOffset: from, visibleOffset: read.nextOffset, read: () => read };
    const expected = model.records.filter(
      (one) => one.offset >= from && one.offset < read.nextOffset,
    );
    if (from < log.visibleOffset) expect(await recordsOf(until)).toEqual(expected);
    const time = this.world.clock.now() - random.below(20 * hour);
    const found = model.records.find(({ timestamp }) => timestamp >= time);
    const wanted = found ? { offset: offset(found.offset), timestamp: found.timestamp } : null;
    expect(await log.offsetForTime(time)).toEqual(wanted);
  }

  private means() {
    const { random, world } = this;
    // Few enough for several passes now and then.
    const memoryBytes = random.below(3) === 0 ? 16 * 16 : 64 * 1024;
    return means(world.clock.now(), { memoryBytes, secret: [random.below(2 ** 32), 0] });
  }

  private apply(model: LifeModel, end: number): void {
    const { compaction } = this.config;
    model.compact(end, this.world.clock.now(), compaction?.deleteRetentionMs ?? 0);
  }

  async compact(): Promise<void> {
    const { log, model } = this;
    await log.publish();
    const end = log.compactable(this.world.clock.now())?.end;
    if (end === undefined) return;
    const before = model.clone();
    this.apply(model, end);
    let isOver = false;
    const compaction = log.compact(this.means()).finally(() => {
      isOver = true;
    });
    const view = await this.world.view(true);
    while (!isOver) await this.readMeanwhile(view, before);
    unwrap(await compaction);
    await view.close();
    this.compactions += 1;
    await this.compare();
  }

  /** Everything that is read while segments are replaced was there before, and is as it was. */
  private async readMeanwhile(view: LogView, before: LifeModel): Promise<void> {
    const { log, random } = this;
    const known = new Map(before.records.map((record) => [record.offset, record]));
    const span = log.visibleOffset - log.startOffset;
    const from = offset(log.startOffset + random.below(Math.max(1, span)));
    const read = unwrap(await log.read(from, 1 + random.below(5000)));
    const until = { startOffset: from, visibleOffset: read.nextOffset, read: () => read };
    for (const record of await recordsOf(until)) expect(record).toEqual(known.get(record.offset)!);
    unwrap(await view.refresh());
    if (from >= view.visibleOffset) return;
    const seen = unwrap(await view.read(from, 2000));
    const range = { startOffset: from, visibleOffset: seen.nextOffset, read: () => seen };
    for (const record of await recordsOf(range)) expect(record).toEqual(known.get(record.offset)!);
  }

  /** The machine goes down in the middle of a compaction; the next one finishes it. */
  async compactKilled(): Promise<void> {
    const { log, random, world } = this;
    await log.publish();
    const now = world.clock.now();
    const end = log.compactable(now)?.end;
    if (end === undefined) return;
    const before = this.model.records;
    const after = this.model.clone();
    this.apply(after, end);
    world.disk.haltAt(world.disk.operations.length + random.below(120));
    const compaction = log.compact(this.means());
    await Promise.race([compaction, turn(3000)]);
    await this.restart(true);
    const found = await recordsOf(this.log);
    expectBetween(after.records, found, before);
    // Before anything else comes: the model knows whole compactions only.
    const again = this.log.compactable(now)?.end ?? end;
    unwrap(await this.log.compact(this.means()));
    this.apply(this.model, Math.max(end, again));
    await this.compare();
  }

  async expire(): Promise<void> {
    const { log, model, world } = this;
    const now = world.clock.now();
    const { retentionMs = Infinity, retentionBytes = Infinity } = this.config.retention ?? {};
    const segments = log.segments.map(({ base, bytes, endOffset, maxTimestamp }) => ({
      base,
      bytes,
      endOffset,
      maxTimestamp,
    }));
    unwrap(await log.expire(now));
    let size = segments.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { bytes, endOffset, maxTimestamp } of segments) {
      const isGone = log.startOffset >= endOffset;
      // Gap batches have no time; what was written at an unknown time is not judged here.
      const isOld = maxTimestamp > 0 && now - maxTimestamp > retentionMs;
      const isMuch = size - bytes >= retentionBytes;
      if (isGone && maxTimestamp > 0 && endOffset > model.start) expect(isOld || isMuch).toBe(true);
      if (!isGone) break;
      size -= bytes;
    }
    if (log.startOffset > model.start) model.trim(log.startOffset);
    await this.compare();
  }

  async deleteRecords(): Promise<void> {
    const { log, random } = this;
    const span = log.visibleOffset - log.startOffset;
    const before = offset(log.startOffset + random.below(Math.ceil(span / 3) + 1));
    expect(await log.trim(before)).toBeNull();
    this.model.trim(before);
    expect(log.startOffset).toBe(before);
  }

  async reopen(): Promise<void> {
    await this.restart(this.random.below(2) === 0);
    await this.compare();
  }

  private async restart(isCrash: boolean): Promise<void> {
    const { random, world } = this;
    let { disk } = world;
    const elapsed = world.clock.monotonic();
    if (isCrash) {
      this.crashes += 1;
      const how = random.below(3);
      disk = disk.crash(how === 0 ? { keep: "all" } : how === 1 ? { keep: "synced" } : { random });
    } else {
      await this.log.close();
      disk = disk.clone();
    }
    this.world = new LogWorld(disk, this.config, 16 * 1024);
    this.world.clock.advance(elapsed);
    await this.open();
  }

  async open(): Promise<void> {
    this.log = await this.world.open();
    expect(this.log.losses).toEqual([]);
  }

  async configure(): Promise<void> {
    this.config = this.anyConfig();
    expect(await this.log.configure(this.config)).toBeNull();
  }

  async compare(): Promise<void> {
    const { log, model } = this;
    expect(Number(log.startOffset)).toBe(model.start);
    expect(await recordsOf(log, 1 + this.random.below(20_000))).toEqual(model.records);
  }
}

/** `least` is in `found`, which is in `most`, all in one order. */
function expectBetween(least: StoredRecord[], found: StoredRecord[], most: StoredRecord[]): void {
  const all = new Map(most.map((record) => [record.offset, record]));
  for (const record of found) expect(record).toEqual(all.get(record.offset)!);
  const there = new Set(found.map((record) => record.offset));
  expect(least.filter((record) => !there.has(record.offset))).toEqual([]);
}

test(
  "a log holds what the model holds, whatever happens to it",
  async () => {
    const life = new Life(randomForTest());
    await life.open();
    for (let at = 0; at < operations; at++) await life.step();
    await life.compare();
    expect(life.compactions).toBeGreaterThan(operations / 100);
    expect(life.crashes).toBeGreaterThan(operations / 400);
  },
  3600 * 1000,
);
