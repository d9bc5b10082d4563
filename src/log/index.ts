/**
 * Sparse indexes of one segment, looked up by binary search: offset → position, time → offset,
 * one entry per few KiB of log. Two forms answer the same questions: `GrowingIndex` in memory for
 * the segment being written, `MappedIndex` over the memory-mapped files of a finished one.
 *
 * An answer is where to *begin walking* batches; it may be early, never late. That also makes a
 * damaged entry harmless on the way of a search: it can only steer the search to an earlier entry,
 * or be the answer itself, and the answer's own checksum is verified.
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/brands.ts";
import type { Disk } from "../disk/disk.ts";
import { int64At, viewOf } from "../record/batch.ts";
import {
  indexEntryBytes,
  indexHeaderBytes,
  isIndexEntry,
  isTimeEntry,
  putIndexEntry,
  putTimeEntry,
  timeEntryBytes,
  timeHeaderBytes,
} from "./index-file.ts";

/** Where walking begins; `null`: the index is damaged and must be rebuilt. */
export interface SegmentIndex {
  /** A boundary at or before the record at base + `relativeOffset`: position and offset there. */
  boundaryFor(relativeOffset: number): Boundary | null;
  /** A relative offset before which every record is older than `timestamp`. */
  relativeForTime(timestamp: number): number | null;
}

/** The record at base + `relativeOffset` begins at `position`. */
export interface Boundary {
  readonly relativeOffset: number;
  readonly position: number;
}

const start: Boundary = { relativeOffset: 0, position: 0 };
const firstCapacity = 64;
/** What an index without entries holds: most logs of a broker with many have none. */
const noOffsets = new Uint32Array(0);
const noTimes = new Float64Array(0);

