/** Records with keys that come again, logs of them, and what compaction is lent. */
import { type Offset, offset } from "../../src/base/brands.ts";
import { Pace } from "../../src/base/pace.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { CompactionMeans, CompactionRules } from "../../src/log/compaction.ts";
import type { LogConfig, PartitionLog } from "../../src/log/log.ts";
import { batchBytesAt, type Compression, readHeader, viewOf } from "../../src/record/batch.ts";
import type { BatchHeader } from "../../src/record/batch.ts";
import { BatchBuilder, type BatchOptions } from "../../src/record/builder.ts";
import { openRecords } from "../../src/record/records.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { LogWorld, smallConfig, unwrap } from "./log-world.ts";

const [encoder, decoder] = [new TextEncoder(), new TextDecoder()];

/** A key and its value; `null`: no key, or a tombstone. */
export type Entry = readonly [key: string | null, value: string | null];

export interface KeyedOptions {
  /** Of the first record; each next one is a millisecond later. */
  readonly timestamp?: number;
  readonly compression?: Compression;
  readonly producer?: Pick<BatchOptions, "producerId" | "producerEpoch" | "baseSequence">;
}

const encoded = (text: string | null): Uint8Array | null =>
  text === null ? null : encoder.encode(text);

/** A sealed batch of these records. */
export function keyed(entries: readonly Entry[], options: KeyedOptions = {}): Uint8Array {
  const { timestamp = 1_754_705_528_480, compression, producer } = options;
  const builder = new BatchBuilder();
  entries.forEach(([key, value], index) => {
    builder.append({ timestamp: timestamp + index, key: encoded(key), value: encoded(value) });
  });
  return builder.build({ ...(compression ? { compression } : {}), ...producer });
}

/** Appends a batch and waits until it is acknowledged; its base offset. */
export async function stored(log: PartitionLog, batch: Uint8Array): Promise<Offset> {
  const appended = unwrap(log.append(batch));
  const refusal = await appended.committed;
  if (refusal !== null) throw new Error(`refused: ${refusal}`);
  return appended.baseOffset;
}

/** A record as it is read. */
export interface StoredRecord {
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly timestamp: number;
}

/** All batches that can be read, each with its records. */
export async function batchesOf(
  log: Pick<PartitionLog, "startOffset" | "visibleOffset" | "read">,
  bytesMax = 100_000,
): Promise<{ header: BatchHeader; records: StoredRecord[] }[]> {
  const found: { header: BatchHeader; records: StoredRecord[] }[] = [];
  for (let at = log.startOffset; at < log.visibleOffset;) {
    const read = unwrap(await log.read(at, bytesMax));
    for (const chunk of read.chunks) found.push(...batchesIn(chunk));
    if (read.nextOffset <= at) throw new Error(`reading at ${at} does not get on`);
    at = read.nextOffset;
  }
  return found;
}

function batchesIn(chunk: Uint8Array): { header: BatchHeader; records: StoredRecord[] }[] {
  const view = viewOf(chunk);
  const found: { header: BatchHeader; records: StoredRecord[] }[] = [];
  for (let at = 0; at < chunk.length; at += batchBytesAt(view, at)) {
    const cursor = openRecords(chunk, view, at);
    if (cursor instanceof Refusal) throw new Error(cursor.message);
    const records: StoredRecord[] = [];
    while (cursor.next()) {
      const { key, value, timestamp } = cursor.record();
      records.push({
        offset: cursor.offset,
        key: key && decoder.decode(key),
        value: value && decoder.decode(value),
        timestamp,
      });
    }
    if (cursor.damage !== null) throw new Error(cursor.damage.message);
    found.push({ header: readHeader(view, at), records });
  }
  return found;
}

/** All records that can be read. */
export async function recordsOf(
  log: Pick<PartitionLog, "startOffset" | "visibleOffset" | "read">,
  bytesMax?: number,
): Promise<StoredRecord[]> {
  const batches = await batchesOf(log, bytesMax);
  const records = batches.flatMap(({ records: some }) => some);
  return records.filter(({ offset: at }) => at >= log.startOffset);
}

/** The same as `offset key=value`. */
export async function linesOf(
  log: Pick<PartitionLog, "startOffset" | "visibleOffset" | "read">,
): Promise<string[]> {
  const records = await recordsOf(log);
  return records.map(({ offset: at, key, value }) => `${at} ${key}=${value ?? "-"}`);
}

export const eager: CompactionRules = {
  dirtyRatioMin: 0,
  lagMsMin: 0,
  lagMsMax: Infinity,
  deleteRetentionMs: 24 * 3600 * 1000,
};

/** Everything is compacted as soon as it can be; a segment holds a few batches. */
export const compacted: LogConfig = { ...smallConfig, compaction: eager };

/** What a compaction is lent by a test: as much as it wants. */
export function means(now: number, also: Partial<CompactionMeans> = {}): CompactionMeans {
  return {
    now,
    memoryBytes: 1024 * 1024,
    secret: [1, 2],
    pace: new Pace(new ManualClock(), { sliceMs: 1, restMs: 1, bytesPerSecond: Infinity }),
    isWanted: () => true,
    hasRoom: () => Promise.resolve(true),
    intactEnd: offset(-1),
    isLastOf: () => false,
    ...also,
  };
}

/** The same with other rules. */
export const configOf = (rules: Partial<CompactionRules> = {}, segmentBytes = 400): LogConfig => ({
  ...compacted,
  segmentBytes,
  compaction: { ...eager, ...rules },
});

/** A log and its world. */
export interface Filled {
  readonly world: LogWorld;
  readonly log: SegmentLog;
}

/** A log with these batches, all of which but the last are in finished segments. */
export async function logOf(
  batches: readonly (readonly Entry[])[],
  config = configOf({}, 100),
): Promise<Filled> {
  const world = new LogWorld(new MemoryDisk(), config);
  const log = await world.open();
  for (const entries of batches) {
    await stored(log, keyed(entries, { timestamp: world.clock.now() }));
    world.clock.advance(1000);
  }
  await log.publish();
  return { world, log };
}

/** Compacts, and it must be possible. */
export const run = async ({ world, log }: Filled, also: Partial<CompactionMeans> = {}) =>
  unwrap(await log.compact(means(world.clock.now(), also)));
