/** A topic's records: where to begin, what to look for, the list, and the record that is chosen. */
import { h, type ComponentChild } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Partitions } from "../http/console-api/topics.ts";
import { api, messageOf } from "./api.ts";
import { show } from "./dialog.ts";
import { clock, count, isSameDay, time } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { useKeys } from "./keys.ts";
import { button, empty, problem, waiting } from "./parts.ts";
import { Produce, Replay } from "./produce.ts";
import { preview, type RecordView } from "./record.ts";
import { RecordDetail } from "./record-detail.ts";
import { useChoice } from "./record-choice.ts";
import { RecordsBar } from "./records-bar.ts";
import { LiveSource } from "./record-live.ts";
import { firstWish, isFiltered, type RecordsWish } from "./records-wish.ts";
import {
  OffsetSource,
  offsetAt,
  type RecordRow,
  type RecordSource,
  ScanSource,
} from "./record-source.ts";

const cellText = (bytes: Uint8Array | null): ComponentChild => {
  if (bytes === null) return h("span", { class: "muted" }, "null");
  if (bytes.length === 0) return h("span", { class: "muted" }, "empty");
  const { words, isText } = preview(bytes);
  // Whichever way a text is written, it does not turn what stands beside it.
  return h("bdi", { class: isText ? "mono" : "mono muted" }, words);
};

const whenOf = ({ timestamp }: RecordView): string => {
  if (timestamp < 0) return "–";
  return isSameDay(timestamp, Date.now()) ? clock(timestamp) : time(timestamp).slice(0, 19);
};

const record = (
  row: RecordRow,
  cell: (record: RecordView) => ComponentChild | string,
): ComponentChild | string => (row.kind === "record" ? cell(row.record) : "");

function columnsOf(hasPartitions: boolean): readonly Column<RecordRow>[] {
  const partition: Column<RecordRow> = {
    name: "Part.",
    isNumber: true,
    cell: (row) => String(row.kind === "record" ? row.record.partition : row.partition),
  };
  return [
    ...(hasPartitions ? [partition] : []),
    {
      name: "Offset",
      isNumber: true,
      cell: (row) => count(row.kind === "record" ? row.record.offset : row.offset),
    },
    { name: "Time", isMinor: true, cell: (row) => record(row, whenOf) },
    { name: "Key", cell: (row) => record(row, ({ key }) => cellText(key)) },
    {
      name: "Value",
      cell: (row) =>
        row.kind === "record"
          ? cellText(row.record.value)
          : h("span", { class: "muted" }, "no record has this offset"),
    },
  ];
}

/** The source that answers a wish. */
function sourceFor(
  topic: string,
  wish: RecordsWish,
  partitions: Partitions,
  changed: () => void,
): RecordSource {
  const { filters, partition, from } = wish;
  if (wish.isLive) return new LiveSource(topic, partition, filters, changed);
  const ranges = partitions.start_offsets
    .map((start, index) => ({ partition: index, start, end: partitions.end_offsets[index] ?? 0 }))
    .filter((range) => partition === null || range.partition === partition);
  const isNewestFirst = from === "newest";
  const [range] = ranges;
  if (partition !== null && range !== undefined && !isFiltered(wish)) {
    return new OffsetSource(topic, range, isNewestFirst, changed);
  }
  const offset = from === "offset" ? Number(wish.at) : 0;
  const later = ranges.map((each) => ({ ...each, start: Math.max(each.start, offset) }));
  return new ScanSource({ topic, ranges: later, filters, isNewestFirst }, changed);
}

/** Ranges that begin where the time is; a request for each. */
async function fromTime(
  topic: string,
  partitions: Partitions,
  wish: RecordsWish,
): Promise<Partitions> {
  const at = new Date(wish.at).getTime();
  const starts = [...partitions.start_offsets];
  for (const [partition, start] of starts.entries()) {
    const isWanted = wish.partition === null || wish.partition === partition;
    if (isWanted && start < (partitions.end_offsets[partition] ?? 0)) {
      starts[partition] = await offsetAt(topic, partition, at);
    }
  }
  return { ...partitions, start_offsets: starts };
}

interface Opened {
  readonly source: RecordSource | null;
  readonly error: string | null;
}

/**
 * Opens a source for the wish: with where the partitions begin and end at that moment. The one
 * before is seen until then.
 */
function useSource(topic: string, wish: RecordsWish | null): Opened {
  const [, render] = useState({});
  const [opened, setOpened] = useState<Opened>({ source: null, error: null });
  useEffect(() => {
    if (wish === null) return undefined;
    let isOver = false;
    let source: RecordSource | null = null;
    const open = async (): Promise<void> => {
      const now = await api.partitions(topic);
      const isByTime = wish.from === "time" && !wish.isLive;
      const ranges = isByTime ? await fromTime(topic, now, wish) : now;
      if (isOver) return;
      source = sourceFor(topic, wish, ranges, () => isOver || render({}));
      setOpened({ source, error: null });
    };
    open().catch((error: unknown) => {
      if (!isOver) setOpened({ source: null, error: messageOf(error) });
    });
    return () => {
      isOver = true;
      source?.close();
    };
  }, [topic, wish]);
  return opened;
}

