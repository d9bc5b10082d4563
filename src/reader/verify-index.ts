/**
 * Checks the two index files of a segment against its batches, which go by in order. Indexes are
 * derived data: whatever is wrong with them is rebuilt, and costs time, not records.
 */
import type { Offset } from "../base/brands.ts";
import {
  indexEntryBytes,
  indexHeaderBytes,
  isIndexEntry,
  isTimeEntry,
  isTimeHeader,
  timeEntryBytes,
  timeHeaderBytes,
} from "../log/index-file.ts";
import { int64At, viewOf } from "../record/batch.ts";

/** Entries in which something is wrong. */
interface Wrong {
  count: number;
  /** The number of the first one. */
  first: number;
}

/** See the head of this file. */
export class IndexCheck {
  readonly #view: DataView;
  readonly #count: number;
  #at = 0;
  readonly #timeView: DataView;
  readonly #timeCount: number;
  #timeAt = 0;
  /** The newest time among the batches so far; -1 before the first. */
  #maxTimestamp = -1;
  /** No entry is expected to lie in front of this position, or before this offset. */
  #last = { position: 0, offset: 0, time: -Infinity, timeOffset: 0 };
  readonly #damaged: Wrong = { count: 0, first: 0 };
  readonly #astray: Wrong = { count: 0, first: 0 };
  readonly #timeDamaged: Wrong = { count: 0, first: 0 };
  readonly #untrue: Wrong = { count: 0, first: 0 };
  readonly #hasTimeHeader: boolean;

  /** Whole files; `index` begins with a sound header, `times` may be `null`: it is missing. */
  constructor(
    private readonly base: Offset,
    index: Uint8Array,
    private readonly times: Uint8Array | null,
  ) {
    this.#view = viewOf(index);
    this.#count = Math.floor((index.length - indexHeaderBytes) / indexEntryBytes);
    this.#hasTimeHeader = times !== null && isTimeHeader(times, base);
    this.#timeView = viewOf(times ?? new Uint8Array(0));
    const timeBytes = this.#hasTimeHeader ? this.#timeView.byteLength - timeHeaderBytes : 0;
    this.#timeCount = Math.floor(timeBytes / timeEntryBytes);
  }

  get maxTimestamp(): number {
    return this.#maxTimestamp;
  }

  /** The next batch, or the place behind the last one with a time of -1. */
  boundary(position: number, offset: Offset, maxTimestamp: number): void {
    this.#entriesTo(position, offset);
    this.#timesTo(offset);
    this.#maxTimestamp = Math.max(this.#maxTimestamp, maxTimestamp);
  }

  /** What lies before `position` is damaged: entries that point there are not judged. */
  skip(position: number): void {
    for (; this.#at < this.#count; this.#at++) {
      const entry = this.#entry(this.#at);
      if (entry !== null && entry.position >= position) return;
      if (entry === null) note(this.#damaged, this.#at);
    }
  }

  /** Nothing follows the last boundary: entries behind it point at nothing. */
  end(): void {
    for (; this.#at < this.#count; this.#at++) {
      note(this.#entry(this.#at) === null ? this.#damaged : this.#astray, this.#at);
    }
  }

  /** What is wrong with the `.idx` file, as ends of sentences. A stray entry points at no batch. */
  findings(): string[] {
    const found: string[] = [];
    say(found, this.#damaged, "damaged");
    say(found, this.#astray, "stray");
    return found;
  }

  /** The same of the `.timeindex` file, which has to be there once there is an entry to make. */
  timeFindings(isSealed: boolean): string[] {
    const isDue = isSealed || (this.#count > 0 && this.#maxTimestamp >= 0);
    if (this.times === null) return isDue ? ["is missing"] : [];
    if (!this.#hasTimeHeader) return ["has no sound header"];
    const found: string[] = [];
    say(found, this.#timeDamaged, "damaged");
    say(found, this.#untrue, "untrue");
    return found;
  }

  #entry(at: number): { position: number; relativeOffset: number } | null {
    const from = indexHeaderBytes + at * indexEntryBytes;
    if (!isIndexEntry(this.#view, from, this.base)) return null;
    return { relativeOffset: this.#view.getUint32(from), position: this.#view.getUint32(from + 4) };
  }

  /** Checks the entries that point at or before `position`, where a batch of `offset` begins. */
  #entriesTo(position: number, offset: Offset): void {
    for (; this.#at < this.#count; this.#at++) {
      const entry = this.#entry(this.#at);
      if (entry === null) {
        note(this.#damaged, this.#at);
        continue;
      }
      if (entry.position > position && entry.position > this.#last.position) return;
      const isRising =
        entry.position > this.#last.position && entry.relativeOffset > this.#last.offset;
      const isHere = entry.position === position && entry.relativeOffset === offset - this.base;
      if (!isHere || !isRising) note(this.#astray, this.#at);
      this.#last = { ...this.#last, position: entry.position, offset: entry.relativeOffset };
    }
  }

  /** Checks the time entries that speak of nothing from `offset` on. */
  #timesTo(offset: Offset): void {
    for (; this.#timeAt < this.#timeCount; this.#timeAt++) {
      const from = timeHeaderBytes + this.#timeAt * timeEntryBytes;
      if (!isTimeEntry(this.#timeView, from, this.base)) {
        note(this.#timeDamaged, this.#timeAt);
        continue;
      }
      const time = int64At(this.#timeView, from);
      const relativeOffset = this.#timeView.getUint32(from + 8);
      if (relativeOffset > offset - this.base && relativeOffset > this.#last.timeOffset) return;
      const isRising = time > this.#last.time && relativeOffset > this.#last.timeOffset;
      if (!isRising || this.#maxTimestamp > time) note(this.#untrue, this.#timeAt);
      this.#last = { ...this.#last, time, timeOffset: relativeOffset };
    }
  }
}

function note(wrong: Wrong, number: number): void {
  if (wrong.count === 0) wrong.first = number;
  wrong.count += 1;
}

function say(found: string[], wrong: Wrong, how: string): void {
  if (wrong.count === 0) return;
  const entries = wrong.count === 1 ? `1 ${how} entry` : `${wrong.count} ${how} entries`;
  found.push(`has ${entries}, the first is number ${wrong.first}`);
}
