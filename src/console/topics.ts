/** All topics, found by a part of their names. */
import { h, type ComponentChild } from "preact";
import type { TopicOrder, TopicRow } from "../http/console-api/topics.ts";
import { api } from "./api.ts";
import { show } from "./dialog.ts";
import { bytes, count, short } from "./format.ts";
import type { Column } from "./grid.ts";
import { useKeys } from "./keys.ts";
import { ListPage } from "./list-page.ts";
import { badge, button, empty } from "./parts.ts";
import { goTo, linkTo } from "./router.ts";
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
    isMinor: true,
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
  useKeys({ c: createTopic });
  return h(ListPage<TopicRow>, {
    title: "Topics",
    one: "topic",
    kind: "topics-grid",
    columns,
    by: "name",
    ask: (query) => api.topics({ ...query, order: query.order as TopicOrder }),
    everyMs: 3_000,
    open: ({ name }) => goTo({ page: "topic", topic: name, tab: "records" }),
    none: empty(
      "No topics yet",
      "The first record that is sent to a name makes a topic of it; or make one here.",
      newTopicButton(),
    ),
    actions: newTopicButton(),
  });
}
