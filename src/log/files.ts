/**
 * The files of one partition directory, by name. A segment is three files that share the offset of
 * its first record as their name, padded so that a directory listing sorts by offset:
 *
 *     00000000000000004182.log        record batches, one after another: the truth
 *     00000000000000004182.idx        offset → position, and how far the log was acknowledged
 *     00000000000000004182.timeindex  timestamp → offset
 *
 * The two indexes are derived and can be rebuilt from the log. `start` holds the log start offset
 * where records before it were deleted by request. `producers` is not the log's: the broker keeps
 * there which idempotent producers it knows (`broker/producer-snapshot.ts`). Names ending in `.tmp`
 * are whole-file writes that never finished.
 */
import type { Offset } from "../base/brands.ts";
import type { DiskEntry } from "../disk/disk.ts";

const nameDigits = 20;

/** Where the start offset of a trimmed log is kept. */
export const startFileName = "start";

/** Where the broker keeps which idempotent producers it knows. */
export const producersFileName = "producers";

export const logFileName = (base: Offset): string => `${digits(base)}.log`;
export const indexFileName = (base: Offset): string => `${digits(base)}.idx`;
export const timeIndexFileName = (base: Offset): string => `${digits(base)}.timeindex`;

const digits = (base: Offset): string => String(base).padStart(nameDigits, "0");

/** What a directory holds of one segment. Sizes are bytes; `null`: that file is missing. */
export interface SegmentFiles {
  readonly base: Offset;
  readonly logBytes: number | null;
  readonly indexBytes: number | null;
  readonly timeIndexBytes: number | null;
}

type Kind = "logBytes" | "indexBytes" | "timeIndexBytes";
const kinds = new Map<string, Kind>([
  ["log", "logBytes"],
  ["idx", "indexBytes"],
  ["timeindex", "timeIndexBytes"],
]);

/** Sorts a listing into segments, by base offset. Other entries are left out. */
export function segmentsIn(entries: readonly DiskEntry[]): SegmentFiles[] {
  const found = new Map<number, Record<Kind, number | null>>();
  for (const entry of entries) {
    const dot = entry.name.indexOf(".");
    const kind = kinds.get(entry.name.slice(dot + 1));
    if (dot !== nameDigits || kind === undefined || entry.kind !== "file") continue;
    const base = Number(entry.name.slice(0, dot));
    if (!/^\d+$/.test(entry.name.slice(0, dot)) || !Number.isSafeInteger(base)) continue;
    const files = found.get(base) ?? { logBytes: null, indexBytes: null, timeIndexBytes: null };
    files[kind] = entry.bytes;
    found.set(base, files);
  }
  return [...found]
    .map(([base, files]) => ({ base: base as Offset, ...files }))
    .sort((a, b) => a.base - b.base);
}
