/**
 * Reading a partition of ours from its segment files, batch by batch, damage included. Memory is
 * bounded by one window of the scan and one opened batch.
 */
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError, type DiskFile } from "../disk/disk.ts";
import type { SegmentIndex } from "../log/index.ts";
import { scanBatches, type BatchRun } from "../log/scan.ts";
import type { Segment } from "../log/segment.ts";
import type { LogView } from "../log/view.ts";
import {
  attribute,
  attributesAt,
  baseOffsetAt,
  batchBytesAt,
  batchHeaderBytes,
  maxTimestampAt,
  nextOffsetAt,
  viewOf,
} from "../record/batch.ts";
import { openRecords, type BatchRecord } from "../record/records.ts";
import { readingRefused, type FoundPartition } from "./directory.ts";
import type { DamageFault, ReadItem } from "./item.ts";
import { selectsByContent, selectsRecord, type Selection } from "./selection.ts";

/** What is read: one partition and what is wanted of it. */
export interface SegmentReading {
  readonly view: LogView;
  readonly found: FoundPartition;
  readonly selection: Selection;
}

/**
 * Reads from `from` to the visible end, or to the selection's; returns where it stopped. The view
 * was refreshed, and `from` is not below its start.
 */
export async function* readSegments(
  reading: SegmentReading,
  from: Offset,
): AsyncGenerator<ReadItem, Offset, undefined> {
  const { view, found, selection } = reading;
  const end = offset(Math.min(selection.toOffset ?? Infinity, view.visibleOffset));
  let next = from;
  while (next < end) {
    // By offset: a segment may have been replaced by a compacted one when it was to be read.
    const segment = view.segments.find(({ endOffset }) => endOffset > next);
    if (segment === undefined) break;
    const pass = new SegmentPass(reading, segment, end);
    if (segment.base > next) {
      const gap = { position: 0, offset: segment.base };
      yield pass.damage("missing", { position: 0, offset: next }, gap);
      next = segment.base;
    }
    if (segment.maxTimestamp < (selection.fromTime ?? -Infinity)) {
      next = segment.endOffset;
      continue;
    }
    try {
      yield* pass.run(next);
      next = pass.isReplaced ? offset(Math.max(next, pass.reached)) : segment.endOffset;
    } catch (error) {
      yield { kind: "stopped", found, refusal: readingRefused(error) };
      return offset(Math.max(next, pass.reached));
    }
  }
  return offset(Math.max(from, Math.min(next, end)));
}

/** A place in a segment file. */
interface Place {
  readonly position: number;
  readonly offset: Offset;
}

class SegmentPass {
  /** How far everything was told of. */
  reached: Offset = offset(0);
  /** The segment has given way to another one; the view knows that one now. */
  isReplaced = false;

  constructor(
    private readonly reading: SegmentReading,
    private readonly segment: Segment,
    /** Nothing is wanted from here on. */
    private readonly end: Offset,
  ) {}

  async *run(from: Offset): AsyncGenerator<ReadItem, void, undefined> {
    const file = await this.#open();
    if (file === null) {
      if (!(await this.#looksReplaced())) yield await this.#gone(from);
      return;
    }
    try {
      yield* this.#scan(file, from);
    } finally {
      await file.close();
    }
  }

  /** What looks like damage may be that the segment was replaced since the view has seen it. */
  async #looksReplaced(): Promise<boolean> {
    const { view } = this.reading;
    const { base, endOffset, endPosition } = this.segment;
    if ((await view.lookAnew()) !== null || view.startOffset >= endOffset) return false;
    const now = view.segments.find((other) => other.base === base);
    const isSame = now?.endOffset === endOffset && now.endPosition === endPosition;
    this.isReplaced = !isSame && view.visibleOffset >= endOffset;
    return this.isReplaced;
  }

  /** A file that is not there: the log was trimmed since the last look, or it is lost. */
  async #gone(from: Offset): Promise<ReadItem> {
    const { view, found } = this.reading;
    const { endOffset: toOffset, end } = this.segment;
    const refusal = await view.refresh();
    if (refusal !== null) return { kind: "stopped", found, refusal };
    if (view.startOffset < toOffset) {
      return this.damage("missing", { position: 0, offset: from }, end);
    }
    return { kind: "trimmed", found, fromOffset: from, toOffset };
  }

  damage(fault: DamageFault, from: Place, to: Place): ReadItem {
    const { found } = this.reading;
    const damage = {
      path: this.segment.logPath,
      fault,
      fromPosition: from.position,
      toPosition: to.position,
      fromOffset: from.offset,
      toOffset: to.offset,
    };
    return { kind: "damage", found, damage };
  }

