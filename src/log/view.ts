/**
 * A partition directory as a reader sees it: read only, whether a broker is writing it, has closed
 * it or was killed. While a broker is at work only what it acknowledged is seen (the floor that it
 * publishes); in a directory that nobody writes, every good batch is.
 *
 * A broker may replace segments by compacted ones at any time. Whoever has an old one open reads
 * what it held; what was looked at before and is opened after may be neither. That looks like
 * damage, so damage is looked at once more before it is told of.
 */
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError, type DiskEntry } from "../disk/disk.ts";
import { readBytesMax, viewLooksMax } from "../limits.ts";
import type { LogEnvironment } from "./environment.ts";
import { segmentFilePrefix, segmentsIn, startFileName, type SegmentFiles } from "./files.ts";
import { GrowingIndex } from "./index.ts";
import type { IndexHeader } from "./index-file.ts";
import type { LogRead, TimedOffset } from "./log.ts";
import { promisesRecords } from "./recovery.ts";
import { scanBatches, toldBy } from "./scan.ts";
import { missingRefusal, nothingAt, readFile } from "./segment-read.ts";
import { Segment } from "./segment.ts";
import { decodeStart } from "./start-file.ts";
import { findTime } from "./time-search.ts";
import { storageFailure } from "./storage-failure.ts";

/**
 * See the head of this file. Nothing moves under a caller's feet except by {@link refresh}, and by
 * reading where something looks damaged.
 */
export class LogView {
  #segments: Segment[] = [];
  /** What the files were when a segment was looked at: another size says that it was replaced. */
  readonly #looks = new Map<Segment, SegmentFiles>();
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

  /** Looks again, and believes nothing that was seen before. */
  async lookAnew(): Promise<Refusal | null> {
    await this.close();
    this.#segments = [];
    return await this.refresh();
  }

  /** Whole batches from `from` on; see `PartitionLog.read`, which this follows. */
  async read(from: Offset, bytesMax: number): Promise<LogRead | Refusal> {
    for (let look = 1; ; look++) {
      const read = await this.#read(from, bytesMax);
      const isSure = !(read instanceof Refusal) || read.code !== "CORRUPT_MESSAGE";
      if (isSure || look === viewLooksMax) return read;
      const refusal = await this.lookAnew();
      if (refusal !== null) return refusal;
    }
  }

  async #read(from: Offset, bytesMax: number): Promise<LogRead | Refusal> {
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
    return nothingAt(from);
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
    for (let look = 1; ; look++) {
      const entries = await this.environment.disk.list(this.directory);
      const isCut = await this.#lookThrough(entries, isLive);
      // A segment in the middle that is not finished may just be one that was being replaced.
      const isSure = !isCut || look === viewLooksMax || !(await this.#isChanged(entries));
      if (isSure) return;
    }
  }

