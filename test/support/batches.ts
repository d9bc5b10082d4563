/** Batches for tests: records whose content tells which one they are. */
import { BatchBuilder, type BatchOptions } from "../../src/record/builder.ts";
import type { Compression } from "../../src/record/batch.ts";
import { viewOf } from "../../src/record/batch.ts";
import { openRecords } from "../../src/record/records.ts";
import { batchBytesAt } from "../../src/record/batch.ts";
import { Refusal } from "../../src/base/refusal.ts";

const text = new TextEncoder();

/** What {@link batchOf} makes. */
export interface BatchShape {
  /** The number of the first record: keys are `k<n>`, values `v<n>` padded. */
  readonly first: number;
  readonly count?: number;
  readonly valueBytes?: number;
  /** Milliseconds of the first record; each next one is a millisecond later. */
  readonly timestamp?: number;
  readonly compression?: Compression;
  /** Of an idempotent producer: its id, epoch and the sequence of the first record. */
  readonly producer?: Pick<BatchOptions, "producerId" | "producerEpoch" | "baseSequence">;
  readonly isKeyless?: boolean;
}

/** A sealed batch of records `first`, `first + 1`, … */
export function batchOf(shape: BatchShape): Uint8Array {
  const { first, count = 1, valueBytes = 10, timestamp = 1_000_000 + first } = shape;
  const builder = new BatchBuilder();
  for (let i = 0; i < count; i++) {
    const key = shape.isKeyless === true ? null : text.encode(`k${first + i}`);
    const value = text.encode(`v${first + i}`.padEnd(valueBytes, "."));
    builder.append({ timestamp: timestamp + i, key, value });
  }
  const { compression } = shape;
  return builder.build({ ...(compression ? { compression } : {}), ...shape.producer });
}

/** The numbers of the records in whole batches, as {@link batchOf} gave them. */
export function numbersIn(chunks: readonly Uint8Array[]): number[] {
  return recordsIn(chunks).map((record) => record.number);
}

/** Offset and number of each record in whole batches. */
export function recordsIn(chunks: readonly Uint8Array[]): { offset: number; number: number }[] {
  const found: { offset: number; number: number }[] = [];
  for (const chunk of chunks) {
    const view = viewOf(chunk);
    for (let at = 0; at < chunk.length; at += batchBytesAt(view, at)) {
      const records = openRecords(chunk, view, at);
      if (records instanceof Refusal) throw new Error(records.message);
      while (records.next()) {
        const key = new TextDecoder().decode(records.record().key ?? new Uint8Array(0));
        found.push({ offset: records.offset, number: Number(key.slice(1)) });
      }
    }
  }
  return found;
}
