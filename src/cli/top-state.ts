/**
 * What `obelisk top` knows, and how events change it: a sample, a failure, a key. Pure: each step
 * gives a new state.
 *
 * Invariants: the history has at most `topHistoryMax` points, the newest last; while it is paused,
 * what is shown stays what it was, and samples are taken all the same.
 */
import { topHistoryMax } from "../limits.ts";
import { humanDuration } from "./terminal.ts";
import type { Key } from "./top-keys.ts";
import { type Reading, readingOf } from "./top-reading.ts";
import { groupColumns, topicColumns } from "./top-columns.ts";
import type { ScrapeFailure } from "./top-scrape.ts";
import type { Sample } from "./top-source.ts";

/** What is plotted of one reading; `null`: a gap. */
export interface Point {
  readonly recordsIn: number | null;
  readonly recordsOut: number | null;
  readonly lag: number | null;
  /** Seconds. */
  readonly produceP99: number | null;
}

/** What is on the screen but for its form. */
export interface Shown {
  readonly reading: Reading | null;
  readonly history: readonly Point[];
}

export type TableName = "topics" | "groups";

/** How a table is seen. */
export interface TableState {
  /** The place of its column. */
  readonly sortedBy: number;
  readonly isReversed: boolean;
  /** Rows that have gone out at its top. */
  readonly from: number;
}

export interface TopState extends Shown {
  /** Whom it watches, in words. */
  readonly source: string;
  readonly intervalMs: number;
  readonly sample: Sample | null;
  /** Since when it does not answer, by the monotonic clock, and why. */
  readonly trouble: { readonly sinceMs: number; readonly message: string } | null;
  /** What has happened lately; shown until that time. */
  readonly notice: { readonly untilMs: number; readonly text: string } | null;
  /** What is shown instead of what is known; `null`: it is not paused. */
  readonly paused: Shown | null;
  readonly table: TableName;
  readonly tables: Readonly<Record<TableName, TableState>>;
  readonly isHelp: boolean;
}

const noticeMs = 10_000;
const gap: Point = { recordsIn: null, recordsOut: null, lag: null, produceP99: null };

export const firstState = (source: string, intervalMs: number): TopState => ({
  source,
  intervalMs,
  sample: null,
  reading: null,
  history: [],
  trouble: null,
  notice: null,
  paused: null,
  table: "topics",
  tables: {
    topics: { sortedBy: topicColumns.first, isReversed: false, from: 0 },
    groups: { sortedBy: groupColumns.first, isReversed: false, from: 0 },
  },
  isHelp: false,
});

/** What is to be seen. */
export const shownOf = (state: TopState): Shown => state.paused ?? state;

export function sampled(state: TopState, sample: Sample): TopState {
  const reading = readingOf(state.sample, sample);
  const point: Point = {
    recordsIn: reading.recordsIn,
    recordsOut: reading.recordsOut,
    lag: reading.lag,
    produceP99: reading.latencies.produce.p99,
  };
  return {
    ...state,
    sample,
    reading,
    history: withPoint(state.history, point),
    trouble: null,
    notice: noticeOf(state, reading, sample.atMs),
  };
}

export function failed(state: TopState, { message }: ScrapeFailure, nowMs: number): TopState {
  const sinceMs = state.trouble?.sinceMs ?? nowMs;
  const history = state.reading === null ? state.history : withPoint(state.history, gap);
  return { ...state, history, trouble: { sinceMs, message } };
}

const withPoint = (history: readonly Point[], point: Point): Point[] =>
  [...history, point].slice(-topHistoryMax);

function noticeOf(state: TopState, reading: Reading, nowMs: number): TopState["notice"] {
  const { trouble, notice } = state;
  const news = [
    ...(trouble === null || state.reading === null
      ? []
      : [`the broker is back: it was gone for ${humanDuration(nowMs - trouble.sinceMs)}`]),
    ...(reading.isRestarted ? ["it was restarted"] : []),
  ];
  if (news.length > 0) return { untilMs: nowMs + noticeMs, text: news.join("; ") };
  return notice !== null && notice.untilMs > nowMs ? notice : null;
}

/** @param pageRows rows of the table that the screen has */
export function pressed(state: TopState, key: Exclude<Key, "quit">, pageRows: number): TopState {
  if (state.isHelp) return { ...state, isHelp: false };
  switch (key) {
    case "help":
      return { ...state, isHelp: true };
    case "pause": {
      const { reading, history } = state;
      return { ...state, paused: state.paused === null ? { reading, history } : null };
    }
    case "table":
      return { ...state, table: state.table === "topics" ? "groups" : "topics" };
    default: {
      const known = state.tables[state.table];
      const { reading } = shownOf(state);
      const rows = reading === null ? 0 : reading[state.table].length;
      const changed = tableAfter(known, key, columnCountOf(state.table), { rows, pageRows });
      return { ...state, tables: { ...state.tables, [state.table]: changed } };
    }
  }
}

const columnCountOf = (table: TableName): number =>
  (table === "topics" ? topicColumns : groupColumns).columns.length;

interface TableRoom {
  readonly rows: number;
  readonly pageRows: number;
}

function tableAfter(
  table: TableState,
  key: Exclude<Key, "quit" | "help" | "pause" | "table">,
  columnCount: number,
  { rows, pageRows }: TableRoom,
): TableState {
  const sortBy = (step: number): TableState => {
    const sortedBy = (table.sortedBy + step + columnCount) % columnCount;
    return { sortedBy, isReversed: false, from: 0 };
  };
  const goTo = (from: number): TableState => {
    return { ...table, from: Math.max(0, Math.min(from, rows - pageRows)) };
  };
  switch (key) {
    case "sortNext":
      return sortBy(1);
    case "sortPrevious":
      return sortBy(-1);
    case "reverse":
      return { ...table, isReversed: !table.isReversed, from: 0 };
    case "up":
      return goTo(table.from - 1);
    case "down":
      return goTo(table.from + 1);
    case "pageUp":
      return goTo(table.from - pageRows);
    case "pageDown":
      return goTo(table.from + pageRows);
    case "first":
      return goTo(0);
    default:
      return goTo(rows);
  }
}
