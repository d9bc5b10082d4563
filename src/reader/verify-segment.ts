/**
 * Checks one segment: every batch from its first byte on, the records inside, and its indexes. What
 * a torn tail or a damaged batch means is decided by recovery's own table (log/recovery.ts), so
 * that `check` and the next start of a broker never disagree.
 */
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError, type DiskFile } from "../disk/disk.ts";
import type { LogEnvironment } from "../log/environment.ts";
import { segmentFileName, type SegmentFileKind, type SegmentFiles } from "../log/files.ts";
import { decodeIndexHeader, type IndexHeader } from "../log/index-file.ts";
import { GrowingIndex } from "../log/index.ts";
import { decide } from "../log/recovery.ts";
import { scanBatches, toldBy, type BatchRun, type DamagedRange } from "../log/scan.ts";
import { Segment } from "../log/segment.ts";
import {
  baseOffsetAt,
  batchBytesAt,
  maxTimestampAt,
  nextOffsetAt,
  recordsCountAt,
} from "../record/batch.ts";
import { validateRecords } from "../record/records.ts";
import type { Findings } from "./findings.ts";
import type { Damage } from "./item.ts";
import { IndexCheck } from "./verify-index.ts";

/** What is checked, and who is told. */
export interface SegmentVerification {
  readonly environment: LogEnvironment;
  readonly directory: string;
  readonly files: SegmentFiles;
  /** Where the next segment begins; `null`: this is the last one. */
  readonly nextBase: Offset | null;
  /** A broker is at work: only what it acknowledged is checked. */
  readonly isLive: boolean;
  readonly findings: Findings;
  /** Called with the bytes that were checked since the last call. */
  readonly progress: (bytes: number) => void;
}

/** What the segment holds. */
export interface SegmentContent {
  /** The offset after its last record, damaged ones included. */
  readonly endOffset: Offset;
  readonly isSealed: boolean;
  readonly batches: number;
  readonly records: number;
}

/**
 * Checks one segment, which has a log or an index that promises records.
 * @throws DiskError
 */
export function verifySegment(verification: SegmentVerification): Promise<SegmentContent> {
  return new SegmentCheck(verification).run();
}

class SegmentCheck {
  readonly #logPath: string;
  readonly #indexPath: string;
  readonly #timeIndexPath: string;
  readonly #ranges: DamagedRange[] = [];
  #index: IndexCheck | null = null;
  #batches = 0;
  #records = 0;
  /** Behind the last good batch. */
  #end: { position: number; offset: Offset };

  constructor(private readonly verification: SegmentVerification) {
    const { directory, files } = verification;
    const path = (kind: SegmentFileKind): string =>
      `${directory}/${segmentFileName(files.base, kind, files.cleaned)}`;
    this.#logPath = path("log");
    this.#indexPath = path("idx");
    this.#timeIndexPath = path("timeindex");
    this.#end = { position: 0, offset: files.base };
  }

