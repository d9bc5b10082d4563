/**
 * A partition directory as a reader sees it: read only, whether a broker is writing it, has closed
 * it or was killed. While a broker is at work only what it acknowledged is seen (the floor that it
 * publishes); in a directory that nobody writes, every good batch is.
 */
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError } from "../disk/disk.ts";
import { readBytesMax } from "../limits.ts";
import type { LogEnvironment } from "./environment.ts";
import { logFileName, segmentsIn, startFileName, type SegmentFiles } from "./files.ts";
import { GrowingIndex } from "./index.ts";
import type { IndexHeader } from "./index-file.ts";
import type { LogRead, TimedOffset } from "./log.ts";
import { scanBatches, type ScanRange } from "./scan.ts";
import { missingRefusal, readFile } from "./segment-read.ts";
import { Segment } from "./segment.ts";
import { decodeStart } from "./start-file.ts";
import { findTime } from "./time-search.ts";

/** See the head of this file. Nothing moves under a caller's feet except by {@link refresh}. */
export class LogView {
  #segments: Segment[] = [];
  #start: Offset = offset(0);
  /** Whether the last look was at a directory that a broker owned. */
  #wasLive = false;
  /** When each segment was begun, by its base: what tells a log from another in its place. */
  readonly #created = new Map<Offset, number>();
  #generation = 0;

  /**
   * @param environment read only
   * @param isLive whether a broker owns the directory now; asked at each refresh
   */
  constructor(
    readonly environment: LogEnvironment,
    readonly directory: string,
    readonly isLive: () => boolean | Promise<boolean>,
  ) {}

  /** Goes up when the directory turns out to hold another log than before: offsets mean others. */
  get generation(): number {
    return this.#generation;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  get startOffset(): Offset {
    return this.#start;
  }

  /** The offset after the last record that is seen. */
  get visibleOffset(): Offset {
    return this.#segments.at(-1)?.endOffset ?? this.#start;
  }

  /** Looks again: new segments, removed segments, what was acknowledged meanwhile. */
  async refresh(): Promise<Refusal | null> {
    try {
      const isLive = await this.isLive();
      await this.#lookAt(isLive);
      // A broker that started meanwhile has written what nobody may see yet.
      if (!isLive && (await this.isLive())) await this.#lookAt(true);
      return null;
    } catch (error) {
      return storageError(error);
    }
  }

  /** Whole batches from `from` on; see `PartitionLog.read`, which this follows. */
  async read(from: Offset, bytesMax: number): Promise<LogRead | Refusal> {
    if (from < this.#start || from > this.visibleOffset) {
      const range = `[${this.#start}, ${this.visibleOffset}]`;
      return new Refusal("OFFSET_OUT_OF_RANGE", `offset ${from} is not in ${range}`);
    }
    const budget = Math.min(Math.max(bytesMax, 1), readBytesMax);
    let before: Segment | null = null;
    for (const segment of this.#segments) {
      if (segment.base > from && before) return missingRefusal(before, from, segment.base);
      if (segment.endOffset > from) return await readFile(segment, from, budget, segment.end);
      before = segment;
    }
    return { chunks: [], bytes: 0, nextOffset: from };
  }

  /** See `PartitionLog.offsetForTime`. */
  async offsetForTime(timestamp: number): Promise<TimedOffset | null | Refusal> {
    return await findTime(this, timestamp);
  }

