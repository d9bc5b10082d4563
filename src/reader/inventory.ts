/**
 * What a partition consists of. The cheap inventory looks at names, sizes and index headers; the
 * full one reads every batch header as well.
 */
import type { Refusal } from "../base/refusal.ts";
import type { LogEnvironment } from "../log/environment.ts";
import { segmentsIn, type SegmentFiles } from "../log/files.ts";
import { scanBatches, type BatchRun } from "../log/scan.ts";
import type { Segment } from "../log/segment.ts";
import { LogView } from "../log/view.ts";
import { attribute, compressionOf, readHeader } from "../record/batch.ts";
import { millisecondsOf } from "../record/nanoseconds.ts";
import { walkMessages } from "../original/messages.ts";
import type { OriginalLog } from "../original/layout.ts";
import { readingRefused, type FoundPartition } from "./directory.ts";

/** One segment, or one log of the original, which has no segments. Times are ms since 1970. */
export interface SegmentInventory {
  readonly base: number;
  /** `null`: unknown without reading everything. */
  readonly endOffset: number | null;
  readonly isSealed: boolean;
  /** When it was begun; `null`: nothing says so. */
  readonly createdMs: number | null;
  /** The newest record's, or more; `null`: there is none, or nothing says so. */
  readonly maxTimestamp: number | null;
  /** Sizes of its files; `null`: not there. */
  readonly logBytes: number | null;
  readonly indexBytes: number | null;
  readonly timeIndexBytes: number | null;
  /** Only of a full inventory. */
  readonly content: SegmentContent | null;
}

/** What reading all of a segment tells. */
export interface SegmentContent {
  /** 0 for the original, which knows none. */
  readonly batches: number;
  readonly records: number;
  /** The oldest first record of a batch, of the original: of all; `null`: there is no record. */
  readonly minTimestamp: number | null;
  /** Names of the codecs in use, `none` among them, sorted. */
  readonly compressions: readonly string[];
  /** Bytes that are no batches. */
  readonly damagedBytes: number;
}

/** See the head of this file. */
export interface PartitionInventory {
  readonly found: FoundPartition;
  readonly startOffset: number;
  /** What a reader sees now; `null`: unknown without reading everything. */
  readonly endOffset: number | null;
  /** Bytes of all logs. */
  readonly logBytes: number;
  readonly segments: readonly SegmentInventory[];
}

/** How to take an inventory. */
export interface InventoryOptions {
  readonly isFull: boolean;
  /** Whether a broker owns the directory now. */
  readonly isLive: () => boolean | Promise<boolean>;
}

/** KAFKA_STORAGE_ERROR, UNKNOWN_TOPIC_OR_PARTITION: the directory can't be read, or went away. */
export async function takeInventory(
  environment: LogEnvironment,
  found: FoundPartition,
  options: InventoryOptions,
): Promise<PartitionInventory | Refusal> {
  const { source } = found;
  if (source.kind === "original") {
    return await inventoryOfOriginal(environment, found, source.log, options.isFull);
  }
  const view = new LogView(environment, source.directory, options.isLive);
  const refusal = await view.refresh();
  if (refusal !== null) return refusal;
  try {
    const files = segmentsIn(await environment.disk.list(source.directory));
    const segments: SegmentInventory[] = [];
    for (const segment of view.segments) {
      const own = files.find((each) => each.base === segment.base);
      if (own !== undefined) segments.push(await inventoryOf(segment, own, options.isFull));
    }
    return {
      found,
      startOffset: view.startOffset,
      endOffset: Math.max(view.startOffset, view.visibleOffset),
      logBytes: segments.reduce((sum, segment) => sum + (segment.logBytes ?? 0), 0),
      segments,
    };
  } catch (error) {
    return readingRefused(error);
  } finally {
    await view.close();
  }
}

async function inventoryOf(
  segment: Segment,
  files: SegmentFiles,
  isFull: boolean,
): Promise<SegmentInventory> {
  const header = await segment.readIndexHeader();
  return {
    base: segment.base,
    endOffset: segment.endOffset,
    isSealed: segment.sealed,
    createdMs: header?.createdMs ?? null,
    maxTimestamp: segment.maxTimestamp < 0 ? null : segment.maxTimestamp,
    logBytes: files.logBytes,
    indexBytes: files.indexBytes,
    timeIndexBytes: files.timeIndexBytes,
    content: isFull && files.logBytes !== null ? await contentOf(segment) : null,
  };
}

async function contentOf(segment: Segment): Promise<SegmentContent> {
  const counted = new Counted();
  const file = await segment.environment.disk.open(segment.logPath, "read");
  try {
    const { base, endPosition: to } = segment;
    const range = { from: 0, to, base, segmentBase: base };
    for await (const item of scanBatches(file, range)) {
      if (item.kind === "damage") counted.damagedBytes += item.to - item.from;
      else for (const at of item.starts) counted.batch(item, at);
    }
    return counted.content();
  } finally {
    await file.close();
  }
}

class Counted {
  damagedBytes = 0;
  batches = 0;
  records = 0;
  minTimestamp = Infinity;
  readonly compressions = new Set<string>();

  batch({ view }: BatchRun, at: number): void {
    const { recordsCount, baseTimestamp, maxTimestamp, attributes } = readHeader(view, at);
    this.batches += 1;
    if (recordsCount === 0) return;
    this.records += recordsCount;
    // Compaction has put another time there, which is of no record (KIP-534).
    const hasHorizon = (attributes & attribute.deleteHorizon) !== 0;
    this.minTimestamp = Math.min(this.minTimestamp, hasHorizon ? maxTimestamp : baseTimestamp);
    this.compressions.add(compressionOf(attributes) ?? "unknown");
  }

  content(): SegmentContent {
    const { batches, records, minTimestamp, damagedBytes } = this;
    return {
      batches,
      records,
      minTimestamp: minTimestamp === Infinity ? null : minTimestamp,
      compressions: [...this.compressions].sort(),
      damagedBytes,
    };
  }
}

async function inventoryOfOriginal(
  environment: LogEnvironment,
  found: FoundPartition,
  log: OriginalLog,
  isFull: boolean,
): Promise<PartitionInventory | Refusal> {
  const { logBytes, indexBytes } = log;
  const counted = new Counted();
  let endOffset: number | null = indexBytes === null ? null : Math.floor(indexBytes / 8);
  let maxTimestamp = -Infinity;
  if (isFull) {
    for await (const item of walkMessages(environment.disk, log)) {
      if (item.kind === "stopped") return item.refusal;
      if (item.kind === "index") continue;
      if (item.kind === "damage") {
        counted.damagedBytes += item.to.position - item.from.position;
        endOffset = item.to.number;
        continue;
      }
      endOffset = item.end.number;
      counted.records += item.messages.length;
      for (const { timestampHigh, timestampLow } of item.messages) {
        const time = millisecondsOf(timestampHigh, timestampLow);
        counted.minTimestamp = Math.min(counted.minTimestamp, time);
        maxTimestamp = Math.max(maxTimestamp, time);
      }
    }
    if (counted.records > 0) counted.compressions.add("none");
  }
  const segment: SegmentInventory = {
    base: 0,
    endOffset,
    isSealed: false,
    createdMs: null,
    maxTimestamp: maxTimestamp === -Infinity ? null : maxTimestamp,
    logBytes,
    indexBytes,
    timeIndexBytes: null,
    content: isFull ? counted.content() : null,
  };
  return { found, startOffset: 0, endOffset, logBytes, segments: [segment] };
}
