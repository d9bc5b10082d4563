/** Which records a reader wants, as values; what is left out does not restrict anything. */
import type { BatchRecord } from "../record/records.ts";
import type { FoundPartition } from "./directory.ts";

/** See the head of this file. */
export interface Selection {
  readonly topics?: readonly string[];
  readonly partitions?: readonly number[];
  /** Of each partition: this offset and later ones. */
  readonly fromOffset?: number;
  /** Only offsets before this one. */
  readonly toOffset?: number;
  /** The newest so many offsets of each partition, counted from its end when reading begins. */
  readonly last?: number;
  /** Milliseconds since 1970: this time and later ones. Records need not be in order of time. */
  readonly fromTime?: number;
  /** Only times before this one. */
  readonly toTime?: number;
  /** Exactly this key. */
  readonly key?: Uint8Array;
  /** Keys that begin so. */
  readonly keyPrefix?: Uint8Array;
}

export function selectsPartition(selection: Selection, found: FoundPartition): boolean {
  const { topics, partitions } = selection;
  if (topics !== undefined && !topics.includes(found.topic)) return false;
  return partitions === undefined || partitions.includes(found.partition);
}

/** By offset, time and key; `last` is the caller's affair. */
export function selectsRecord(selection: Selection, record: BatchRecord): boolean {
  const { fromOffset, toOffset, fromTime, toTime, key, keyPrefix } = selection;
  if (fromOffset !== undefined && record.offset < fromOffset) return false;
  if (toOffset !== undefined && record.offset >= toOffset) return false;
  if (fromTime !== undefined && record.timestamp < fromTime) return false;
  if (toTime !== undefined && record.timestamp >= toTime) return false;
  if (key !== undefined && record.key?.length !== key.length) return false;
  const prefix = key ?? keyPrefix;
  return prefix === undefined || beginsWith(record.key, prefix);
}

/** Whether records are chosen by more than their place. */
export const selectsByContent = (selection: Selection): boolean =>
  selection.key !== undefined ||
  selection.keyPrefix !== undefined ||
  selection.fromTime !== undefined ||
  selection.toTime !== undefined;

function beginsWith(bytes: Uint8Array | null, prefix: Uint8Array): boolean {
  if (bytes === null || bytes.length < prefix.length) return false;
  return prefix.every((byte, at) => byte === bytes[at]);
}