  /** Closes the files that reading has opened. */
  async close(): Promise<void> {
    await this.environment.files.close(`${this.directory}/`);
    for (const segment of this.#segments) segment.release();
  }

  async #lookAt(isLive: boolean): Promise<void> {
    const entries = await this.environment.disk.list(this.directory);
    const known = new Map(this.#segments.map((segment) => [segment.base, segment]));
    const segments: Segment[] = [];
    for (const files of segmentsIn(entries)) {
      const segment = await this.#look(files, known.get(files.base), isLive);
      segments.push(segment);
      // A broker finishes one segment before it tells of the next.
      if (isLive && !segment.sealed) break;
    }
    this.#segments = segments;
    this.#wasLive = isLive;
    const hasStart = entries.some((entry) => entry.name === startFileName);
    const first = segments[0]?.base ?? offset(0);
    this.#start = offset(Math.max(first, hasStart ? await this.#readStart() : 0));
  }

  async #look(files: SegmentFiles, known: Segment | undefined, isLive: boolean): Promise<Segment> {
    const isShorter = known !== undefined && (files.logBytes ?? 0) < known.endPosition;
    if (known?.sealed && !isShorter) return known;
    // Opened anew: where a topic was deleted and created again, the open files are the old ones.
    const logPath = `${this.directory}/${logFileName(files.base)}`;
    await this.environment.files.close(logPath.slice(0, -".log".length));
    // What was scanned without a floor may lie above the floor of a broker that has come.
    const kept = isShorter || isLive !== this.#wasLive ? undefined : known;
    let segment = kept ?? this.#newSegment(files);
    let header = await segment.loadIndex();
    if (header !== null && this.#isAnother(header)) {
      segment = this.#newSegment(files);
      header = await segment.loadIndex();
    }
    if (header?.sealed) segment.becomeSealed(header);
    else if (!isLive) await this.#scanTail(segment, files.logBytes ?? 0, header);
    else if (header !== null) {
      segment.endOffset = header.floorOffset;
      segment.endPosition = header.floorPosition;
      segment.maxTimestamp = header.maxTimestamp;
    }
    return segment;
  }

  /** Whether the segment with this header is not the one that was seen under its name before. */
  #isAnother(header: IndexHeader): boolean {
    const before = this.#created.get(header.base) ?? header.createdMs;
    this.#created.set(header.base, header.createdMs);
    if (before === header.createdMs) return false;
    this.#generation += 1;
    return true;
  }

  #newSegment(files: SegmentFiles): Segment {
    return new Segment(this.environment, this.directory, files.base, new GrowingIndex());
  }

  /** With nobody writing, every good batch counts; good ones behind damage too. */
  async #scanTail(segment: Segment, bytes: number, header: IndexHeader | null): Promise<void> {
    segment.beginAtLastBoundary(bytes);
    const tornFrom = header === null ? {} : { tornFrom: header.floorPosition };
    if (bytes > 0) await this.#scan(segment, bytes, tornFrom);
    if (header === null || header.floorOffset <= segment.endOffset) return;
    // A reader that comes to the missing part is told of it, so the end is what was promised.
    segment.endOffset = header.floorOffset;
    segment.endPosition = Math.max(segment.endPosition, header.floorPosition);
  }

  async #scan(
    segment: Segment,
    bytes: number,
    tornFrom: Pick<ScanRange, "tornFrom">,
  ): Promise<void> {
    await this.environment.files.use(segment.logPath, "read", async (file) => {
      const { endPosition: from, endOffset: base, base: segmentBase } = segment;
      const range = { from, to: bytes, base, segmentBase, ...tornFrom };
      for await (const item of scanBatches(file, range)) {
        if (item.kind === "batches") {
          for (const at of item.starts) segment.noteBatch(item.view, at);
        } else if (item.toOffset !== null) {
          segment.endPosition = item.to;
          segment.endOffset = item.toOffset;
        }
      }
    });
  }

  async #readStart(): Promise<Offset> {
    const bytes = await this.environment.disk.readWhole(`${this.directory}/${startFileName}`);
    return decodeStart(bytes) ?? offset(0);
  }
}

/** What a directory reader answers when the disk fails; a vanished directory is a deleted topic. */
function storageError(error: unknown): Refusal {
  if (!(error instanceof DiskError)) throw error;
  if (error.kind === "missing") {
    return new Refusal("UNKNOWN_TOPIC_OR_PARTITION", `no such partition: ${error.message}`);
  }
  return new Refusal("KAFKA_STORAGE_ERROR", `reading failed: ${error.message}`);
}
