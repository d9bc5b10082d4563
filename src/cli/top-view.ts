/**
 * What `obelisk top` shows, as lines: a pure function of what it knows, the size of the terminal
 * and the time. What has the least worth goes first where there is little room: plots, then the
 * second table, then numbers.
 */
import { counted } from "./counted.ts";
import { humanCount, humanDuration } from "./terminal.ts";
import type { Style } from "./terminal.ts";
import { shownText } from "./shown.ts";
import { groupColumns, topicColumns } from "./top-columns.ts";
import { cellLines, panelLines } from "./top-overview.ts";
import type { Reading } from "./top-reading.ts";
import { type Shown, shownOf, type TableName, type TopState } from "./top-state.ts";
import { tableHeads, tableLines } from "./top-table.ts";
import { cut } from "./top-text.ts";

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What is drawn. */
export interface Frame {
  /** At most as many as the terminal has, each shorter than it is wide. */
  readonly lines: readonly string[];
  /** Rows of the table that keys move. */
  readonly pageRows: number;
}

/** Lines of plots, and how many must be left for tables then. */
const layouts: readonly (readonly [plotRows: number, tableLinesMin: number])[] = [
  [4, 18],
  [2, 12],
  [1, 8],
  [0, 6],
];
/** Both tables are shown from here on. */
const twoTablesLinesMin = 12;
/** Below this, the keys are not named. */
const footerRowsMin = 8;
const numbersOnlyTableLines = 4;

/** @param nowMs by the monotonic clock */
export function frameOf(state: TopState, size: Size, nowMs: number, style: Style): Frame {
  // One column stays free: a terminal may wrap when the last one is filled.
  const width = Math.max(1, size.columns - 1);
  const head = [titleLine(state, style), ...newsLines(state, nowMs, style)];
  const foot = size.rows < footerRowsMin ? [] : [style.dim(keysLine)];
  const room = Math.max(0, size.rows - head.length - foot.length);
  const body = state.isHelp ? { lines: helpLines, pageRows: 0 } : bodyOf(state, width, room, style);
  const blank = Array.from({ length: Math.max(0, room - body.lines.length) }, () => "");
  const lines = [...head, ...body.lines.slice(0, room), ...blank, ...foot].slice(0, size.rows);
  return { lines: lines.map((line) => cut(line, width)), pageRows: body.pageRows };
}

const keysLine = "q quit  s sort  r reverse  ↑↓ scroll  tab table  space pause  ? help";

const helpLines: readonly string[] = [
  "",
  "q, Ctrl-C     quit",
  "← →, s S      sort by another column",
  "r             the other way round",
  "↑ ↓, j k      scroll; page up, page down, home, end",
  "tab           the other table",
  "space         pause; what comes meanwhile is kept",
  "?             this",
  "",
  "in, out       what producers bring and consumers get, of a second",
  "lag           records that groups have not committed; the age of the oldest",
  "produce       from the arrival of records until they are acknowledged",
  "fetch         the same of reads, which may wait for records",
  "to disk       writes and syncs until the device has them",
  "event loop    how late a timer fires",
  "p50, p99      half, 99 of 100 took at most this; since the last look",
  "sealed        partitions that take no records since the disk refused some",
  "",
  "Any key closes this.",
];

function titleLine(state: TopState, style: Style): string {
  const { reading } = shownOf(state);
  const version = reading?.version ?? null;
  const uptime = reading?.uptimeSeconds ?? null;
  return [
    style.bold("obelisk top"),
    ...(state.paused === null ? [] : [style.yellow("paused")]),
    state.source,
    ...(version === null ? [] : [shownText(version)]),
    ...(uptime === null ? [] : [`up ${humanDuration(uptime * 1000)}`]),
    style.dim(`every ${humanDuration(state.intervalMs)}`),
  ].join("  ");
}

function newsLines({ trouble, notice, reading }: TopState, nowMs: number, style: Style): string[] {
  if (trouble !== null) {
    const since = reading === null ? "" : ` for ${humanDuration(nowMs - trouble.sinceMs)}`;
    return [style.red(`no answer${since}, trying again: ${trouble.message}`)];
  }
  if (reading === null) return ["asking the broker …"];
  return notice !== null && notice.untilMs > nowMs ? [style.green(notice.text)] : [];
}

interface Body {
  readonly lines: readonly string[];
  readonly pageRows: number;
}

function bodyOf(state: TopState, width: number, room: number, style: Style): Body {
  const shown = shownOf(state);
  const { reading } = shown;
  if (reading === null) return { lines: [], pageRows: 0 };
  const overview = overviewLines(shown, reading, width, room, style);
  const left = room - overview.length;
  const tableOf = (name: TableName, lines: number): string[] =>
    namedTable(name, reading, state, { width, lines }, style);
  if (left < twoTablesLinesMin) {
    return { lines: [...overview, ...tableOf(state.table, left)], pageRows: left - tableHeads };
  }
  // Groups take what they need, up to half; topics have the rest.
  const half = Math.floor((left - 1) / 2);
  const groupLines = Math.min(half, reading.groups.length + tableHeads);
  const topicLines = left - 1 - groupLines;
  const lines = [
    ...overview,
    ...padded(tableOf("topics", topicLines), topicLines),
    "",
    ...tableOf("groups", groupLines),
  ];
  return { lines, pageRows: (state.table === "topics" ? topicLines : groupLines) - tableHeads };
}

const padded = (lines: readonly string[], count: number): string[] => [
  ...lines,
  ...Array.from({ length: Math.max(0, count - lines.length) }, () => ""),
];

/** The richest one that leaves room for a table. */
function overviewLines(
  shown: Shown,
  reading: Reading,
  width: number,
  room: number,
  style: Style,
): string[] {
  const cells = cellLines(reading, width, style);
  for (const [plotRows, tableLinesMin] of layouts) {
    const blank = plotRows === 0 ? [] : [""];
    const lines = [...panelLines(shown, width, plotRows, style), ...blank, ...cells, ...blank];
    if (lines.length + tableLinesMin <= room) return lines;
  }
  const least = [...panelLines(shown, width, 0, style), ...cells];
  return least.slice(0, Math.max(2, room - numbersOnlyTableLines));
}

function namedTable(
  name: TableName,
  reading: Reading,
  state: TopState,
  room: { readonly width: number; readonly lines: number },
  style: Style,
): string[] {
  const seen = state.tables[name];
  const mark = state.table === name ? "› " : "  ";
  if (name === "topics") {
    const head = `${mark}${topicsHead(reading)}`;
    return tableLines(head, topicColumns, reading.topics, seen, room, style);
  }
  const head = `${mark}${groupsHead(reading)}`;
  return tableLines(head, groupColumns, reading.groups, seen, room, style);
}

/** Those that had no room in the metrics are in the number, and not in the table. */
export function topicsHead({ topics, topicCount, partitionCount, topicsDropped }: Reading): string {
  const partitions = partitionCount === null ? "" : `, ${counted(partitionCount, "partition")}`;
  return `${counted(topicCount ?? topics.length, "topic")}${partitions}${untold(topicsDropped)}`;
}

export function groupsHead({ groups, groupCount, groupsDropped }: Reading): string {
  return `${counted(groupCount ?? groups.length, "group")}${untold(groupsDropped)}`;
}

const untold = (count: number): string => (count === 0 ? "" : `, ${humanCount(count)} not told`);