  /** Whether files have come, gone or been renamed since this listing. */
  async #isChanged(entries: readonly DiskEntry[]): Promise<boolean> {
    const now = await this.environment.disk.list(this.directory);
    return now.map(({ name }) => name).join() !== entries.map(({ name }) => name).join();
  }

  /** Looks at what was listed. Resolves to whether it stopped before the last segment. */
  async #lookThrough(entries: readonly DiskEntry[], isLive: boolean): Promise<boolean> {
    const known = new Map(this.#segments.map((segment) => [segment.base, segment]));
    const segments: Segment[] = [];
    const listed = await this.#listed(entries, isLive);
    for (const [at, files] of listed.entries()) {
      const nextBase = listed[at + 1]?.base ?? null;
      const segment = await this.#look({ ...files, nextBase }, known.get(files.base), isLive);
      this.#looks.set(segment, files);
      segments.push(segment);
      // A broker finishes one segment before it tells of the next.
      if (isLive && !segment.sealed) break;
    }
    this.#segments = segments;
    for (const segment of known.values()) {
      if (!segments.includes(segment)) this.#looks.delete(segment);
    }
    this.#wasLive = isLive;
    const hasStart = entries.some((entry) => entry.name === startFileName);
    const first = segments[0]?.base ?? offset(0);
    this.#start = offset(Math.max(first, hasStart ? await this.#readStart() : 0));
    return isLive && segments.length < listed.length;
  }

  async #listed(entries: readonly DiskEntry[], isLive: boolean): Promise<SegmentFiles[]> {
    const listed: SegmentFiles[] = [];
    for (const files of segmentsIn(entries)) {
      if (isLive || !(await this.#isEmpty(files))) listed.push(files);
    }
    return listed;
  }

  /** Whether it is an index alone, and of no records: the next start leaves it out, too. */
  async #isEmpty(files: SegmentFiles): Promise<boolean> {
    if (files.logBytes !== null) return false;
    return !(await promisesRecords(this.environment, this.directory, files));
  }

  async #look(
    files: SegmentFiles & { readonly nextBase: Offset | null },
    known: Segment | undefined,
    isLive: boolean,
  ): Promise<Segment> {
    const isShorter = known !== undefined && (files.logBytes ?? 0) < known.endPosition;
    if (known?.sealed && this.#isAsBefore(known, files)) return known;
    // Opened anew: where a topic was deleted and created again, the open files are the old ones.
    await this.environment.files.close(`${this.directory}/${segmentFilePrefix(files.base)}`);
    // What was scanned without a floor may lie above the floor of a broker that has come.
    const isOther = isShorter || known?.sealed === true || isLive !== this.#wasLive;
    const kept = isOther ? undefined : known;
    let segment = kept ?? this.#newSegment(files);
    let header = await segment.loadIndex();
    if (header !== null && this.#isAnother(header)) {
      segment = this.#newSegment(files);
      header = await segment.loadIndex();
    }
    if (header?.sealed) segment.becomeSealed(header);
    else if (!isLive) await this.#scanTail(segment, files, header);
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
    const { environment, directory } = this;
    const { base, cleaned } = files;
    return new Segment(environment, directory, base, new GrowingIndex(), cleaned);
  }

  /** Whether the files of a finished segment are the ones that were looked at. */
  #isAsBefore(segment: Segment, files: SegmentFiles): boolean {
    const before = this.#looks.get(segment);
    const isAsLong = before?.logBytes === files.logBytes;
    return isAsLong && before.cleaned.join() === files.cleaned.join();
  }

  /** With nobody writing, every good batch counts; good ones behind damage too. */
  async #scanTail(
    segment: Segment,
    { logBytes, nextBase }: { readonly logBytes: number | null; readonly nextBase: Offset | null },
    header: IndexHeader | null,
  ): Promise<void> {
    const bytes = logBytes ?? 0;
    segment.maxTimestamp = Math.max(segment.maxTimestamp, header?.maxTimestamp ?? -1);
    segment.beginRecovery(header, bytes);
    if (bytes > segment.endPosition) await this.#scan(segment, bytes, toldBy(header, nextBase));
    if (header === null || header.floorOffset <= segment.endOffset) return;
    // A reader that comes to the missing part is told of it, so the end is what was promised.
    segment.endOffset = header.floorOffset;
    segment.endPosition = Math.max(segment.endPosition, header.floorPosition);
  }

  async #scan(segment: Segment, bytes: number, told: ReturnType<typeof toldBy>): Promise<void> {
    await this.environment.files.use(segment.logPath, "read", async (file) => {
      const { endPosition: from, endOffset: base, base: segmentBase } = segment;
      const range = { from, to: bytes, base, segmentBase, ...told };
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
  if (error instanceof DiskError && error.kind === "missing") {
    return new Refusal("UNKNOWN_TOPIC_OR_PARTITION", `no such partition: ${error.message}`);
  }
  return storageFailure("reading", error);
}
