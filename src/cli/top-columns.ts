/**
 * The columns of the two tables of `obelisk top`, as data: what stands in them, how it is written,
 * what goes first where there is little room.
 */
import { shownCount, shownSeconds, shownSize } from "./shown.ts";
import type { GroupReading, TopicReading } from "./top-reading.ts";
import { rateText, sizeRateText } from "./top-text.ts";

export interface Column<R> {
  readonly title: string;
  /** Columns of the terminal, for what is usual. */
  readonly width: number;
  /** Where there is too little room, those with the highest go first. */
  readonly droppedAt: number;
  readonly value: (row: R) => number | null;
  readonly text: (row: R) => string;
}

/** A table; the name of a row stands before its columns, and breaks ties. */
export interface Columns<R> {
  readonly nameTitle: string;
  readonly name: (row: R) => string;
  readonly columns: readonly Column<R>[];
  /** By which it is sorted at first. */
  readonly first: number;
}

const column = <R>(
  title: string,
  [width, droppedAt]: readonly [width: number, droppedAt: number],
  value: (row: R) => number | null,
  show: (value: number | null) => string,
): Column<R> => ({ title, width, droppedAt, value, text: (row) => show(value(row)) });

export const topicColumns: Columns<TopicReading> = {
  nameTitle: "topic",
  name: ({ topic }) => topic,
  columns: [
    column("in/s", [9, 0], ({ recordsIn }) => recordsIn, rateText),
    column("out/s", [9, 1], ({ recordsOut }) => recordsOut, rateText),
    column("bytes in", [10, 4], ({ bytesIn }) => bytesIn, sizeRateText),
    column("bytes out", [10, 5], ({ bytesOut }) => bytesOut, sizeRateText),
    column("size", [9, 2], ({ sizeBytes }) => sizeBytes, shownSize),
    column("partitions", [10, 3], ({ partitions }) => partitions, shownCount),
  ],
  first: 0,
};

export const groupColumns: Columns<GroupReading> = {
  nameTitle: "group",
  name: ({ group }) => group,
  columns: [
    column("lag", [11, 0], ({ lag }) => lag, shownLag),
    column("behind", [8, 1], ({ lagSeconds }) => lagSeconds, shownBehind),
    column("commits/s", [9, 2], ({ committed }) => committed, rateText),
    column("members", [7, 3], ({ members }) => members, shownCount),
  ],
  first: 0,
};

/** A group that has committed nothing has no lag. */
function shownLag(lag: number | null): string {
  return lag === null ? "-" : shownCount(lag);
}

function shownBehind(seconds: number | null): string {
  return seconds === null ? "-" : shownSeconds(seconds);
}

/** The rows in their order, largest first; unknown values come last. */
export function sorted<R>(
  rows: readonly R[],
  { columns, name }: Columns<R>,
  by: number,
  isReversed: boolean,
): R[] {
  const value = columns[by]?.value ?? (() => null);
  const sign = isReversed ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: value(row) ?? -Infinity, name: name(row) }));
  keyed.sort((one, other) => {
    if (one.key !== other.key) return one.key > other.key ? -sign : sign;
    return one.name < other.name ? -1 : one.name > other.name ? 1 : 0;
  });
  return keyed.map(({ row }) => row);
}
