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
import { segmentsIn, startFileName, type SegmentFiles } from "./files.ts";
import { GrowingIndex } from "./index.ts";
import type { LogRead, TimedOffset } from "./log.ts";
import { scanBatches } from "./scan.ts";
import { readFile } from "./segment-read.ts";
import { Segment } from "./segment.ts";
import { decodeStart } from "./start-file.ts";
import { findTime } from "./time-search.ts";

/** See the head of this file. Nothing moves under a caller's feet except by {@link refresh}. */
export class LogView {
  #segments: Segment[] = [];
  #start: Offset = offset(0);

  /**
   * @param environment read only
   * @param isLive whether a broker owns the directory now; asked at each refresh
   */
  constructor(
    readonly environment: LogEnvironment,
    readonly directory: string,
    readonly isLive: () => boolean,
  ) {}

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
      // Asked first: a broker that starts in between makes us see less, never too much.
      const isLive = this.isLive();
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
      const hasStart = entries.some((entry) => entry.name === startFileName);
      const first = segments[0]?.base ?? offset(0);
      this.#start = offset(Math.max(first, hasStart ? await this.#readStart() : 0));
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
    let next = from;
    for (const segment of this.#segments) {
      if (segment.endOffset <= next) continue;
      const at = next < segment.base ? segment.base : next;
      const read = await readFile(segment, at, budget, segment.end);
      if (read instanceof Refusal || read.bytes > 0) return read;
      next = segment.endOffset;
    }
    return { chunks: [], bytes: 0, nextOffset: next };
  }

  /** See `PartitionLog.offsetForTime`. */
  async offsetForTime(timestamp: number): Promise<TimedOffset | null | Refusal> {
    return await findTime(this, timestamp);
  }

  /** Closes the files that reading has opened. */
  async close(): Promise<void> {
    await this.environment.files.close(`${this.directory}/`);
  }

  async #look(files: SegmentFiles, known: Segment | undefined, isLive: boolean): Promise<Segment> {
    if (known?.sealed) return known;
    const fresh = () =>
      new Segment(this.environment, this.directory, files.base, new GrowingIndex());
    const segment = known ?? fresh();
    const header = await segment.loadIndex();
    if (header?.sealed) {
      segment.becomeSealed(header);
      return segment;
    }
    if (isLive) {
      if (header === null) return segment;
      segment.endOffset = header.floorOffset;
      segment.endPosition = header.floorPosition;
      segment.maxTimestamp = header.maxTimestamp;
      return segment;
    }
    await this.#scanTail(segment, files.logBytes ?? 0);
    return segment;
  }

  /** Without a floor to go by, every good batch counts; good ones behind damage too. */
  async #scanTail(segment: Segment, bytes: number): Promise<void> {
    segment.beginAtLastBoundary(bytes);
    if (bytes === 0) return;
    await this.environment.files.use(segment.logPath, "read", async (file) => {
      for await (const item of scanBatches(file, segment.endPosition, bytes, segment.endOffset)) {
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