  async run(): Promise<SegmentContent> {
    const { files, isLive, progress } = this.verification;
    const header = await this.#readIndex();
    const isFinished = header?.sealed === true || isLive;
    const floor = {
      offset: header?.floorOffset ?? files.base,
      position: header?.floorPosition ?? 0,
    };
    const bytes = files.logBytes ?? 0;
    if (bytes > 0) await this.#scan(isFinished ? Math.min(bytes, floor.position) : bytes, header);
    if (isFinished) this.#judgeFinished(floor, bytes, isLive);
    else await this.#judgeLikeRecovery(floor, bytes, header?.durable === true);
    this.#tellOfIndex(header);
    progress(Math.max(0, bytes - this.#end.position));
    const endOffset = offset(Math.max(floor.offset, this.#end.offset));
    const isSealed = header?.sealed === true;
    return { endOffset, isSealed, batches: this.#batches, records: this.#records };
  }

  async #readIndex(): Promise<IndexHeader | null> {
    const { files, isLive, findings } = this.verification;
    const index = await this.#readWhole(this.#indexPath);
    const header = index === null ? null : decodeIndexHeader(index, files.base);
    if (index !== null && header !== null) {
      const times = await this.#readWhole(this.#timeIndexPath);
      this.#index = new IndexCheck(files.base, index, times);
    } else if (!isLive && (files.logBytes ?? 0) > 0) {
      const what = index === null ? "is missing" : "has no sound header";
      findings.note("index", this.#indexPath, `${what}; it will be rebuilt`);
    }
    return header;
  }

  async #readWhole(path: string): Promise<Uint8Array | null> {
    try {
      return await this.verification.environment.disk.readWhole(path);
    } catch (error) {
      if (error instanceof DiskError && error.kind === "missing") return null;
      throw error;
    }
  }

  async #scan(to: number, header: IndexHeader | null): Promise<void> {
    const { environment, files, nextBase, progress } = this.verification;
    const file: DiskFile = await environment.disk.open(this.#logPath, "read");
    try {
      const { base } = files;
      const range = { from: 0, to, base, segmentBase: base, ...toldBy(header, nextBase) };
      for await (const item of scanBatches(file, range)) {
        const before = this.#end.position;
        if (item.kind === "damage") this.#damaged(item);
        else for (const at of item.starts) this.#batch(item, at);
        progress(this.#end.position - before);
      }
      if (this.#ranges.at(-1)?.toOffset === null) return;
      this.#index?.boundary(this.#end.position, this.#end.offset, -1);
      if (!this.verification.isLive) this.#index?.end();
    } finally {
      await file.close();
    }
  }

  #damaged(range: DamagedRange): void {
    this.#ranges.push(range);
    if (range.toOffset === null) return;
    this.#index?.skip(range.to);
    this.#end = { position: range.to, offset: range.toOffset };
  }

  #batch(run: BatchRun, at: number): void {
    const { bytes, view, position } = run;
    const from = { position: position + at, offset: baseOffsetAt(view, at) };
    this.#index?.boundary(from.position, from.offset, maxTimestampAt(view, at));
    this.#end = {
      position: from.position + batchBytesAt(view, at),
      offset: nextOffsetAt(view, at),
    };
    this.#batches += 1;
    this.#records += recordsCountAt(view, at);
    const refusal = validateRecords(bytes, view, at);
    if (refusal instanceof Refusal) this.#lost("records", from, this.#end);
  }

  /** Nobody will cut or add anything here: all up to the floor must be good. */
  #judgeFinished(
    floor: { position: number; offset: Offset },
    bytes: number,
    isLive: boolean,
  ): void {
    for (const range of this.#ranges) this.#lostRange(range, floor.offset);
    this.#missing(floor);
    if (bytes <= floor.position || isLive) return;
    const more = `${bytes - floor.position} bytes behind the end of a finished segment`;
    this.verification.findings.note("leftover", this.#logPath, `${more}; nobody reads them`);
  }

  /** What the floor promises and the file does not hold; damage at its end has told of it. */
  #missing(floor: { position: number; offset: Offset }): void {
    const isShort = this.#end.position < floor.position || this.#end.offset < floor.offset;
    if (isShort && this.#ranges.at(-1)?.toOffset !== null) this.#lost("missing", this.#end, floor);
  }

  async #judgeLikeRecovery(
    floor: { position: number; offset: Offset },
    bytes: number,
    isDurable: boolean,
  ): Promise<void> {
    const { findings, nextBase } = this.verification;
    const begin = await this.#recoveryBegin(bytes);
    const first = this.#ranges.find((range) => range.to > begin);
    const damage = first && {
      from: Math.max(first.from, begin),
      followed: first.toOffset !== null,
    };
    const goodEnd = Math.max(this.#end.position, begin);
    const decision = decide({
      bytes,
      floor: floor.position,
      isDurable,
      goodEnd,
      damage: damage ?? null,
    });
    for (const range of this.#ranges) {
      // Where recovery cuts, nothing from there on was acknowledged.
      if (decision.isLoss) this.#lostRange(range, floor.offset);
      else if (range.from < begin) {
        this.#lostRange({ ...range, to: Math.min(range.to, begin) }, floor.offset);
      }
    }
    this.#missing(floor);
    if (decision.action === "cut") {
      const torn = `${bytes - goodEnd} bytes of a write that never finished`;
      const fate = nextBase === null ? "the next start cuts them off" : "they are left as they are";
      findings.note("torn", this.#logPath, `${torn}, from position ${goodEnd}; ${fate}`);
    } else if (decision.action === "sync" && goodEnd > floor.position) {
      const more = `${goodEnd - floor.position} bytes above the floor`;
      findings.note("unsealed", this.#logPath, `${more}; the next start makes them durable`);
    }
  }

  /** Where recovery begins to scan: damage before it is below the floor, and not its affair. */
  async #recoveryBegin(bytes: number): Promise<number> {
    const { environment, directory, files } = this.verification;
    const { base, cleaned } = files;
    const segment = new Segment(environment, directory, base, new GrowingIndex(), cleaned);
    segment.beginRecovery(await segment.loadIndex(), bytes);
    return segment.endPosition;
  }

  #lostRange(range: DamagedRange, floorOffset: Offset): void {
    const to = range.toOffset ?? offset(Math.max(floorOffset, range.fromOffset));
    const from = { position: range.from, offset: range.fromOffset };
    this.#lost(range.fault, from, { position: range.to, offset: to });
  }

  #lost(
    fault: Damage["fault"],
    from: { position: number; offset: Offset },
    to: { position: number; offset: Offset },
  ): void {
    this.verification.findings.damage({
      path: this.#logPath,
      fault,
      fromPosition: from.position,
      toPosition: Math.max(from.position, to.position),
      fromOffset: from.offset,
      toOffset: to.offset,
    });
  }

  #tellOfIndex(header: IndexHeader | null): void {
    const { findings } = this.verification;
    const index = this.#index;
    if (index === null || header === null) return;
    for (const what of index.findings()) findings.note("index", this.#indexPath, what);
    for (const what of index.timeFindings(header.sealed))
      findings.note("index", this.#timeIndexPath, what);
    if (header.sealed && index.maxTimestamp > header.maxTimestamp) {
      const what = `says that no record is newer than ${header.maxTimestamp}, and one is`;
      findings.note("index", this.#indexPath, what);
    }
  }
}
