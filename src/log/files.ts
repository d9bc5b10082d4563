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
 *
 * While compaction replaces segments (`swap.ts`), there are also the three files of the new one,
 * their names ending in `.cleaned`, and then a file that says what they replace:
 *
 *     00000000000000004182.log.cleaned
 *     00000000000000004182-00000000000000009001.swap     all segments from 4182 to before 9001
 */
import type { Offset } from "../base/brands.ts";
import type { DiskEntry } from "../disk/disk.ts";

const nameDigits = 20;

/** Where the start offset of a trimmed log is kept. */
export const startFileName = "start";

/** Where the broker keeps which idempotent producers it knows. */
export const producersFileName = "producers";

/** How the name of a file ends that is to replace one, and of the file that says that it has. */
export const cleanedSuffix = ".cleaned";
const swapSuffix = ".swap";
/** How the name ends of a whole-file write that is not finished. */
export const temporarySuffix = ".tmp";

/** Whether a file of this name is there only while something goes on. */
export const isPassing = (name: string): boolean => passing.test(name);
const passing = /\.(?:cleaned|swap|tmp)$/;

/** How the names of a segment's files end. */
export type SegmentFileKind = "log" | "idx" | "timeindex";
export const segmentFileKinds: readonly SegmentFileKind[] = ["log", "timeindex", "idx"];

export const logFileName = (base: Offset): string => segmentFileName(base, "log");
export const indexFileName = (base: Offset): string => segmentFileName(base, "idx");

/** @param cleaned those of its files whose names still end in `.cleaned` */
export function segmentFileName(
  base: Offset,
  kind: SegmentFileKind,
  cleaned: readonly SegmentFileKind[] = [],
): string {
  return `${digits(base)}.${kind}${cleaned.includes(kind) ? cleanedSuffix : ""}`;
}

/** How the names of all files of one segment begin. */
export const segmentFilePrefix = (base: Offset): string => `${digits(base)}.`;

const digits = (base: Offset): string => String(base).padStart(nameDigits, "0");

/** The segments from `base` to before `end` have been replaced by a single one. */
export interface Swap {
  readonly base: Offset;
  readonly end: Offset;
}

export const swapFileName = ({ base, end }: Swap): string =>
  `${digits(base)}-${digits(end)}${swapSuffix}`;

/** The swaps that were decided and are not known to be complete. */
export function swapsIn(entries: readonly DiskEntry[]): Swap[] {
  const found: Swap[] = [];
  for (const { name, kind } of entries) {
    if (kind !== "file" || !name.endsWith(swapSuffix)) continue;
    const base = offsetIn(name.slice(0, nameDigits));
    const end = offsetIn(name.slice(nameDigits + 1, -swapSuffix.length));
    if (base === null || end === null || name !== swapFileName({ base, end })) continue;
    found.push({ base, end });
  }
  return found;
}

/** What a directory holds of one segment. Sizes are bytes; `null`: that file is missing. */
export interface SegmentFiles {
  readonly base: Offset;
  readonly logBytes: number | null;
  readonly indexBytes: number | null;
  readonly timeIndexBytes: number | null;
  /** Those of them that have replaced others and are not renamed yet. */
  readonly cleaned: readonly SegmentFileKind[];
}

type Sizes = Record<"logBytes" | "indexBytes" | "timeIndexBytes", number | null>;
const sizeNames: ReadonlyMap<string, keyof Sizes> = new Map([
  ["log", "logBytes"],
  ["idx", "indexBytes"],
  ["timeindex", "timeIndexBytes"],
]);

/**
 * Sorts a listing into segments, by base offset. Other entries are left out, and so are segments
 * that were replaced and not removed yet.
 */
export function segmentsIn(entries: readonly DiskEntry[]): SegmentFiles[] {
  const swaps = swapsIn(entries);
  const found = new Map<Offset, Sizes & { cleaned: SegmentFileKind[] }>();
  // In the order of names, what ends in `.cleaned` comes behind what it replaces.
  for (const { name, kind: entryKind, bytes } of entries) {
    const base = offsetIn(name.slice(0, nameDigits));
    const [, kind, suffix] = fileNameEnd.exec(name.slice(nameDigits)) ?? [];
    const size = sizeNames.get(kind ?? "");
    if (base === null || size === undefined || entryKind !== "file") continue;
    const isCleaned = suffix !== undefined;
    if (isCleaned && !swaps.some((swap) => swap.base === base)) continue;
    if (swaps.some((swap) => base > swap.base && base < swap.end)) continue;
    const files = found.get(base) ?? noFiles();
    files[size] = bytes;
    if (isCleaned) files.cleaned.push(kind as SegmentFileKind);
    found.set(base, files);
  }
  return [...found].map(([base, files]) => ({ base, ...files })).sort((a, b) => a.base - b.base);
}

const noFiles = (): Sizes & { cleaned: SegmentFileKind[] } => ({
  logBytes: null,
  indexBytes: null,
  timeIndexBytes: null,
  cleaned: [],
});

const fileNameEnd = /^\.(log|idx|timeindex)(\.cleaned)?$/;

/** The offset that a file's name begins with; `null`: with none. */
function offsetIn(text: string): Offset | null {
  const value = Number(text);
  const isOffset = text.length === nameDigits && /^\d+$/.test(text);
  return isOffset && Number.isSafeInteger(value) ? (value as Offset) : null;
}

/** The bases of the segments that a swap has replaced, save the one that took their place. */
export function replacedBy(swap: Swap, entries: readonly DiskEntry[]): Offset[] {
  const bases = new Set<Offset>();
  for (const { name } of entries) {
    const base = offsetIn(name.slice(0, nameDigits));
    const isSegment = fileNameEnd.test(name.slice(nameDigits));
    if (base !== null && isSegment && base > swap.base && base < swap.end) bases.add(base);
  }
  return [...bases].sort((a, b) => a - b);
}