/** @param partitions how many there are; `null`: that is not known yet */
export function Records(props: {
  readonly topic: string;
  readonly partitions: number | null;
}): ComponentChild {
  const { topic, partitions } = props;
  const [wish, setWish] = useState<RecordsWish | null>(null);
  useEffect(() => {
    if (partitions !== null) setWish((before) => before ?? firstWish(partitions));
  }, [partitions === null]);
  const { source, error } = useSource(topic, wish);
  const asked = wish ?? firstWish(1);
  const change = (changed: Partial<RecordsWish>): void => setWish({ ...asked, ...changed });
  const toggleLive = (): void => change({ isLive: !asked.isLive });
  const produce = (): void => {
    const done = (): void => (asked.isLive ? undefined : change({}));
    show(() => h(Produce, { topic, partitions: partitions ?? 1, done }));
  };
  useKeys({ l: toggleLive, n: () => change({ from: "newest", isLive: false }), p: produce });
  const list = { topic, wish: asked, partitions: partitions ?? 1, produce, change };
  return h(
    "div",
    { class: "records" },
    h(RecordsBar, { wish: asked, partitions: partitions ?? 1, change, produce, toggleLive }),
    problem(error),
    source === null
      ? h("div", { class: "split" }, h("div", { class: "list" }, error === null && waiting(12)))
      : h(List, { ...list, source }),
  );
}

function List(props: {
  readonly topic: string;
  readonly source: RecordSource;
  readonly wish: RecordsWish;
  readonly partitions: number;
  readonly produce: () => void;
  readonly change: (change: Partial<RecordsWish>) => void;
}): ComponentChild {
  const { topic, source, wish, partitions, produce, change } = props;
  const [isOpen, setOpen] = useState(false);
  const { selected, chosen, jump, row, pick } = useChoice(source, wish);
  const replay = (view: RecordView): void => {
    const done = (): void => (wish.isLive ? undefined : change({}));
    show(() => h(Replay, { topic, record: view, done }));
  };
  const columns = useMemo(
    () => columnsOf(wish.partition === null && partitions > 1),
    [wish, partitions],
  );
  const seen = useMemo(() => (from: number, to: number) => source.seen(from, to), [source]);
  useKeys({ Escape: () => setOpen(false) });
  const { status } = source;
  const isEmpty = source.count === 0 && !status.isBusy && status.error === null;
  const hasNone = isEmpty || (wish.isLive && source.count === 0);
  return h(
    "div",
    { class: `split${isOpen ? " opened" : ""}${hasNone ? " bare" : ""}` },
    h(
      "div",
      { class: "list" },
      hasNone
        ? nothing(wish, status.error, produce)
        : h(Grid<RecordRow>, {
            label: "Records",
            kind: columns.length === 5 ? "records-grid all" : "records-grid",
            columns,
            count: source.count,
            row,
            seen,
            open: (each) => setOpen(each.kind === "record"),
            selected,
            select: pick,
            jump,
            came: source.came,
          }),
      statusLine(source),
    ),
    !hasNone && h(RecordDetail, { record: chosen, replay, close: () => setOpen(false) }),
  );
}

function nothing(wish: RecordsWish, error: string | null, produce: () => void): ComponentChild {
  if (wish.isLive) {
    const title = error === null ? "Waiting for records" : "Not live now";
    return empty(title, "What is produced from now on appears here by itself.");
  }
  if (isFiltered(wish)) return empty("Nothing found", "No record fits all filters.");
  const action = button("Produce a record", produce, { icon: "send", keys: "p" });
  const where = wish.partition === null ? "This topic" : `Partition ${wish.partition}`;
  const isWhole = wish.from === "newest" || wish.from === "oldest";
  const words = isWhole ? `${where} is empty.` : `${where} has none from here on.`;
  return empty("No records", words, action);
}

function statusLine(source: RecordSource): ComponentChild {
  const { words, isBusy, canGoOn, error } = source.status;
  const isLive = source instanceof LiveSource;
  return h(
    "div",
    { class: "list-foot" },
    h("span", { class: isBusy && isLive ? "pulse" : "", role: "status" }, words),
    error !== null && h("span", { class: "fault", role: "alert" }, error),
    isBusy &&
      button(isLive ? "Pause" : "Stop", () => source.pause(), { kind: "quiet", icon: "pause" }),
    canGoOn && button("Go on", () => source.goOn(), { kind: "quiet", icon: "play" }),
  );
}
