/**
 * The engine of `check`: reads every byte of a partition and says whether anything that was
 * acknowledged is damaged or missing. Nothing is written, and no metadata is needed.
 */
import { offset, type Offset } from "../base/brands.ts";
import type { Refusal } from "../base/refusal.ts";
import { DiskError, type DiskEntry } from "../disk/disk.ts";
import type { LogEnvironment } from "../log/environment.ts";
import {
  cleanedSuffix,
  indexFileName,
  logFileName,
  segmentsIn,
  startFileName,
  type SegmentFiles,
  swapFileName,
  swapsIn,
} from "../log/files.ts";
import { promisesRecords } from "../log/recovery.ts";
import { decodeStart } from "../log/start-file.ts";
import { walkMessages } from "../original/messages.ts";
import type { OriginalLog } from "../original/layout.ts";
import { readingRefused, type FoundPartition } from "./directory.ts";
import { Findings, type Health } from "./findings.ts";
import { verifySegment } from "./verify-segment.ts";

/** What {@link verifyPartition} is told. */
export interface VerifyOptions {
  /** Whether a broker owns the directory now: then only what it acknowledged is checked. */
  readonly isLive: () => boolean | Promise<boolean>;
  /** Called with the bytes of log that were checked since the last call. */
  readonly progress?: (bytes: number) => void;
}

/** What became of one partition. */
export interface PartitionReport {
  readonly found: FoundPartition;
  readonly health: Health;
  readonly findings: Findings;
  /** Why it could not be read to its end; its health is then `damaged`. */
  readonly refusal: Refusal | null;
  readonly startOffset: Offset;
  readonly endOffset: Offset;
  readonly segments: number;
  readonly batches: number;
  readonly records: number;
}

/** Checks one partition. Never rejects. @param environment read only, on the directory */
export async function verifyPartition(
  environment: LogEnvironment,
  found: FoundPartition,
  options: VerifyOptions,
): Promise<PartitionReport> {
  const { source } = found;
  if (source.kind === "original")
    return await new Verification(found).original(environment, source.log, options);
  const isLive = await options.isLive();
  const report = await new Verification(found).own(environment, source.directory, isLive, options);
  // A broker that started meanwhile was seen writing, and one that is at work may have replaced
  // segments by compacted ones: what looked like damage may be its work.
  const isDoubtful = isLive ? report.health === "damaged" : await options.isLive();
  if (!isDoubtful) return report;
  return await new Verification(found).own(environment, source.directory, true, options);
}

/** Bytes of log that checking these partitions will read. KAFKA_STORAGE_ERROR: can't be read. */
export async function bytesToVerify(
  environment: LogEnvironment,
  partitions: readonly FoundPartition[],
): Promise<number | Refusal> {
  let bytes = 0;
  try {
    for (const { source } of partitions) {
      if (source.kind === "original") bytes += source.log.logBytes;
      else {
        const files = segmentsIn(await environment.disk.list(source.directory));
        for (const { logBytes } of files) bytes += logBytes ?? 0;
      }
    }
    return bytes;
  } catch (error) {
    return readingRefused(error);
  }
}

/** The worst of several healths; `damaged` alone makes `check` fail. */
export function worstOf(healths: readonly Health[]): Health {
  if (healths.includes("damaged")) return "damaged";
  return healths.includes("noted") ? "noted" : "healthy";
}

class Verification {
  readonly #findings = new Findings();
  #start = offset(0);
  #end = offset(0);
  #segments = 0;
  #batches = 0;
  #records = 0;

  constructor(private readonly found: FoundPartition) {}

  async own(
    environment: LogEnvironment,
    directory: string,
    isLive: boolean,
    options: VerifyOptions,
  ): Promise<PartitionReport> {
    const progress = options.progress ?? (() => {});
    try {
      const entries = await environment.disk.list(directory);
      await this.#allSegments(environment, directory, entries, isLive, progress);
      await this.#startFile(environment, directory, entries);
      if (!isLive) this.#leftovers(directory, entries);
      return this.#report(null);
    } catch (error) {
      if (isLive && isMissing(error)) {
        this.#findings.note("gone", directory, "was deleted while it was checked");
        return this.#report(null);
      }
      return this.#report(readingRefused(error));
    }
  }