/** The last index in [0, count) for which `isBefore` holds, or -1; `isBefore` is monotonic. */
function lastBefore(count: number, isBefore: (at: number) => boolean): number {
  let low = -1;
  let high = count;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** The index of the segment being written: typed arrays that double. */
export class GrowingIndex implements SegmentIndex {
  #offsets = noOffsets;
  #positions = noOffsets;
  /** Offset entries held. Use: grows with `add`, shrinks with `truncate`. */
  #count = 0;
  #times = noTimes;
  #timeOffsets = noOffsets;
  #timeCount = 0;

  get count(): number {
    return this.#count;
  }

  get timeCount(): number {
    return this.#timeCount;
  }

  /** The position of the last entry; 0 if there is none. */
  get lastPosition(): number {
    return this.#count === 0 ? 0 : (this.#positions[this.#count - 1] ?? 0);
  }

  /** The last entry, or the segment's beginning. */
  get last(): Boundary {
    return this.#count === 0 ? start : this.#entry(this.#count - 1);
  }

  /** Adds a boundary. Both numbers grow from call to call. */
  add(relativeOffset: number, position: number): void {
    const last = this.last;
    assert(relativeOffset > last.relativeOffset, "index offsets must grow");
    assert(position > last.position, "index positions must grow");
    if (this.#count === this.#offsets.length) {
      this.#offsets = doubled(this.#offsets, Uint32Array);
      this.#positions = doubled(this.#positions, Uint32Array);
    }
    this.#offsets[this.#count] = relativeOffset;
    this.#positions[this.#count] = position;
    this.#count += 1;
  }

  /** Notes that all records before `relativeOffset` are at most this old; repeats are dropped. */
  addTime(timestamp: number, relativeOffset: number): void {
    if (this.#timeCount > 0) {
      const last = this.#timeCount - 1;
      const lastOffset = this.#timeOffsets[last] ?? 0;
      assert(relativeOffset >= lastOffset, "time index offsets must not go back");
      // The same offset again, and newer: that was of records which were refused. The entry holds.
      if (timestamp <= (this.#times[last] ?? 0) || relativeOffset === lastOffset) return;
    }
    if (this.#timeCount === this.#times.length) {
      this.#times = doubled(this.#times, Float64Array);
      this.#timeOffsets = doubled(this.#timeOffsets, Uint32Array);
    }
    this.#times[this.#timeCount] = timestamp;
    this.#timeOffsets[this.#timeCount] = relativeOffset;
    this.#timeCount += 1;
  }

  boundaryFor(relativeOffset: number): Boundary {
    const at = lastBefore(this.#count, (i) => (this.#offsets[i] ?? 0) <= relativeOffset);
    return at < 0 ? start : this.#entry(at);
  }

  relativeForTime(timestamp: number): number {
    const at = lastBefore(this.#timeCount, (i) => (this.#times[i] ?? 0) < timestamp);
    return at < 0 ? 0 : (this.#timeOffsets[at] ?? 0);
  }

  /** Forgets entries past `position` and time entries past `relativeOffset`. */
  truncate(relativeOffset: number, position: number): void {
    this.#count = 1 + lastBefore(this.#count, (i) => (this.#positions[i] ?? 0) <= position);
    this.#timeCount =
      1 + lastBefore(this.#timeCount, (i) => (this.#timeOffsets[i] ?? 0) <= relativeOffset);
  }

  /** How many entries lie at or below `position`: those that may be written to the file. */
  countThrough(position: number): number {
    return 1 + lastBefore(this.#count, (i) => (this.#positions[i] ?? 0) <= position);
  }

  timeCountThrough(relativeOffset: number): number {
    return 1 + lastBefore(this.#timeCount, (i) => (this.#timeOffsets[i] ?? 0) <= relativeOffset);
  }

  /** The entries [from, to) as they stand in an `.idx` file. */
  encode(base: Offset, from: number, to: number): Uint8Array {
    const bytes = new Uint8Array((to - from) * indexEntryBytes);
    const view = viewOf(bytes);
    for (let i = from; i < to; i++) {
      const at = (i - from) * indexEntryBytes;
      putIndexEntry(view, at, base, this.#offsets[i] ?? 0, this.#positions[i] ?? 0);
    }
    return bytes;
  }

  /** The time entries [from, to) as they stand in a `.timeindex` file. */
  encodeTimes(base: Offset, from: number, to: number): Uint8Array {
    const bytes = new Uint8Array((to - from) * timeEntryBytes);
    const view = viewOf(bytes);
    for (let i = from; i < to; i++) {
      const at = (i - from) * timeEntryBytes;
      putTimeEntry(view, at, base, this.#times[i] ?? 0, this.#timeOffsets[i] ?? 0);
    }
    return bytes;
  }

  /**
   * Takes entries as they stand in an `.idx` file behind its header, up to the first one that is
   * torn, damaged, out of order or past `floorPosition`.
   */
  load(entries: Uint8Array, base: Offset, floorPosition: number): void {
    const view = viewOf(entries);
    for (let at = 0; at + indexEntryBytes <= entries.length; at += indexEntryBytes) {
      const relativeOffset = view.getUint32(at);
      const position = view.getUint32(at + 4);
      const last = this.last;
      if (!isIndexEntry(view, at, base) || position > floorPosition) return;
      if (relativeOffset <= last.relativeOffset || position <= last.position) return;
      this.add(relativeOffset, position);
    }
  }

  /** The same for the entries of a `.timeindex` file, up to `relativeOffsetMax`. */
  loadTimes(entries: Uint8Array, base: Offset, relativeOffsetMax: number): void {
    const view = viewOf(entries);
    let last = this.#timeCount === 0 ? 0 : (this.#timeOffsets[this.#timeCount - 1] ?? 0);
    for (let at = 0; at + timeEntryBytes <= entries.length; at += timeEntryBytes) {
      const relativeOffset = view.getUint32(at + 8);
      if (!isTimeEntry(view, at, base) || relativeOffset > relativeOffsetMax) return;
      if (relativeOffset <= last) return;
      this.addTime(int64At(view, at), relativeOffset);
      last = relativeOffset;
    }
  }

  #entry(at: number): Boundary {
    return { relativeOffset: this.#offsets[at] ?? 0, position: this.#positions[at] ?? 0 };
  }
}

function doubled<T extends Uint32Array | Float64Array>(
  array: T,
  type: new (length: number) => T,
): T {
  const grown = new type(Math.max(firstCapacity, array.length * 2));
  grown.set(array);
  return grown;
}

/** The index of a finished segment, over its mapped files. */
export class MappedIndex implements SegmentIndex {
  #view: DataView;
  #count: number;
  #timeView: DataView;
  #timeCount: number;

  /** Both are whole files whose headers have been checked; neither will change again. */
  constructor(
    readonly base: Offset,
    private readonly index: Uint8Array,
    private readonly timeIndex: Uint8Array,
  ) {
    this.#view = viewOf(index);
    this.#count = Math.floor((index.length - indexHeaderBytes) / indexEntryBytes);
    this.#timeView = viewOf(timeIndex);
    this.#timeCount = Math.floor((timeIndex.length - timeHeaderBytes) / timeEntryBytes);
  }

  /** Unmaps both files; from here on every answer is the segment's beginning. */
  release(disk: Disk): void {
    this.#count = this.#timeCount = 0;
    this.#view = this.#timeView = viewOf(new Uint8Array(0));
    disk.unmap(this.index);
    disk.unmap(this.timeIndex);
  }

  boundaryFor(relativeOffset: number): Boundary | null {
    const view = this.#view;
    const entry = (i: number): number => indexHeaderBytes + i * indexEntryBytes;
    const at = lastBefore(this.#count, (i) => view.getUint32(entry(i)) <= relativeOffset);
    if (at < 0) return start;
    if (!isIndexEntry(view, entry(at), this.base)) return null;
    return { relativeOffset: view.getUint32(entry(at)), position: view.getUint32(entry(at) + 4) };
  }

  relativeForTime(timestamp: number): number | null {
    const view = this.#timeView;
    const entry = (i: number): number => timeHeaderBytes + i * timeEntryBytes;
    const at = lastBefore(this.#timeCount, (i) => int64At(view, entry(i)) < timestamp);
    if (at < 0) return 0;
    return isTimeEntry(view, entry(at), this.base) ? view.getUint32(entry(at) + 8) : null;
  }
}
