/**
 * What one group has committed, by topic and partition, exactly as it is on the device. Owned
 * data: the rows; they change when a change was stored, never before.
 */
import { groupEntryOverheadBytes } from "../limits.ts";
import type { OffsetRow } from "../metadata/metadata.ts";

const bytesOf = (row: OffsetRow): number => groupEntryOverheadBytes + row.metadata.length;

/** See the head of this file. */
export class CommittedOffsets {
  readonly #topics = new Map<string, Map<number, OffsetRow>>();
  /** The names of them all; `null`: since the last look some have come or gone. */
  #sorted: readonly string[] | null = null;
  #size = 0;
  #bytes = 0;

  constructor(rows: readonly OffsetRow[]) {
    for (const row of rows) this.put(row);
  }

  get size(): number {
    return this.#size;
  }

  /** What they hold in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  get(topic: string, partitionIndex: number): OffsetRow | undefined {
    return this.#topics.get(topic)?.get(partitionIndex);
  }

  /** One topic's, by partition. */
  of(topic: string): readonly OffsetRow[] {
    const partitions = [...(this.#topics.get(topic)?.values() ?? [])];
    return partitions.sort((one, other) => one.partitionIndex - other.partitionIndex);
  }

  /** All of them, by topic and partition. */
  all(): readonly OffsetRow[] {
    return this.topics().flatMap((topic) => this.of(topic));
  }

  /** The topics that have any, sorted. */
  topics(): readonly string[] {
    this.#sorted ??= [...this.#topics.keys()].sort();
    return this.#sorted;
  }

  /** What memory it takes to put `rows`. */
  bytesFor(rows: readonly OffsetRow[]): number {
    let bytes = 0;
    for (const row of rows) {
      const there = this.get(row.topic, row.partitionIndex);
      bytes += bytesOf(row) - (there === undefined ? 0 : bytesOf(there));
    }
    return bytes;
  }

  put(row: OffsetRow): void {
    let partitions = this.#topics.get(row.topic);
    if (partitions === undefined) {
      partitions = new Map();
      this.#topics.set(row.topic, partitions);
      this.#sorted = null;
    }
    const there = partitions.get(row.partitionIndex);
    partitions.set(row.partitionIndex, row);
    if (there === undefined) this.#size++;
    this.#bytes += bytesOf(row) - (there === undefined ? 0 : bytesOf(there));
  }

  remove(topic: string, partitionIndex: number): void {
    const partitions = this.#topics.get(topic);
    const row = partitions?.get(partitionIndex);
    if (partitions === undefined || row === undefined) return;
    partitions.delete(partitionIndex);
    if (partitions.size === 0) {
      this.#topics.delete(topic);
      this.#sorted = null;
    }
    this.#size--;
    this.#bytes -= bytesOf(row);
  }
}
