/**
 * What a log holds after any life, as a list in memory: the plainest thing that could be right.
 * Nothing here knows of segments, files, maps or passes.
 */
import type { StoredRecord } from "../support/compaction.ts";

/** A batch, and when its tombstones may go; `null`: no compaction has met one. */
interface ModelBatch {
  readonly next: number;
  records: StoredRecord[];
  horizon: number | null;
}

export class LifeModel {
  #batches: ModelBatch[] = [];
  start = 0;

  /** What can be read. */
  get records(): StoredRecord[] {
    return this.#batches
      .flatMap(({ records }) => records)
      .filter(({ offset }) => offset >= this.start);
  }

  append(records: StoredRecord[]): void {
    this.#batches.push({ next: (records.at(-1)?.offset ?? -1) + 1, records, horizon: null });
  }

  /** Records before `start` were deleted. */
  trim(start: number): void {
    this.start = start;
    this.#batches = this.#batches.filter(({ next }) => next > start);
  }

  /** All before `end` was compacted. */
  compact(end: number, now: number, deleteRetentionMs: number): void {
    const newest = new Map<string | null, number>();
    for (const { records } of this.#batches) {
      for (const { key, offset } of records) if (offset < end) newest.set(key, offset);
    }
    for (const batch of this.#batches) {
      if (batch.next > end) continue;
      const isShown = batch.horizon === null || now <= batch.horizon;
      batch.records = batch.records.filter(
        ({ key, value, offset }) =>
          key !== null && newest.get(key) === offset && (value !== null || isShown),
      );
      if (batch.records.some(({ value }) => value === null)) {
        batch.horizon ??= now + deleteRetentionMs;
      }
    }
  }

  /** A copy that goes its own way. */
  clone(): LifeModel {
    const copy = new LifeModel();
    copy.start = this.start;
    copy.#batches = this.#batches.map((batch) => ({ ...batch }));
    return copy;
  }
}
