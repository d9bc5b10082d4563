/**
 * Records as they come: partitions that have grown are asked for what is new. One request tells
 * which those are, so a topic may have any number of partitions.
 */
import { api, messageOf } from "./api.ts";
import { count, counted } from "./format.ts";
import { type RecordView, viewOf } from "./record.ts";
import type { Filters, RecordRow, RecordSource, SourceStatus } from "./record-source.ts";

const everyMs = 600;
/** Of one partition, at a time; what came in between is left out, and counted. */
const recordsMax = 500;
/** Rows that are kept; the oldest go. */
const rowsMax = 5_000;

/** See the head of this file. */
export class LiveSource implements RecordSource {
  #rows: readonly RecordRow[] = [];
  /** By partition: where to read on; `null` until the first answer. */
  #ends: readonly number[] | null = null;
  #isPaused = false;
  #skipped = 0;
  #error: string | null = null;
  #timer = 0;
  readonly #ending = new AbortController();

  /** @param partition `null`: all of them */
  constructor(
    private readonly topic: string,
    private readonly partition: number | null,
    private readonly filters: Filters,
    private readonly changed: () => void,
  ) {
    void this.#run();
  }

  get count(): number {
    return this.#rows.length;
  }

  get status(): SourceStatus {
    const came = counted(this.count, "record");
    const left = this.#skipped === 0 ? "" : `, ${count(this.#skipped)} left out: too many at once`;
    const words = this.#isPaused ? `Paused at ${came}${left}` : `Live: ${came}${left}`;
    return { words, isBusy: !this.#isPaused, canGoOn: this.#isPaused, error: this.#error };
  }

  row(index: number): RecordRow | undefined {
    return this.#rows[index];
  }

  seen(): void {}

  goOn(): void {
    this.#isPaused = false;
    this.changed();
  }

  pause(): void {
    this.#isPaused = true;
    this.changed();
  }

  close(): void {
    this.#ending.abort();
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    try {
      if (!this.#isPaused && !document.hidden) await this.#look();
      this.#error = null;
    } catch (error) {
      this.#error = messageOf(error);
    }
    if (this.#ending.signal.aborted) return;
    this.changed();
    this.#timer = setTimeout(() => void this.#run(), everyMs) as unknown as number;
  }

  async #look(): Promise<void> {
    const { end_offsets: ends } = await api.partitions(this.topic);
    const before = this.#ends ?? ends;
    const came: RecordView[] = [];
    for (const [partition, end] of ends.entries()) {
      if (this.partition !== null && partition !== this.partition) continue;
      const from = before[partition] ?? 0;
      if (end > from) came.push(...(await this.#read(partition, from, end)));
    }
    this.#ends = ends;
    if (came.length === 0) return;
    came.sort((one, other) => other.timestamp - one.timestamp || other.offset - one.offset);
    const rows = came.map((record): RecordRow => ({ kind: "record", record }));
    this.#rows = [...rows, ...this.#rows].slice(0, rowsMax);
  }

  async #read(partition: number, from: number, end: number): Promise<readonly RecordView[]> {
    const offset = Math.max(from, end - recordsMax);
    this.#skipped += offset - from;
    const query = { offset, limit: end - offset, ...this.filters };
    const page = await api.records(this.topic, partition, query, this.#ending.signal);
    return page.data.filter((record) => record.offset < end).map(viewOf);
  }
}
