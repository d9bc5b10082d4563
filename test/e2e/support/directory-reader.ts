/**
 * Reads everything in a data directory, through the library that the reader and the embedded
 * consumer use, and hands it to a checker.
 */
import { existsSync } from "node:fs";
import nodePath from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import { offset } from "../../../src/base/brands.ts";
import { createLogger } from "../../../src/base/logger.ts";
import { Refusal } from "../../../src/base/refusal.ts";
import { localDisk } from "../../../src/disk/local.ts";
import { batchBytesMax, readBytesMax } from "../../../src/limits.ts";
import { LogEnvironment } from "../../../src/log/environment.ts";
import { segmentsIn, logFileName } from "../../../src/log/files.ts";
import type { LogRead } from "../../../src/log/log.ts";
import { scanBatches } from "../../../src/log/scan.ts";
import { LogView } from "../../../src/log/view.ts";
import { batchBytesAt, checkBatch, viewOf } from "../../../src/record/batch.ts";
import { nanosecondsOf } from "../../../src/record/nanoseconds.ts";
import { openRecords } from "../../../src/record/records.ts";
import type { Checker, Partition } from "./checker.ts";

const silent = createLogger({
  level: "error",
  format: "json",
  colours: false,
  clock: systemClock,
  write: () => true,
});

const environmentOf = (data: string): LogEnvironment =>
  new LogEnvironment({
    disk: localDisk(data),
    clock: systemClock,
    logger: silent,
    cacheBytes: 1024 * 1024,
    isReadOnly: true,
  });

/** All partitions that are there; some of a topic that was being created may be missing. */
async function partitionsIn(data: string, environment: LogEnvironment): Promise<Partition[]> {
  if (!existsSync(nodePath.join(data, "topics"))) return [];
  const { disk } = environment;
  const found: Partition[] = [];
  for (const { name: topic } of await disk.list("topics")) {
    const inside = await disk.list(`topics/${topic}`);
    const indexes = inside
      .filter(({ kind }) => kind === "directory")
      .map(({ name }) => Number(name));
    const count = Math.max(...indexes) + 1;
    for (const index of indexes) found.push({ topic, index, count });
  }
  return found;
}

const nameOf = ({ topic, index }: Partition): string => `${topic}/${index}`;
const directoryOf = (partition: Partition): string => `topics/${nameOf(partition)}`;

/** How a directory is read. */
export interface Reading {
  /** A broker is writing it: only what it has acknowledged is seen. */
  readonly isLive?: boolean;
  /** The one topic to read. */
  readonly only?: string;
}

/** Hands what the directory holds beyond what the checker has taken to the checker. */
export async function readDirectory(
  data: string,
  checker: Checker,
  { isLive = false, only }: Reading = {},
): Promise<void> {
  const environment = environmentOf(data);
  for (const partition of await partitionsIn(data, environment)) {
    if (only !== undefined && partition.topic !== only) continue;
    const view = new LogView(environment, directoryOf(partition), () => isLive);
    const refused = await view.refresh();
    if (refused !== null) checker.note("damaged", `${nameOf(partition)}: ${refused}`);
    else await readPartition(view, checker, partition);
    await view.close();
  }
}

/** A record, as one reads it. */
export interface ReadableRecord {
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** Beyond the milliseconds. */
  readonly nanoseconds: number;
  readonly key: string | null;
  readonly value: string | null;
}

/** The records of a partition that is small. */
export async function recordsIn(data: string, partition: Partition): Promise<ReadableRecord[]> {
  const view = new LogView(environmentOf(data), directoryOf(partition), () => false);
  const refused = await view.refresh();
  if (refused !== null) throw new Error(refused.message);
  const read = await view.read(view.startOffset, readBytesMax);
  if (read instanceof Refusal) throw new Error(read.message);
  await view.close();
  return read.chunks.flatMap(readableRecords);
}

/** The records of whole batches, one after another. */
export function readableRecords(chunk: Uint8Array): ReadableRecord[] {
  const view = viewOf(chunk);
  const text = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);
  const found: ReadableRecord[] = [];
  for (let at = 0; at < chunk.length; at += batchBytesAt(view, at)) {
    const records = openRecords(chunk, view, at);
    if (records instanceof Refusal) throw new Error(records.message);
    while (records.next()) {
      const record = records.record();
      const { offset: place, timestamp, key, value } = record;
      const nanoseconds = nanosecondsOf(record);
      found.push({ offset: place, timestamp, nanoseconds, key: text(key), value: text(value) });
    }
  }
  return found;
}

async function readPartition(view: LogView, checker: Checker, partition: Partition): Promise<void> {
  const name = nameOf(partition);
  const from = checker.nextOffset(partition);
  if (view.visibleOffset < from) {
    return checker.note(
      "lost",
      `${name} ends at ${view.visibleOffset}, before it ended at ${from}`,
    );
  }
  let at = offset(from);
  while (at < view.visibleOffset) {
    const read: LogRead | Refusal = await view.read(at, readBytesMax);
    if (read instanceof Refusal) return checker.note("damaged", `${name} at ${at}: ${read}`);
    for (const chunk of read.chunks) takeBatches(chunk, checker, partition);
    if (read.nextOffset <= at) return checker.note("damaged", `${name} stops at ${at}`);
    at = read.nextOffset;
  }
}

/** Hands whole batches, one after another, to the checker. */
export function takeBatches(chunk: Uint8Array, checker: Checker, partition: Partition): void {
  const view = viewOf(chunk);
  for (let at = 0; at < chunk.length; at += batchBytesAt(view, at)) {
    const place = `${nameOf(partition)}, byte ${at} of ${chunk.length}`;
    const fault = checkBatch(chunk, view, at, chunk.length, batchBytesMax);
    if (fault !== null) return checker.note("damaged", `${place}: ${fault}`);
    const records = openRecords(chunk, view, at);
    if (records instanceof Refusal) return checker.note("damaged", `${place}: ${records}`);
    const from = checker.nextOffset(partition);
    while (records.next()) {
      // The batch that holds the offset that was asked for may begin before it.
      if (records.offset >= from) checker.take(partition, records.record());
    }
    if (records.damage !== null) checker.note("damaged", `${place}: ${records.damage}`);
  }
}

/** Walks every log file from its first byte to its last, and notes what is no batch. */
export async function scanDirectory(data: string, checker: Checker): Promise<void> {
  const environment = environmentOf(data);
  for (const partition of await partitionsIn(data, environment)) {
    const directory = directoryOf(partition);
    for (const { base, logBytes } of segmentsIn(await environment.disk.list(directory))) {
      if (logBytes === null) continue;
      const path = `${directory}/${logFileName(base)}`;
      const file = await environment.disk.open(path, "read");
      for await (const item of scanBatches(file, {
        from: 0,
        to: logBytes,
        base,
        segmentBase: base,
      })) {
        if (item.kind === "batches") continue;
        checker.note("damaged", `${path}, bytes ${item.from} to ${item.to}: ${item.fault}`);
      }
      await file.close();
    }
  }
}
