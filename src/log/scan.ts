/**
 * Walking the batches of a segment file, checking every one, and finding the next good one after
 * damage. Recovery, the directory readers and `check` all see a file through this.
 */
import { batchBytesMax, resyncBytesMax } from "../limits.ts";
import { offset, type Offset } from "../base/brands.ts";
import {
  baseOffsetAt,
  batchBytesAt,
  batchHeaderBytes,
  checkBatch,
  nextOffsetAt,
  readHeader,
  viewOf,
  type BatchFault,
} from "../record/batch.ts";
import type { DiskFile } from "../disk/disk.ts";
import type { IndexHeader } from "./index-file.ts";

/** The leader epoch of everything written here: one machine has one leader. */
export const leaderEpoch = 0;

/** Bytes read at a time; a larger batch is read as a whole. */
const windowBytes = 1024 * 1024;

const nothing = new Uint8Array(0);

/** A stretch of good batches that lie one after another in `bytes`. */
export interface BatchRun {
  readonly kind: "batches";
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Where each batch begins in `bytes`. */
  readonly starts: readonly number[];
  /** The file position of `bytes[0]`. */
  readonly position: number;
}

/** Relative offsets are 32-bit in the index; a segment ends before it would pass this. */
export const segmentOffsetsMax = 0x7fff_ffff;

/** The base offset that a batch must have, or (not exact) the least it can have. */
export interface Expected {
  readonly offset: Offset;
  readonly isExact: boolean;
  /** With `isExact` false: the most it can have. */
  readonly offsetMax?: Offset;
}

/** Why a stored batch is not believed: its own faults, or it is not where or what was written. */
export type StoredFault = BatchFault | "misplaced";

/**
 * Checks a batch as this log stored it: sound in itself, with the offset that its place gives it.
 * The offset and the epoch lie outside the checksum, so both are compared with what was stamped.
 */
export function checkStored(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  expected: Expected,
): StoredFault | null {
  const fault = checkBatch(bytes, view, at, end, batchBytesMax);
  if (fault !== null) return fault;
  const base = baseOffsetAt(view, at);
  if (expected.isExact ? base !== expected.offset : base < expected.offset) return "misplaced";
  if (expected.offsetMax !== undefined && base > expected.offsetMax) return "misplaced";
  return view.getInt32(at + 12) === leaderEpoch ? null : "misplaced";
}

/** A stretch of bytes that are no batches. */
export interface DamagedRange {
  readonly kind: "damage";
  readonly from: number;
  readonly to: number;
  readonly fault: StoredFault;
  /** The first and the next offset after those that the stretch may have held; `to` is open-ended
   * (`null`) when nothing good follows. */
  readonly fromOffset: Offset;
  readonly toOffset: Offset | null;
}

export type Scanned = BatchRun | DamagedRange;

/** The file's bytes around the walk, filled as it goes. */
class Window {
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = viewOf(this.bytes);
  /** The file position of `bytes[0]`. */
  position = 0;

  constructor(
    readonly file: DiskFile,
    /** Where the walk stops; comes down if the file turns out to be shorter. */
    public end: number,
    private readonly reused: Uint8Array,
  ) {}

  /** Makes [position, position + length) available, as far as the end allows. */
  async cover(position: number, length: number): Promise<void> {
    const to = Math.min(this.end, position + length);
    if (position >= this.position && to <= this.position + this.bytes.length) return;
    const usual = this.reused.length > 0 ? this.reused.length : windowBytes;
    const wanted = Math.max(0, Math.min(this.end - position, Math.max(length, usual)));
    const isRoomy = wanted <= this.reused.length;
    const bytes = isRoomy ? this.reused.subarray(0, wanted) : new Uint8Array(wanted);
    const count = await this.file.read(position, bytes);
    if (count < bytes.length) this.end = position + count;
    this.bytes = bytes.subarray(0, count);
    this.view = viewOf(this.bytes);
    this.position = position;
  }

  /** Checks the batch at `position`, loading as much as it needs. */
  async check(position: number, expected: Expected): Promise<StoredFault | null> {
    await this.cover(position, batchHeaderBytes);
    let at = position - this.position;
    if (this.bytes.length - at >= batchHeaderBytes) {
      const size = batchBytesAt(this.view, at);
      if (size > 0 && size <= batchBytesMax) await this.cover(position, size);
      at = position - this.position;
    }
    return checkStored(this.bytes, this.view, at, this.bytes.length, expected);
  }
}

/** Where a walk begins, and what is known of the bytes. */
export interface ScanRange {
  /** Where a batch begins; the walk goes on from there to `to`. */
  readonly from: number;
  readonly to: number;
  /** The offset of the batch at `from`. */
  readonly base: Offset;
  /** The base of the segment: no batch of it is further than `segmentOffsetsMax` from there. */
  readonly segmentBase: Offset;
  /**
   * The offset behind the last record before `tornFrom`, where that is known. An offset lies
   * outside the checksum: what is behind damage is believed by its place between others.
   */
  readonly endOffset?: Offset;
  /** Where the next segment begins: nor is what is behind damage believed to reach that. */
  readonly nextBase?: Offset;
  /**
   * Above this nothing was acknowledged (the floor): there a broken batch whose header is in order
   * is a write that was torn, and its length is believed. Nobody can then make the log take what
   * they stored inside a record for a batch, by getting the broker killed at the right moment.
   */
  readonly tornFrom?: number;
  /**
   * Memory to read into, as much at a time as it holds; a larger batch is read as a whole. What was
   * yielded is then good until the next is asked for. Left out: it stays good.
   */
  readonly buffer?: Uint8Array;
}

/**
 * What a scan of a segment is told by the header of its index, and by where the next one begins;
 * `null`: there is none.
 */
