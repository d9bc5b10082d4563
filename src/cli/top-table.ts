/** A table of `obelisk top` in lines: as many columns and rows as there is room for. */
import { shownText } from "./shown.ts";
import type { Style } from "./terminal.ts";
import { table } from "./terminal.ts";
import { type Column, type Columns, sorted } from "./top-columns.ts";
import type { TableState } from "./top-state.ts";
import { fitted } from "./top-text.ts";

/** The room that a table has. */
export interface TableRoom {
  readonly width: number;
  /** Lines, its two heads included. */
  readonly lines: number;
}

/** Lines above the rows. */
export const tableHeads = 2;
const nameWidthMin = 12;
const gapWidth = 2;

/**
 * Its head, the titles of its columns, and rows.
 *
 * @param head says what it is, and how much there is of it
 */
export function tableLines<R>(
  head: string,
  columns: Columns<R>,
  rows: readonly R[],
  seen: TableState,
  room: TableRoom,
  style: Style,
): string[] {
  const rowsMax = Math.max(0, room.lines - tableHeads);
  const from = Math.max(0, Math.min(seen.from, rows.length - rowsMax));
  const shown = sorted(rows, columns, seen.sortedBy, seen.isReversed).slice(from, from + rowsMax);
  const kept = fitting(columns.columns, seen.sortedBy, room.width);
  const mark = seen.isReversed ? "▲" : "▼";
  const titleOf = (column: Column<R>): string =>
    column.title + (columns.columns[seen.sortedBy] === column ? mark : "");
  const longest = rows.reduce((most, row) => Math.max(most, columns.name(row).length), 0);
  const nameWidth = Math.min(
    room.width - kept.reduce((sum, column) => sum + widthOf(column), 0),
    Math.max(nameWidthMin, longest),
  );
  const heads = [
    { title: fitted(columns.nameTitle, nameWidth), align: "left" as const },
    ...kept.map((column) => {
      return { title: titleOf(column).padStart(column.width), align: "right" as const };
    }),
  ];
  const cells = shown.map((row) => [
    fitted(shownText(columns.name(row)), nameWidth),
    ...kept.map((column) => column.text(row)),
  ]);
  const range = shown.length < rows.length ? `, ${from + 1} to ${from + shown.length} shown` : "";
  return [
    style.bold(head) + style.dim(range),
    ...table(heads, cells, style).trimEnd().split("\n"),
  ].slice(0, room.lines);
}

const widthOf = ({ width }: Column<never>): number => gapWidth + width;

/** Those that fit beside the shortest name; the one that it is sorted by stays to the last. */
function fitting<R>(
  columns: readonly Column<R>[],
  sortedBy: number,
  width: number,
): readonly Column<R>[] {
  const rank = (column: Column<R>): number =>
    columns[sortedBy] === column ? -1 : column.droppedAt;
  let kept = columns;
  const total = (): number => kept.reduce((sum, column) => sum + widthOf(column), nameWidthMin);
  while (kept.length > 0 && total() > width) {
    const worst = Math.max(...kept.map(rank));
    kept = kept.filter((column) => rank(column) !== worst);
  }
  return kept;
}