  /** `null`: the file is not there. */
  async #open(): Promise<DiskFile | null> {
    try {
      return await this.segment.environment.disk.open(this.segment.logPath, "read");
    } catch (error) {
      if (error instanceof DiskError && error.kind === "missing") return null;
      throw error;
    }
  }

  async *#scan(file: DiskFile, from: Offset): AsyncGenerator<ReadItem, void, undefined> {
    const { segment } = this;
    let seen: Place = await this.#beginning(file, from);
    const scan = scanBatches(file, {
      from: seen.position,
      to: segment.endPosition,
      base: seen.offset,
      segmentBase: segment.base,
    });
    for await (const item of scan) {
      if (item.kind === "damage") {
        if (await this.#looksReplaced()) return;
        // The file ends here, within what was promised: told below.
        if (item.from === item.to) break;
        const to = { position: item.to, offset: item.toOffset ?? segment.endOffset };
        const begin = { position: item.from, offset: offset(Math.max(item.fromOffset, from)) };
        if (to.offset > from) yield this.damage(item.fault, begin, to);
        seen = to;
        this.reached = seen.offset;
      } else {
        for (const at of item.starts) {
          seen = endOf(item, at);
          if (seen.offset > from) yield* this.#batch(item, at, from);
          this.reached = seen.offset;
          if (seen.offset >= this.end) return;
        }
      }
      if (seen.offset >= this.end) return;
    }
    if (seen.position >= segment.endPosition && seen.offset >= segment.endOffset) return;
    if (await this.#looksReplaced()) return;
    const begin = { position: seen.position, offset: offset(Math.max(seen.offset, from)) };
    yield this.damage("missing", begin, segment.end);
  }

  /** Where walking begins for `from`: a boundary of the index, if a batch begins there indeed. */
  async #beginning(file: DiskFile, from: Offset): Promise<Place> {
    const { segment, reading } = this;
    const start: Place = { position: 0, offset: segment.base };
    const { fromTime } = reading.selection;
    if (from <= segment.base && fromTime === undefined) return start;
    const index = await this.#index();
    if (index === null) return start;
    const timed = fromTime === undefined ? 0 : (index.relativeForTime(fromTime) ?? 0);
    const boundary = index.boundaryFor(Math.max(from - segment.base, timed));
    if (boundary === null || boundary.position === 0) return start;
    const expected = offset(segment.base + boundary.relativeOffset);
    const header = new Uint8Array(batchHeaderBytes);
    const count = await file.read(boundary.position, header);
    if (count < batchHeaderBytes || baseOffsetAt(viewOf(header), 0) !== expected) return start;
    return { position: boundary.position, offset: expected };
  }

  /** `null`: the segment was deleted meanwhile; the file that is open is read from its start. */
  async #index(): Promise<SegmentIndex | null> {
    try {
      return await this.segment.indexReady();
    } catch (error) {
      if (error instanceof DiskError && error.kind === "missing") return null;
      throw error;
    }
  }

  *#batch(run: BatchRun, at: number, from: Offset): Generator<ReadItem, void, undefined> {
    const { found, selection } = this.reading;
    const { bytes, view } = run;
    if (baseOffsetAt(view, at) >= this.end) return;
    if (maxTimestampAt(view, at) < (selection.fromTime ?? -Infinity)) return;
    const place = {
      path: this.segment.logPath,
      position: run.position + at,
      bytes: bytes.subarray(at, at + batchBytesAt(view, at)),
    };
    if ((attributesAt(view, at) & attribute.control) !== 0) {
      if (selectsByContent(selection)) return;
      yield { kind: "records", found, batch: place, records: [] };
      return;
    }
    const opened = this.#records(run, at, from);
    if (opened.records.length > 0) {
      yield { kind: "records", found, batch: place, records: opened.records };
    }
    if (opened.damagedFrom === null) return;
    const begin = { position: place.position, offset: opened.damagedFrom };
    yield this.damage("records", begin, endOf(run, at));
  }

  /** The wanted records of a batch, and from where on they can't be read. */
  #records(
    run: BatchRun,
    at: number,
    from: Offset,
  ): { records: BatchRecord[]; damagedFrom: Offset | null } {
    const { selection } = this.reading;
    const records: BatchRecord[] = [];
    const cursor = openRecords(run.bytes, run.view, at);
    const begin = offset(Math.max(from, baseOffsetAt(run.view, at)));
    if (cursor instanceof Refusal) return { records, damagedFrom: begin };
    let next = begin;
    while (cursor.next()) {
      next = offset(Math.max(next, cursor.offset + 1));
      if (cursor.offset < from || cursor.offset >= this.end) continue;
      const record = cursor.record();
      if (selectsRecord(selection, record)) records.push(record);
    }
    return { records, damagedFrom: cursor.damage === null ? null : next };
  }
}

const endOf = (run: BatchRun, at: number): Place => ({
  position: run.position + at + batchBytesAt(run.view, at),
  offset: nextOffsetAt(run.view, at),
});
