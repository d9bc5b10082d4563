/** All topics, found by a part of their names. */
import { h, type ComponentChild } from "preact";
import { useRef, useState } from "preact/hooks";
import type { TopicOrder, TopicRow } from "../http/console-api/topics.ts";
import { api } from "./api.ts";
import { show } from "./dialog.ts";
import { bytes, count, counted, short } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { useKeys } from "./keys.ts";
import { badge, button, empty, failed, Head, stale, waiting } from "./parts.ts";
import { goTo, linkTo } from "./router.ts";
import { useOrder, useRows } from "./rows.ts";
import { SearchBox } from "./search-box.ts";
import { CreateTopic } from "./topic-create.ts";

const createTopic = (): void => show(() => h(CreateTopic, {}));

const columns: readonly Column<TopicRow>[] = [
  {
    name: "Topic",
    by: "name",
    cell: ({ name, sealed_partitions: sealed }) => [
      h(
        "a",
        {
          class: "name",
          href: linkTo({ page: "topic", topic: name, tab: "records" }),
          tabIndex: -1,
          title: name,
        },
        name,
      ),
      sealed > 0 && [" ", badge(`${count(sealed)} sealed`, "bad")],
    ],
  },
  {
    name: "Partitions",
    by: "partitions",
    isNumber: true,
    cell: ({ partitions }) => count(partitions),
  },
  { name: "Records", by: "records", isNumber: true, cell: ({ records }) => short(records) },
  {
    name: "In",
    by: "rate",
    isNumber: true,
    isMinor: true,
    cell: (row) => rateOf(row),
  },
  { name: "Size", by: "bytes", isNumber: true, cell: (row) => bytes(row.bytes) },
  { name: "Cleanup", by: "policy", isMinor: true, cell: ({ cleanup_policy: policy }) => policy },
];

/** Records a second. */
export function rateOf({ records_per_second: rate }: TopicRow): string {
  if (rate === null) return "–";
  return rate === 0 ? "idle" : `${short(rate)}/s`;
}

const newTopicButton = (): ComponentChild =>
  button("New topic", createTopic, { kind: "primary", icon: "plus", keys: "c" });

export function Topics(): ComponentChild {
  const [search, setSearch] = useState("");
  const { order, sort, selected, select } = useOrder("name");
  const box = useRef<HTMLInputElement>(null);
  const { data, error, refresh, row, seen } = useRows(
    "topics",
    `${order.by} ${order.isDown} ${search}`,
    (piece) => api.topics({ ...piece, search, order: order.by as TopicOrder, down: order.isDown }),
    ({ topics }) => topics,
    3_000,
  );
  useKeys({ c: createTopic, f: () => box.current?.focus() });
  const open = ({ name }: TopicRow): void => goTo({ page: "topic", topic: name, tab: "records" });
  const at = Math.min(selected, (data?.found ?? 1) - 1);
  const content = (): ComponentChild => {
    if (data === null) return error === null ? waiting(12) : failed(error, refresh);
    if (data.total === 0) {
      const words =
        "The first record that is sent to a name makes a topic of it; or make one here.";
      return empty("No topics yet", words, newTopicButton());
    }
    if (data.found === 0) {
      const words = `None of ${counted(data.total, "topic")} has “${search}” in its name.`;
      return empty("No topic matches", words);
    }
    return h(Grid<TopicRow>, {
      label: "Topics",
      kind: "topics-grid",
      columns,
      count: data.found,
      row,
      seen,
      open,
      order,
      sort,
      selected: at,
      select,
    });
  };
  return h(
    "div",
    { class: "page fills" },
    h(Head, {
      title: "Topics",
      facts: data !== null && counted(data.total, "topic"),
      actions: newTopicButton(),
    }),
    h(SearchBox, {
      box,
      label: "Find topics",
      value: search,
      change: (value) => {
        setSearch(value);
        select(0);
      },
      found: search === "" || data === null ? null : counted(data.found, "match", "matches"),
      enter: () => {
        const found = row(at);
        if (found !== undefined) open(found);
      },
    }),
    stale(data === null ? null : error),
    content(),
  );
}
