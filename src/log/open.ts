/** Opening a partition directory: every segment found, recovered where it must be, reported. */
import { assert } from "../base/assert.ts";
import { offset, type Offset } from "../base/brands.ts";
import type { Refusal } from "../base/refusal.ts";
import { DiskError, type DiskEntry } from "../disk/disk.ts";
import {
  isPassing,
  logFileName,
  segmentsIn,
  startFileName,
  temporarySuffix,
  type SegmentFiles,
} from "./files.ts";
import type { LogConfig } from "./log.ts";
import type { LogEnvironment } from "./environment.ts";
import {
  openSealed,
  promisesRecords,
  recoverSegment,
  type Loss,
  type Recovered,
} from "./recovery.ts";
import { SegmentLog } from "./segment-log.ts";
import { settleSwaps } from "./swap.ts";
import { Segment } from "./segment.ts";
import { decodeStart } from "./start-file.ts";
import { storageFailure } from "./storage-failure.ts";

/**
 * Opens the log in `directory`, which exists. Damage is logged and listed in the log's `losses`,
 * and does not keep the log from being used. KAFKA_STORAGE_ERROR: the disk failed.
 */
export async function openSegmentLog(
  environment: LogEnvironment,
  directory: string,
  config: LogConfig,
): Promise<SegmentLog | Refusal> {
  try {
    let entries = await environment.disk.list(directory, isSizeNeeded);
    let isSettled = true;
    if (entries.some(({ name }) => isPassing(name))) {
      await removeUnfinished(environment, directory, entries);
      isSettled = await settleSwaps(environment, directory, entries);
      entries = await environment.disk.list(directory, isSizeNeeded);
    }
    const hasStart = entries.some(({ name, kind }) => name === startFileName && kind === "file");
    const start = hasStart ? await readStart(environment, directory) : null;
    // Whoever wrote it may have died before the device had its name: then it would go back.
    if (hasStart) await environment.disk.syncDirectory(directory);
    const kept = await withoutTrimmed(environment, directory, segmentsIn(entries), start);
    const files = await withRecords(environment, directory, kept);
    const recovered: Recovered[] = [];
    for (const [at, segmentFiles] of files.entries()) {
      const nextBase = files[at + 1]?.base ?? null;
      recovered.push(await openSegment(environment, directory, segmentFiles, nextBase));
    }
    const isStartKnown = start !== null || !hasStart;
    const losses = [
      ...(isStartKnown ? firstGap(directory, start ?? offset(0), recovered[0]) : []),
      ...recovered.flatMap((one) => one.losses),
      ...gaps(recovered),
    ];
    for (const loss of losses) environment.logger.error("acknowledged records lost", { ...loss });
    return new SegmentLog(environment, directory, config, {
      segments: recovered.map((one) => one.segment),
      isSettled,
      isAppendable: recovered.at(-1)?.appendable ?? false,
      startOffset: start ?? recovered[0]?.segment.base ?? offset(0),
      losses,
    });
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    // Nobody owns them now, and under their names there may be another topic's before long.
    await environment.files.close(`${directory}/`);
    return storageFailure(`opening ${directory}`, error);
  }
}

/** What the others hold is known when they have been read. */
const isSizeNeeded = (name: string): boolean => name.endsWith(".log") || isPassing(name);

/** Whole-file writes that were interrupted leave a file behind which nobody will ever look at. */
async function removeUnfinished(
  { disk, logger }: LogEnvironment,
  directory: string,
  entries: readonly DiskEntry[],
): Promise<void> {
  for (const { name, kind } of entries) {
    if (kind !== "file" || !name.endsWith(temporarySuffix)) continue;
    logger.info("unfinished file removed", { directory, name });
    await disk.remove(`${directory}/${name}`);
  }
}

/** Completes a trimming that was interrupted: removes the segments that lie below the start. */
async function withoutTrimmed(
  environment: LogEnvironment,
  directory: string,
  found: readonly SegmentFiles[],
  start: Offset | null,
): Promise<readonly SegmentFiles[]> {
  const kept = found.findLastIndex(
    ({ base, logBytes }) => base <= (start ?? 0) && logBytes !== null,
  );
  if (environment.isReadOnly || kept <= 0) return found;
  for (const { base } of found.slice(0, kept)) {
    await new Segment(environment, directory, base, null).remove();
  }
  return found.slice(kept);
}

/** Records between the start and the first segment, which nobody has asked to delete. */
function firstGap(directory: string, start: Offset, first: Recovered | undefined): Loss[] {
  const base = first?.segment.base ?? start;
  if (base <= start) return [];
  return [
    {
      log: `${directory}/${logFileName(start)}`,
      row: "records missing before the first segment",
      fromOffset: start,
      toOffset: base,
      fromPosition: 0,
      toPosition: 0,
    },
  ];
}

/** Leaves out indexes without a log that speak of no records: a segment that was being made. */
async function withRecords(
  environment: LogEnvironment,
  directory: string,
  found: readonly SegmentFiles[],
): Promise<SegmentFiles[]> {
  const kept: SegmentFiles[] = [];
  for (const files of found) {
    const isWhole = files.logBytes !== null;
    if (isWhole || (await promisesRecords(environment, directory, files))) kept.push(files);
  }
  return kept;
}

async function openSegment(
  environment: LogEnvironment,
  directory: string,
  files: SegmentFiles,
  nextBase: Offset | null,
): Promise<Recovered> {
  // Of the last one, which is seldom sealed, recovery reads the index anyway.
  const sealed = nextBase === null ? null : await openSealed(environment, directory, files);
  if (sealed !== null) return sealed;
  const recovered = await recoverSegment(environment, directory, files, nextBase);
  if (recovered.isAhead) await publishQuietly(environment, recovered);
  return recovered;
}

/**
 * So that readers see all that was recovered, and the next start need not look again at what is
 * finished. A disk that is full may refuse it.
 */
async function publishQuietly(
  environment: LogEnvironment,
  { segment, appendable }: Recovered,
): Promise<void> {
  try {
    await segment.publish(segment.end, appendable ? "grows" : "seal", true);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    environment.logger.warn("index not written", { error: error.message });
  }
}

/** Offsets between two segments that neither holds. */
function gaps(recovered: readonly Recovered[]): Loss[] {
  const found: Loss[] = [];
  for (let at = 1; at < recovered.length; at++) {
    const before = recovered[at - 1]?.segment;
    const after = recovered[at]?.segment;
    assert(before !== undefined && after !== undefined, "both neighbours exist");
    if (before.endOffset === after.base) continue;
    const isOverlap = before.endOffset > after.base;
    found.push({
      log: `${before.directory}/${logFileName(isOverlap ? after.base : before.endOffset)}`,
      row: isOverlap ? "segments overlap" : "records missing between segments",
      fromOffset: isOverlap ? after.base : before.endOffset,
      toOffset: isOverlap ? before.endOffset : after.base,
      fromPosition: 0,
      toPosition: 0,
    });
  }
  return found;
}

async function readStart(environment: LogEnvironment, directory: string): Promise<Offset | null> {
  const path = `${directory}/${startFileName}`;
  const start = decodeStart(await environment.disk.readWhole(path));
  if (start === null) {
    environment.logger.error("start file damaged: records that were trimmed may show again", {
      path,
    });
  }
  return start;
}
