/**
 * Where the rows of a list of records come from. Three ways, one for each question:
 *
 * - {@link OffsetSource}: one partition, all records: any row can be had at once, so a million
 *   records are scrolled through as ten are. Pieces are kept while they were seen lately.
 * - {@link ScanSource}: several partitions, or filters: records are looked for from newest to
 *   oldest, or the other way, until there are some; further ones on demand.
 * - `LiveSource` (`record-live.ts`): what comes from now on.
 */
import { api, messageOf, type Filters, type RecordPage } from "./api.ts";
import { counted } from "./format.ts";
import { type RecordView, viewOf } from "./record.ts";

/** A place in the list. */
export type RecordRow =
  | { readonly kind: "record"; readonly record: RecordView }
  /** No record has this offset: compacted, or a marker of the producer's. */
  | { readonly kind: "gap"; readonly partition: number; readonly offset: number };

/** What the line below the list says. */
export interface SourceStatus {
  readonly words: string;
  readonly isBusy: boolean;
  /** There may be more. */
  readonly canGoOn: boolean;
  readonly error: string | null;
}

export interface RecordSource {
  readonly count: number;
  /** Rows that came at the front since the source was opened. */
  readonly came: number;
  /** `undefined`: it is on its way. */
  row(index: number): RecordRow | undefined;
  /** These are looked at. */
  seen(from: number, to: number): void;
  readonly status: SourceStatus;
  goOn(): void;
  pause(): void;
  /** Nobody looks at it any more. */
  close(): void;
}

/** A partition, and where its records were when somebody began to look. */
export interface Range {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

const pieceRecords = 100;
const piecesMax = 200;

/** See the head of this file. */
export class OffsetSource implements RecordSource {
  readonly count: number;
  readonly came = 0;
  readonly #pieces = new Map<number, readonly (RecordView | null)[] | "asked">();
  readonly #ending = new AbortController();
  #error: string | null = null;

  constructor(
    private readonly topic: string,
    private readonly range: Range,
    private readonly isNewestFirst: boolean,
    private readonly changed: () => void,
  ) {
    this.count = Math.max(0, range.end - range.start);
  }

  get status(): SourceStatus {
    const words = counted(this.count, "record");
    return { words, isBusy: false, canGoOn: this.#error !== null, error: this.#error };
  }

  /** The row of an offset. */
  indexOf(offset: number): number {
    const { start, end } = this.range;
    const index = this.isNewestFirst ? end - 1 - offset : offset - start;
    return Math.min(Math.max(0, index), Math.max(0, this.count - 1));
  }

  row(index: number): RecordRow | undefined {
    const offset = this.#offsetAt(index);
    const piece = this.#pieces.get(Math.floor(offset / pieceRecords));
    if (piece === undefined || piece === "asked") return undefined;
    const record = piece[offset % pieceRecords];
    if (record) return { kind: "record", record };
    return { kind: "gap", partition: this.range.partition, offset };
  }

  seen(from: number, to: number): void {
    if (this.count === 0) return;
    const ends = [this.#offsetAt(from), this.#offsetAt(Math.max(from, to - 1))];
    const first = Math.floor(Math.min(...ends) / pieceRecords);
    const last = Math.floor(Math.max(...ends) / pieceRecords);
    for (let number = first; number <= last; number++) {
      const known = this.#pieces.get(number);
      if (known === undefined) void this.#load(number);
      else {
        // The map's order is that in which they were seen.
        this.#pieces.delete(number);
        this.#pieces.set(number, known);
      }
    }
  }

  goOn(): void {
    this.#error = null;
    for (const [number, piece] of [...this.#pieces]) {
      if (piece === "asked") void this.#load(number);
    }
    this.changed();
  }

  pause(): void {}

  close(): void {
    this.#ending.abort();
  }

  #offsetAt(index: number): number {
    return this.isNewestFirst ? this.range.end - 1 - index : this.range.start + index;
  }

  async #load(number: number): Promise<void> {
    this.#pieces.set(number, "asked");
    const from = Math.max(number * pieceRecords, this.range.start);
    const to = Math.min((number + 1) * pieceRecords, this.range.end);
    try {
      const piece: (RecordView | null)[] = Array.from({ length: pieceRecords }, () => null);
      const { topic, range } = this;
      await readRange(topic, range.partition, from, to, {}, this.#ending.signal, (record) => {
        piece[record.offset % pieceRecords] = record;
      });
      this.#pieces.set(number, piece);
      for (const [oldest] of this.#pieces) {
        if (this.#pieces.size <= piecesMax) break;
        this.#pieces.delete(oldest);
      }
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#error = messageOf(error);
    }
    this.changed();
  }
}

/** All records of a range that fit, in order, however many requests that takes. */
async function readRange(
  topic: string,
  partition: number,
  from: number,
  to: number,
  filters: Filters,
  signal: AbortSignal,
  take: (record: RecordView) => void,
): Promise<void> {
  for (let offset = from; offset < to;) {
    const limit = Math.min(to - offset, 1_000);
    const page = await api.records(topic, partition, { offset, limit, ...filters }, signal);
    for (const record of page.data) if (record.offset < to) take(viewOf(record));
    if (page.next_offset <= offset) break;
    offset = page.next_offset;
  }
}

/** Offsets that are looked through at a time where filters let little through. */
const windowMin = 20_000;
const windowMax = 2_000_000;
/** So many are looked for before the reader has to ask for more. */
const batchRecords = 200;
const atOnce = 4;

/** Where a scan is in one partition. */
interface Cursor {
  readonly range: Range;
  /** Backward: records from here on were seen. Forward: this is the next one. */
  at: number;
  window: number;
}

/** How to look. */
export interface ScanWish {
  readonly topic: string;
  readonly ranges: readonly Range[];
  readonly filters: Filters;
  readonly isNewestFirst: boolean;
}

/** See the head of this file. */
export class ScanSource implements RecordSource {
  readonly came = 0;
  #rows: RecordRow[] = [];
  readonly #cursors: Cursor[];
  readonly #total: number;
  #looked = 0;
  #isBusy = false;
  #isPaused = false;
  #error: string | null = null;
  readonly #ending = new AbortController();

