/**
 * Reading batches of one segment: from the cache at once, from the file with every batch checked.
 * Damage is answered with its offset range; it is never skipped on the quiet, never served.
 */
import { offset, type Offset } from "../base/brands.ts";
import { Memory } from "../base/memory.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError } from "../disk/disk.ts";
import { indexIntervalBytes } from "../limits.ts";
import {
  baseOffsetAt,
  batchBytesAt,
  batchHeaderBytes,
  nextOffsetAt,
  viewOf,
} from "../record/batch.ts";
import type { Boundary, SegmentIndex } from "./index.ts";
import type { LogRead } from "./log.ts";
import { checkStored, scanBatches, type Expected, type StoredFault } from "./scan.ts";
import type { Mark, Segment } from "./segment.ts";
import { storageFailure } from "./storage-failure.ts";

/**
 * Batches from `from` on that lie in memory; `null` if the first one doesn't.
 * @param limit where the visible part of the segment ends
 */
export function readCached(
  segment: Segment,
  from: Offset,
  bytesMax: number,
  limit: Mark,
): LogRead | null {
  const boundary = segment.indexNow()?.boundaryFor(from - segment.base);
  if (!boundary) return null;
  const taken = new Taken(from, bytesMax);
  let position = boundary.position;
  let number = segment.cached.find(position);
  if (number < 0) return null;
  for (; position < limit.position && !taken.full; number++) {
    const run = segment.cached.run(number);
    if (!run?.slab.memory) break;
    const { memory } = run.slab;
    const start = run.from + (position - run.position);
    const end = Math.min(run.from + run.length, start + (limit.position - position));
    const stopped = taken.walk(memory, start, end);
    position += stopped - start;
  }
  return taken.bytes > 0 || position >= limit.position ? taken.result(limit.offset) : null;
}

/** Collects batches from memory until the reader's budget is spent. */
class Taken {
  readonly chunks: Uint8Array[] = [];
  readonly memories: Memory[] = [];
  bytes = 0;
  next: Offset;
  full = false;

  constructor(
    readonly from: Offset,
    readonly bytesMax: number,
  ) {
    this.next = from;
  }

  /** Walks the whole batches in [start, end); answers where it stopped. */
  walk(memory: Memory, start: number, end: number): number {
    const { bytes, view } = memory;
    let at = start;
    let first = -1;
    while (at < end) {
      const size = batchBytesAt(view, at);
      const next = nextOffsetAt(view, at);
      if (next > this.from) {
        if (this.bytes > 0 && this.bytes + size > this.bytesMax) {
          this.full = true;
          break;
        }
        if (first < 0) first = at;
        this.bytes += size;
        this.next = next;
      }
      at += size;
    }
    if (first < 0) return at;
    this.chunks.push(bytes.subarray(first, at));
    memory.hold();
    this.memories.push(memory);
    return at;
  }

  /** Nothing taken: there is no record between `from` and the end of the segment. */
  result(end: Offset): LogRead {
    const nextOffset = this.bytes > 0 ? this.next : end;
    const { chunks, memories, bytes } = this;
    return { chunks, memories, bytes, nextOffset };
  }
}

/**
 * The same from the file, every batch checked. An index that leads astray is rebuilt once; what is
 * still no batch then is damage.
 */
export async function readFile(
  segment: Segment,
  from: Offset,
  bytesMax: number,
  limit: Mark,
): Promise<LogRead | Refusal> {
  try {
    let boundary = (await segment.indexReady()).boundaryFor(from - segment.base);
    if (boundary === null || !(await isBoundary(segment, boundary, limit))) {
      boundary = (await rebuilt(segment))?.boundaryFor(from - segment.base) ?? null;
    }
    const { relativeOffset, position } = boundary ?? { relativeOffset: 0, position: 0 };
    const walk = new FileWalk(from, bytesMax, offset(segment.base + relativeOffset));
    return await walkFile(segment, walk, position, limit);
  } catch (error) {
    if (error instanceof DiskError && error.kind === "missing") {
      return damageRefusal(segment, from, { from: 0, to: limit.position, toOffset: null }, limit);
    }
    return storageFailure("reading", error);
  }
}

/**
 * The index made anew; `null` where there is no log to make it from, and where somebody else is
 * still writing it.
 */
async function rebuilt(segment: Segment): Promise<SegmentIndex | null> {
  if (!segment.sealed || segment.isRemoved) return null;
  try {
    return await segment.rebuildIndex();
  } catch (error) {
    if (error instanceof DiskError && error.kind === "missing") return null;
    throw error;
  }
}

async function isBoundary(segment: Segment, boundary: Boundary, limit: Mark): Promise<boolean> {
  if (boundary.position === 0 || boundary.position === limit.position) return true;
  const header = new Uint8Array(batchHeaderBytes);
  const count = await readAt(segment, boundary.position, header);
  if (count < batchHeaderBytes) return false;
  return baseOffsetAt(viewOf(header), 0) === segment.base + boundary.relativeOffset;
}