  async original(
    environment: LogEnvironment,
    log: OriginalLog,
    options: VerifyOptions,
  ): Promise<PartitionReport> {
    let position = 0;
    this.#segments = 1;
    for await (const item of walkMessages(environment.disk, log)) {
      if (item.kind === "stopped") return this.#report(item.refusal);
      if (item.kind === "index") {
        const { fault, entries, messages } = item;
        const what = `is ${fault}: ${entries} entries for ${messages} messages`;
        this.#findings.note("index", log.indexPath, what);
        continue;
      }
      const end = item.kind === "messages" ? item.end : item.to;
      if (item.kind === "messages") this.#records += item.messages.length;
      else if (item.isTail && item.fault === "truncated") {
        const bytes = item.to.position - item.from.position;
        this.#findings.note("torn", log.logPath, `${bytes} bytes of a write that never finished`);
      } else {
        this.#findings.damage({
          path: log.logPath,
          fault: item.fault,
          fromPosition: item.from.position,
          toPosition: item.to.position,
          fromOffset: offset(item.from.number),
          toOffset: offset(item.to.number),
        });
      }
      this.#end = offset(end.number);
      options.progress?.(end.position - position);
      position = end.position;
    }
    return this.#report(null);
  }

  async #allSegments(
    environment: LogEnvironment,
    directory: string,
    entries: readonly DiskEntry[],
    isLive: boolean,
    progress: (bytes: number) => void,
  ): Promise<void> {
    const segments = await this.#withRecords(environment, directory, entries, isLive);
    this.#end = this.#start = segments[0]?.base ?? offset(0);
    const findings = this.#findings;
    for (const [at, files] of segments.entries()) {
      this.#gap(directory, files.base);
      try {
        const content = await verifySegment({
          environment,
          directory,
          files,
          nextBase: segments[at + 1]?.base ?? null,
          isLive,
          findings,
          progress,
        });
        this.#segments += 1;
        this.#batches += content.batches;
        this.#records += content.records;
        this.#end = content.endOffset;
        // A broker finishes one segment before it tells of the next.
        if (isLive && !content.isSealed) return;
      } catch (error) {
        if (!isLive || !isMissing(error)) throw error;
        this.#end = this.#start = segments[at + 1]?.base ?? this.#end;
      }
    }
  }

  /** The segments, as recovery counts them: without those that were just being made. */
  async #withRecords(
    environment: LogEnvironment,
    directory: string,
    entries: readonly DiskEntry[],
    isLive: boolean,
  ): Promise<SegmentFiles[]> {
    const kept: SegmentFiles[] = [];
    for (const files of segmentsIn(entries)) {
      const isWhole = files.logBytes !== null;
      if (isWhole || (await promisesRecords(environment, directory, files))) kept.push(files);
      else if (!isLive) {
        const path = `${directory}/${indexFileName(files.base)}`;
        this.#findings.note("leftover", path, "an index without a log, of no record");
      }
    }
    return kept;
  }

  /** Offsets that neither this segment nor the one before it holds, or that both hold. */
  #gap(directory: string, base: Offset): void {
    if (base === this.#end) return;
    const isOverlap = base < this.#end;
    this.#findings.damage({
      path: `${directory}/${logFileName(isOverlap ? base : this.#end)}`,
      fault: isOverlap ? "misplaced" : "missing",
      fromPosition: 0,
      toPosition: 0,
      fromOffset: isOverlap ? base : this.#end,
      toOffset: isOverlap ? this.#end : base,
    });
  }

  async #startFile(
    environment: LogEnvironment,
    directory: string,
    entries: readonly DiskEntry[],
  ): Promise<void> {
    if (!entries.some((entry) => entry.name === startFileName)) return;
    const path = `${directory}/${startFileName}`;
    const start = decodeStart(await environment.disk.readWhole(path));
    if (start === null) {
      this.#findings.note("start", path, "is damaged: records that were deleted may show again");
      return;
    }
    // Deleting moves the start first, and then removes what lies wholly before it.
    if (start < this.#start) {
      const damage = { path, fault: "missing", fromPosition: 0, toPosition: 0 } as const;
      this.#findings.damage({ ...damage, fromOffset: start, toOffset: this.#start });
    }
    this.#start = offset(Math.max(start, this.#start));
  }

  #leftovers(directory: string, entries: readonly DiskEntry[]): void {
    const swaps = swapsIn(entries);
    for (const { name } of entries) {
      if (!name.endsWith(".tmp") && !(name.endsWith(cleanedSuffix) && swaps.length === 0)) continue;
      this.#findings.note("leftover", `${directory}/${name}`, "a file that was never finished");
    }
    for (const swap of swaps) {
      const what = "a compaction that was interrupted; the next start completes it";
      this.#findings.note("leftover", `${directory}/${swapFileName(swap)}`, what);
    }
  }

  #report(refusal: Refusal | null): PartitionReport {
    return {
      found: this.found,
      health: refusal === null ? this.#findings.health : "damaged",
      findings: this.#findings,
      refusal,
      startOffset: this.#start,
      endOffset: this.#end,
      segments: this.#segments,
      batches: this.#batches,
      records: this.#records,
    };
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof DiskError && error.kind === "missing";