  constructor(
    private readonly wish: ScanWish,
    private readonly changed: () => void,
  ) {
    const { ranges, isNewestFirst } = wish;
    const filled = ranges.filter(({ start, end }) => end > start);
    const isFiltered = Object.values(wish.filters).some((each) => each !== "");
    const share = Math.max(10, Math.ceil(batchRecords / Math.max(1, filled.length)));
    this.#total = filled.reduce((sum, { start, end }) => sum + end - start, 0);
    this.#cursors = filled.map((range) => ({
      range,
      at: isNewestFirst ? range.end : range.start,
      window: isFiltered ? windowMin : share,
    }));
    void this.#run();
  }

  get count(): number {
    return this.#rows.length;
  }

  get status(): SourceStatus {
    const found = counted(this.count, "record");
    const share = this.#total === 0 ? 100 : Math.floor((this.#looked / this.#total) * 100);
    const words = this.#isDone ? found : `${found} so far, ${share} % looked through`;
    const canGoOn = !this.#isBusy && !this.#isDone;
    return { words, isBusy: this.#isBusy, canGoOn, error: this.#error };
  }

  row(index: number): RecordRow | undefined {
    return this.#rows[index];
  }

  seen(_: number, to: number): void {
    if (to >= this.count && this.count > 0 && !this.#isPaused && this.#error === null) this.goOn();
  }

  goOn(): void {
    if (!this.#isBusy) void this.#run();
  }

  pause(): void {
    this.#isPaused = true;
  }

  close(): void {
    this.#ending.abort();
  }

  get #isDone(): boolean {
    return this.#open.length === 0;
  }

  get #open(): readonly Cursor[] {
    const isBack = this.wish.isNewestFirst;
    return this.#cursors.filter(({ at, range }) => (isBack ? at > range.start : at < range.end));
  }

  async #run(): Promise<void> {
    this.#isBusy = true;
    this.#isPaused = false;
    this.#error = null;
    const wanted = this.count + batchRecords;
    try {
      while (this.count < wanted && !this.#isDone && !this.#isPaused) await this.#round();
    } catch (error) {
      this.#error = messageOf(error);
    }
    this.#isBusy = false;
    if (!this.#ending.signal.aborted) this.changed();
  }

  /** Each partition one window further. */
  async #round(): Promise<void> {
    const queue = [...this.#open].values();
    const lane = async (): Promise<void> => {
      for (const cursor of queue) {
        if (this.#isPaused) return;
        await this.#step(cursor);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    this.#sort();
    if (!this.#ending.signal.aborted) this.changed();
  }

  async #step(cursor: Cursor): Promise<void> {
    const { topic, filters, isNewestFirst } = this.wish;
    const { range, at, window } = cursor;
    const from = isNewestFirst ? Math.max(range.start, at - window) : at;
    const to = isNewestFirst ? at : Math.min(range.end, at + window);
    const { partition } = range;
    let found = 0;
    await readRange(topic, partition, from, to, filters, this.#ending.signal, (record) => {
      found += 1;
      this.#rows.push({ kind: "record", record });
    });
    cursor.at = isNewestFirst ? from : to;
    this.#looked += to - from;
    if (found === 0) cursor.window = Math.min(window * 2, windowMax);
  }

  /** By time, or, in one partition, by offset. */
  #sort(): void {
    const sign = this.wish.isNewestFirst ? -1 : 1;
    const isOne = this.#cursors.length === 1;
    this.#rows.sort((one, other) => {
      if (one.kind === "gap" || other.kind === "gap") return 0;
      const [a, b] = [one.record, other.record];
      const byTime = isOne ? 0 : a.timestamp - b.timestamp || a.partition - b.partition;
      return sign * (byTime || a.offset - b.offset);
    });
  }
}

/** Where the first record is that is as late as `time`. */
export async function offsetAt(topic: string, partition: number, time: number): Promise<number> {
  const page: RecordPage = await api.records(topic, partition, { time, limit: 1 });
  return page.data[0]?.offset ?? page.next_offset;
}