async function walkFile(
  segment: Segment,
  walk: FileWalk,
  begin: number,
  limit: Mark,
): Promise<LogRead | Refusal> {
  let position = begin;
  let wanted = walk.bytesMax + indexIntervalBytes + batchHeaderBytes;
  while (position < limit.position) {
    const memory = Memory.allocate(Math.min(limit.position - position, wanted));
    const { bytes, view } = memory;
    const count = await readAt(segment, position, bytes);
    const stop = walk.run(bytes, view, count);
    if (walk.bytes > 0) return walk.result(memory);
    position += stop.at;
    if (stop.fault === null && stop.at > 0) continue;
    const have = count - stop.at;
    const needed = have < batchHeaderBytes ? batchHeaderBytes : batchBytesAt(view, stop.at);
    if (
      stop.fault === "truncated" &&
      count === bytes.length &&
      position + needed <= limit.position
    ) {
      wanted = Math.max(wanted, needed);
      continue;
    }
    const damage = await damageAt(segment, position, walk.expected.offset, limit);
    if (damage.toOffset === null || damage.toOffset > walk.from) {
      return damageRefusal(segment, walk.from, damage, limit);
    }
    // The damage lies before what was asked for: the reader knows of it, or need not care.
    position = damage.to;
    walk.expected = { offset: damage.toOffset, isExact: true };
  }
  // Every batch is sound, and they end too early: an older file in its place, of the same length.
  const rest = { from: position, to: limit.position, toOffset: limit.offset };
  return damageRefusal(segment, walk.from, rest, limit);
}

/** Walks the batches of one buffer, checking each, until the budget, the end or a fault. */
class FileWalk {
  bytes = 0;
  expected: Expected;
  #first = 0;
  #next: Offset;

  constructor(
    readonly from: Offset,
    readonly bytesMax: number,
    base: Offset,
  ) {
    this.expected = { offset: base, isExact: true };
    this.#next = from;
  }

  run(bytes: Uint8Array, view: DataView, end: number): { at: number; fault: StoredFault | null } {
    let at = 0;
    while (at < end) {
      const fault = checkStored(bytes, view, at, end, this.expected);
      if (fault !== null) return { at, fault };
      const size = batchBytesAt(view, at);
      const next = nextOffsetAt(view, at);
      if (next > this.from) {
        if (this.bytes > 0 && this.bytes + size > this.bytesMax) return { at, fault: null };
        if (this.bytes === 0) this.#first = at;
        this.bytes += size;
        this.#next = next;
      }
      this.expected = { offset: next, isExact: true };
      at += size;
    }
    return { at, fault: null };
  }

  result(memory: Memory): LogRead {
    const chunk = memory.bytes.subarray(this.#first, this.#first + this.bytes);
    return { chunks: [chunk], memories: [memory], bytes: this.bytes, nextOffset: this.#next };
  }
}

/** A read at the end. */
export const nothingAt = (nextOffset: Offset): LogRead => {
  return { chunks: [], memories: [], bytes: 0, nextOffset };
};

/** A missing file reads as an empty one: what should be there is then reported as damage. */
async function readAt(segment: Segment, position: number, into: Uint8Array): Promise<number> {
  try {
    const { files } = segment.environment;
    return await files.use(segment.logPath, "read", (file) => file.read(position, into));
  } catch (error) {
    if (error instanceof DiskError && error.kind === "missing") return 0;
    throw error;
  }
}

/** Where the damage at `position` ends, and which offset follows it, if any. */
interface Damage {
  readonly from: number;
  readonly to: number;
  readonly toOffset: Offset | null;
}

async function damageAt(
  segment: Segment,
  position: number,
  expected: Offset,
  limit: Mark,
): Promise<Damage> {
  const all = { from: position, to: limit.position, toOffset: null };
  try {
    return await segment.environment.files.use(segment.logPath, "read", async (file) => {
      const range = {
        from: position,
        to: limit.position,
        base: expected,
        segmentBase: segment.base,
        endOffset: limit.offset,
      };
      for await (const item of scanBatches(file, range)) {
        if (item.kind === "damage") return item;
      }
      return all;
    });
  } catch (error) {
    if (error instanceof DiskError && error.kind === "missing") return all;
    throw error;
  }
}

/** The answer to a read between two segments: what lay there is gone with its files. */
export function missingRefusal(before: Segment, from: Offset, next: Offset | null): Refusal {
  const { position } = before.end;
  const damage = { from: position, to: position, toOffset: next };
  return damageRefusal(before, from, damage, before.end);
}

/** Says which offsets can't be had, and where reading may go on. */
function damageRefusal(segment: Segment, from: Offset, damage: Damage, limit: Mark): Refusal {
  const resumeAt = damage.toOffset ?? limit.offset;
  const where = `bytes ${damage.from} to ${damage.to} of ${segment.logPath}`;
  const message =
    `offsets ${from} to ${resumeAt - 1} are damaged or missing (${where}); reading can go on ` +
    `at ${resumeAt}. A backup may still have them; \`obelisk check\` lists all damage.`;
  return new Refusal("CORRUPT_MESSAGE", message, resumeAt);
}
