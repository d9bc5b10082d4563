/**
 * How a consumer finds its place again in a log that is not the one it left: the disk lost the
 * tail of it (`fsync=never` and a power cut), and other records have got the same offsets since;
 * or the topic was deleted and created again. An offset alone would skip records that nobody has
 * seen. So a commit also remembers what some of the records before it were: marks, dense near the
 * committed offset and sparse far from it. The newest mark that still holds is where the two logs
 * are known to agree; from there on everything is delivered (again).
 */
import { offset, type Offset } from "../base/brands.ts";
import { crc32c } from "../base/crc32c.ts";
import { Refusal } from "../base/refusal.ts";
import { putInt64, viewOf } from "../record/batch.ts";
import type { BatchRecord } from "../record/records.ts";
import type { PartitionSource } from "./partition-source.ts";

/** What the record at this offset was. */
export interface Mark {
  readonly offset: Offset;
  /** CRC-32C of its time, key and value. */
  readonly check: number;
}

/** What is committed of one partition. */
export interface Committed {
  /** Everything before it was processed. */
  readonly offset: Offset;
  /** The newest first. */
  readonly marks: readonly Mark[];
}

/**
 * Where to go on.
 * - `same`: at the committed offset. - `trimmed`: there, too, and records from there on are gone.
 * - `changed`: from `offset` on the log is another one, or can't be told to be the same.
 */
export interface Resumption {
  readonly kind: "same" | "trimmed" | "changed";
  readonly offset: Offset;
}

/** The record before `at` as a mark; `null` if it can't be read any more. */
export async function markBefore(
  source: PartitionSource,
  at: Offset,
): Promise<Mark | null | Refusal> {
  if (at <= source.startOffset) return null;
  const wanted = offset(at - 1);
  const read = await source.read(wanted, 1);
  if (read instanceof Refusal) return read.code === "OFFSET_OUT_OF_RANGE" ? null : read;
  if (read === "end" || read === "moved" || read.kind === "damage") return null;
  const record = read.next();
  return record?.offset === wanted ? { offset: wanted, check: checkOf(record) } : null;
}

/**
 * The marks to keep with a commit: the newest, then the oldest of each range of distances from it
 * that is four times as wide as the one before. So there are few, however long the log is, and
 * behind the place where two logs part there is one that is not much further back.
 */
export function marksToKeep(newest: Mark, older: readonly Mark[]): Mark[] {
  const kept = new Map<number, Mark>();
  for (const mark of older) {
    const distance = newest.offset - mark.offset;
    // From the newest to the oldest, so the last one of a range stays.
    if (distance > 0) kept.set(Math.ceil(Math.log2(distance) / 2), mark);
  }
  return [newest, ...[...kept.values()].sort((a, b) => b.offset - a.offset)];
}

/** Where a consumer with this commit goes on. The source was refreshed. */
export async function resume(
  source: PartitionSource,
  committed: Committed,
): Promise<Resumption | Refusal> {
  const { startOffset } = source;
  const visible = await source.visibleEnd();
  if (visible instanceof Refusal) return visible;
  // Right after a crash a broker may not have told yet how far its log goes. What is compared
  // here is not handed out, so it may be what nobody may read yet.
  const whole = committed.offset <= visible ? source : source.stored();
  const end = await whole.visibleEnd();
  if (end instanceof Refusal) return end;
  const isBeyondEnd = committed.offset > end;
  const [newest] = committed.marks;
  for (const mark of committed.marks) {
    if (mark.offset < startOffset) break;
    const found = await markBefore(whole, offset(mark.offset + 1));
    if (found instanceof Refusal) return found;
    // One that is damaged or was compacted away proves nothing: then an older one has to.
    if (found?.check !== mark.check) continue;
    if (mark === newest && !isBeyondEnd) return { kind: "same", offset: committed.offset };
    return { kind: "changed", offset: offset(mark.offset + 1) };
  }
  const isDoubtful = newest !== undefined && newest.offset >= startOffset;
  if (isDoubtful || isBeyondEnd) return { kind: "changed", offset: startOffset };
  if (committed.offset >= startOffset) return { kind: "same", offset: committed.offset };
  return { kind: "trimmed", offset: startOffset };
}

function checkOf(record: BatchRecord): number {
  const key = record.key ?? new Uint8Array(0);
  const value = record.value ?? new Uint8Array(0);
  const bytes = new Uint8Array(16 + key.length + value.length);
  const view = viewOf(bytes);
  putInt64(view, 0, record.timestamp);
  view.setInt32(8, record.key === null ? -1 : key.length);
  view.setInt32(12, record.value === null ? -1 : value.length);
  bytes.set(key, 16);
  bytes.set(value, 16 + key.length);
  return crc32c(bytes, 0, bytes.length);
}
