/** All topics, found by a part of their names. */
import { h, type ComponentChild } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { TopicRow } from "../http/console-api/topics.ts";
import { api } from "./api.ts";
import { show } from "./dialog.ts";
import { bytes, count, counted, short } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { useKeys } from "./keys.ts";
import { button, empty, failed, Head, waiting } from "./parts.ts";
import { useRates } from "./rates.ts";
import { goTo, linkTo } from "./router.ts";
import { SearchBox } from "./search-box.ts";
import { useAsked } from "./store.ts";
import { CreateTopic } from "./topic-create.ts";

const createTopic = (): void => show(() => h(CreateTopic, {}));

const columnsOf = (rates: ReadonlyMap<string, number>): readonly Column<TopicRow>[] => [
  {
    name: "Topic",
    cell: ({ name }) =>
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
  },
  { name: "Partitions", isNumber: true, cell: ({ partitions }) => count(partitions) },
  { name: "Records", isNumber: true, cell: ({ records }) => short(records) },
  {
    name: "In",
    isNumber: true,
    isMinor: true,
    cell: ({ name }) => {
      const rate = rates.get(name);
      return rate === undefined ? "–" : rate === 0 ? "idle" : `${short(rate)}/s`;
    },
  },
  { name: "Size", isNumber: true, cell: (row) => bytes(row.bytes) },
  { name: "Cleanup", isMinor: true, cell: ({ cleanup_policy: policy }) => policy },
];

/** The rows whose names have all these words in them. */
function found(rows: readonly TopicRow[], search: string): readonly TopicRow[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return rows;
  return rows.filter(({ name }) => {
    const lower = name.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
}

const newTopicButton = (): ComponentChild =>
  button("New topic", createTopic, { kind: "primary", icon: "plus", keys: "c" });

export function Topics(): ComponentChild {
  const { data, error, refresh } = useAsked("topics", api.topics, 3_000);
  const [search, setSearch] = useState("");
  const [selected, select] = useState(0);
  const box = useRef<HTMLInputElement>(null);
  const rates = useRates(data?.topics);
  const rows = useMemo(() => found(data?.topics ?? [], search), [data, search]);
  useKeys({ c: createTopic, f: () => box.current?.focus() });
  const open = ({ name }: TopicRow): void => goTo({ page: "topic", topic: name, tab: "records" });
  const content = (): ComponentChild => {
    if (data === null) return error === null ? waiting(12) : failed(error, refresh);
    if (data.topics.length === 0) {
      const words =
        "The first record that is sent to a name makes a topic of it; or make one here.";
      return empty("No topics yet", words, newTopicButton());
    }
    if (rows.length === 0)
      return empty(
        "No topic matches",
        `None of ${count(data.topics.length)} has “${search}” in its name.`,
      );
    return h(Grid<TopicRow>, {
      label: "Topics",
      kind: "topics-grid",
      columns: columnsOf(rates),
      count: rows.length,
      row: (index) => rows[index],
      open,
      selected: Math.min(selected, rows.length - 1),
      select,
    });
  };
  return h(
    "div",
    { class: "page fills" },
    h(Head, {
      title: "Topics",
      facts: data !== null && counted(data.topics.length, "topic"),
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
      found: search === "" || data === null ? null : counted(rows.length, "match", "matches"),
      enter: () => {
        const row = rows[Math.min(selected, rows.length - 1)];
        if (row !== undefined) open(row);
      },
    }),
    content(),
  );
}