export const toldBy = (
  header: IndexHeader | null,
  nextBase: Offset | null,
): Pick<ScanRange, "endOffset" | "tornFrom" | "nextBase"> => ({
  ...(header === null ? {} : { tornFrom: header.floorPosition, endOffset: header.floorOffset }),
  ...(nextBase === null ? {} : { nextBase }),
});

/**
 * Walks the batches of a range of `file`.
 * @throws DiskError when reading fails
 */
export async function* scanBatches(
  file: DiskFile,
  range: ScanRange,
): AsyncGenerator<Scanned, void, undefined> {
  const { from, to, base, segmentBase, endOffset, tornFrom = Infinity, buffer = nothing } = range;
  const window = new Window(file, to, buffer);
  const widest = offset(
    Math.min(segmentBase + segmentOffsetsMax, (range.nextBase ?? Infinity) - 1),
  );
  const offsetMax = (at: number): Offset =>
    endOffset === undefined || at >= tornFrom ? widest : offset(Math.min(widest, endOffset - 1));
  let position = from;
  let expected: Expected = { offset: base, isExact: true };
  while (position < window.end) {
    const fault = await window.check(position, expected);
    if (fault === null) {
      const run = goodRun(window, position, expected);
      position = window.position + run.end;
      expected = { offset: run.next, isExact: true };
      const { bytes, view } = window;
      yield { kind: "batches", bytes, view, starts: run.starts, position: window.position };
      continue;
    }
    const search = { position, expected, offsetMax, isTorn: position >= tornFrom };
    const found = await nextGood(window, search);
    const end = found ?? window.end;
    const toOffset = found === null ? null : baseOffsetAt(window.view, found - window.position);
    yield { kind: "damage", from: position, to: end, fault, fromOffset: expected.offset, toOffset };
    position = end;
    expected = { offset: toOffset ?? expected.offset, isExact: toOffset !== null };
  }
}

/** The good batches from `position` on that the window holds already; the first is known good. */
function goodRun(
  window: Window,
  position: number,
  first: Expected,
): { starts: number[]; end: number; next: Offset } {
  const { bytes, view } = window;
  const starts: number[] = [];
  let at = position - window.position;
  let expected = first;
  while (checkStored(bytes, view, at, bytes.length, expected) === null) {
    starts.push(at);
    expected = { offset: nextOffsetAt(view, at), isExact: true };
    at += batchBytesAt(view, at);
  }
  return { starts, end: at, next: expected.offset };
}

/** Where and for what {@link nextGood} looks. */
interface Search {
  /** Where the damage begins. */
  readonly position: number;
  readonly expected: Expected;
  /** The most that a batch at this position can begin with. */
  readonly offsetMax: (position: number) => Offset;
  /** The damage lies where nothing was acknowledged. */
  readonly isTorn: boolean;
}

/**
 * The next good batch after damage, or `null`. First where the damaged batch's own length points,
 * so that a batch which somebody stored inside a record's value is not taken for one of ours; then
 * byte by byte. What the search may cost is bounded: content can be made to look like headers.
 */
async function nextGood(window: Window, search: Search): Promise<number | null> {
  const { position } = search;
  // The damaged batch held an offset at least, so the next one has a greater.
  const least = offset(search.expected.offset + 1);
  const expectedAt = (candidate: number): Expected => {
    return { offset: least, isExact: false, offsetMax: search.offsetMax(candidate) };
  };
  await window.cover(position, batchHeaderBytes);
  const at = position - window.position;
  let begin = position + 1;
  if (window.bytes.length - at >= batchHeaderBytes) {
    const behind = position + batchBytesAt(window.view, at);
    const isPossible = behind >= position + batchHeaderBytes && behind < window.end;
    if (isPossible && (await window.check(behind, expectedAt(behind))) === null) return behind;
    await window.cover(position, batchHeaderBytes);
    if (search.isTorn && isInOrder(window, position, search.expected)) begin = behind;
  }
  return await searchFrom(window, begin, expectedAt);
}

/** Whether the header at `position` says what a batch that was written there would say. */
function isInOrder(window: Window, position: number, expected: Expected): boolean {
  const at = position - window.position;
  const header = readHeader(window.view, at);
  if (header.magic !== 2 || header.partitionLeaderEpoch !== leaderEpoch) return false;
  if (header.bytes < batchHeaderBytes || header.bytes > batchBytesMax) return false;
  return expected.isExact && header.baseOffset === expected.offset;
}

async function searchFrom(
  window: Window,
  begin: number,
  expectedAt: (candidate: number) => Expected,
): Promise<number | null> {
  let checkedBytes = 0;
  for (let candidate = begin; candidate + batchHeaderBytes <= window.end;) {
    await window.cover(candidate, batchHeaderBytes);
    const skipped = candidateFrom(window, candidate);
    candidate = skipped.position;
    if (!skipped.plausible) continue;
    if ((await window.check(candidate, expectedAt(candidate))) === null) return candidate;
    checkedBytes += batchBytesAt(window.view, candidate - window.position);
    if (checkedBytes > resyncBytesMax) return null;
    candidate += 1;
  }
  return null;
}

/** The first position from `position` on, within the window, that looks like a batch header. */
function candidateFrom(window: Window, position: number): { position: number; plausible: boolean } {
  const { bytes, view } = window;
  let at = position - window.position;
  for (; at + batchHeaderBytes <= bytes.length; at++) {
    if (bytes[at + 16] !== 2) continue;
    const size = batchBytesAt(view, at);
    if (size >= batchHeaderBytes && size <= batchBytesMax) {
      return { position: window.position + at, plausible: true };
    }
  }
  return { position: window.position + at, plausible: false };
}
