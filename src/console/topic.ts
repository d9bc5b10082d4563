/** One topic: its records, its partitions, its settings. */
import { h, type ComponentChild } from "preact";
import type { Partitions } from "../http/console-api/topics.ts";
import { api } from "./api.ts";
import { show } from "./dialog.ts";
import { bytes, counted, short } from "./format.ts";
import { useKeys } from "./keys.ts";
import { badge, button, failed, Head } from "./parts.ts";
import { goTo, linkTo, type TopicTab, topicTabs } from "./router.ts";
import { Records } from "./records.ts";
import { useAsked } from "./store.ts";
import { AddPartitions, DeleteTopic } from "./topic-change.ts";
import { TopicPartitions } from "./topic-partitions.ts";
import { TopicSettings } from "./settings-form.ts";

const tabWords: Readonly<Record<TopicTab, string>> = {
  records: "Records",
  partitions: "Partitions",
  settings: "Settings",
};

function facts(partitions: Partitions): ComponentChild {
  const { start_offsets: starts, end_offsets: ends, sealed } = partitions;
  const records = ends.reduce((sum, end, index) => sum + end - (starts[index] ?? 0), 0);
  const size = partitions.bytes.reduce((sum, each) => sum + each, 0);
  return h(
    "span",
    null,
    `${counted(ends.length, "partition")} · ${short(records)} records · ${bytes(size)}`,
    sealed.length > 0 && [" ", badge(`${sealed.length} sealed`, "bad")],
  );
}

export function Topic(props: { readonly topic: string; readonly tab: TopicTab }): ComponentChild {
  const { topic, tab } = props;
  const { data, error, refresh } = useAsked(
    `partitions of ${topic}`,
    () => api.partitions(topic),
    5_000,
  );
  const goToTab = (each: TopicTab): void => goTo({ page: "topic", topic, tab: each });
  useKeys({
    "1": () => goToTab("records"),
    "2": () => goToTab("partitions"),
    "3": () => goToTab("settings"),
  });
  const addPartitions = (): void => {
    const now = data?.end_offsets.length ?? 1;
    show(() => h(AddPartitions, { topic, now, done: refresh }));
  };
  return h(
    "div",
    { class: "page fills" },
    h(Head, {
      title: topic,
      back: { href: linkTo({ page: "topics" }), words: "Topics" },
      facts: data !== null && facts(data),
      actions: [
        button("Add partitions", addPartitions, { disabled: data === null }),
        button("Delete", () => show(() => h(DeleteTopic, { topic })), {
          kind: "danger",
          icon: "trash",
          disabled: data === null,
        }),
      ],
    }),
    h(
      "nav",
      { class: "tabs", "aria-label": "Views of the topic" },
      topicTabs.map((each, at) =>
        h(
          "a",
          {
            key: each,
            href: linkTo({ page: "topic", topic, tab: each }),
            ...(each === tab && { "aria-current": "page" as const }),
          },
          tabWords[each],
          h("kbd", { "aria-hidden": "true" }, String(at + 1)),
        ),
      ),
    ),
    data === null && error !== null
      ? failed(error, refresh)
      : h(Tab, { key: `${topic}/${tab}`, topic, tab, partitions: data }),
  );
}

function Tab(props: {
  readonly topic: string;
  readonly tab: TopicTab;
  readonly partitions: Partitions | null;
}): ComponentChild {
  const { topic, tab, partitions } = props;
  if (tab === "partitions") return h(TopicPartitions, { topic, partitions });
  if (tab === "settings") return h(TopicSettings, { topic });
  return h(Records, { topic, partitions: partitions?.end_offsets.length ?? null });
}
