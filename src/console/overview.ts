/** Overview: what goes through the broker now, who is behind, and whether there is room. */
import { h, type ComponentChild } from "preact";
import type { GroupRow } from "../http/console-api/groups.ts";
import type { Live } from "../http/console-api/live.ts";
import { api } from "./api.ts";
import { Chart } from "./chart.ts";
import { behind, bytes, count, counted, duration, short } from "./format.ts";
import { live, type Sample } from "./live.ts";
import { badge, empty, failed, Head, waiting } from "./parts.ts";
import { linkTo } from "./router.ts";
import { useAsked, useStore } from "./store.ts";
import { rateOf } from "./topics.ts";

/** Rows of the two short lists. */
const rowsShown = 6;

const tile = (name: string, value: string, more: string, tone = ""): ComponentChild =>
  h(
    "div",
    { class: `tile ${tone}` },
    h("dt", null, name),
    h("dd", null, value, h("small", null, more)),
  );

const perSecond = (value: number | null | undefined, words: (value: number) => string): string =>
  typeof value === "number" ? `${words(value)}/s` : "–";

function tiles(now: Live, last: Sample | undefined): ComponentChild {
  const connections = now.connections.reduce((sum, { open }) => sum + open, 0);
  const used = now.usable_bytes;
  const isShort = used !== null && used < Math.max(now.stored_bytes / 20, 64 * 2 ** 20);
  return h(
    "dl",
    { class: "tiles" },
    tile("Records in", perSecond(last?.records, short), `${count(now.records)} so far`),
    tile("Bytes in, out", perSecond(last?.received, bytes), `${perSecond(last?.sent, bytes)} out`),
    tile(
      "Lag",
      short(now.lag),
      now.groups === 0
        ? "no groups"
        : `${now.lag_seconds === null ? "–" : duration(now.lag_seconds)} at most`,
    ),
    tile(
      "Stored",
      bytes(now.stored_bytes),
      used === null ? "room unknown" : `${bytes(used)} free`,
      isShort ? "bad" : "",
    ),
    tile("Connections", count(connections), `${bytes(now.resident_bytes)} of memory`),
    tile(
      "Topics",
      count(now.topics),
      now.sealed_partitions > 0
        ? `${counted(now.sealed_partitions, "partition")} sealed`
        : counted(now.partitions, "partition"),
      now.sealed_partitions > 0 ? "bad" : "",
    ),
  );
}

function charts(samples: readonly Sample[]): ComponentChild {
  const times = samples.map(({ time }) => time);
  const line = (name: string, color: string, of: (sample: Sample) => number | null) => {
    return { name, color, values: samples.map(of) };
  };
  return h(
    "div",
    { class: "charts" },
    h(Chart, {
      title: "Records per second",
      times,
      format: short,
      unit: "numbers",
      lines: [line("in", "--data-1", ({ records }) => records)],
    }),
    h(Chart, {
      title: "Bytes per second",
      times,
      format: bytes,
      unit: "bytes",
      lines: [
        line("in", "--data-1", ({ received }) => received),
        line("out", "--data-2", ({ sent }) => sent),
      ],
    }),
    h(Chart, {
      title: "Lag of all groups",
      times,
      format: short,
      unit: "numbers",
      lines: [line("records", "--data-3", ({ lag }) => lag)],
    }),
    h(Chart, {
      title: "Stored",
      times,
      format: bytes,
      unit: "bytes",
      lines: [line("bytes", "--data-4", ({ stored }) => stored)],
    }),
  );
}

const shortList = (
  title: string,
  href: string,
  heads: readonly string[],
  rows: ComponentChild,
): ComponentChild =>
  h(
    "section",
    { class: "panel" },
    h(
      "div",
      { class: "panel-head" },
      h("h2", null, title),
      h("a", { href, "aria-label": `All: ${title}` }, "All"),
    ),
    h(
      "div",
      { class: "table-frame" },
      h(
        "table",
        null,
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            heads.map((head, at) => h("th", { key: head, class: at > 0 ? "number" : "" }, head)),
          ),
        ),
        rows,
      ),
    ),
  );

function BusyTopics(): ComponentChild {
  const query = { order: "rate", down: true, limit: rowsShown } as const;
  const { data, error, refresh } = useAsked("busiest topics", () => api.topics(query), 2_000);
  if (data === null) return error === null ? waiting(rowsShown) : failed(error, refresh);
  if (data.total === 0) {
    return empty(
      "No topics yet",
      "A topic is made by the first record that is sent to it, or here.",
      h("a", { class: "button", href: linkTo({ page: "topics" }) }, "Topics"),
    );
  }
  const rows = data.topics.map((topic) => {
    const href = linkTo({ page: "topic", topic: topic.name, tab: "records" });
    return h(
      "tr",
      { key: topic.name },
      h("td", null, h("a", { class: "name", href, title: topic.name }, topic.name)),
      h("td", { class: "number" }, rateOf(topic)),
      h("td", { class: "number" }, short(topic.records)),
      h("td", { class: "number" }, bytes(topic.bytes)),
    );
  });
  const heads = ["Topic", "In", "Records", "Size"];
  return shortList("Busiest topics", linkTo({ page: "topics" }), heads, h("tbody", null, rows));
}

const lagTone = ({ lag_seconds: seconds }: GroupRow): "good" | "warn" | "bad" => {
  if (seconds === null || seconds < 60) return "good";
  return seconds < 600 ? "warn" : "bad";
};

function LateGroups(): ComponentChild {
  const query = { order: "lag", down: true, limit: rowsShown } as const;
  const { data, error, refresh } = useAsked("latest groups", () => api.groups(query), 4_000);
  if (data === null) return error === null ? waiting(rowsShown) : failed(error, refresh);
  if (data.total === 0) {
    return empty(
      "No groups yet",
      "Consumers that commit offsets show up here, with how far behind they are.",
    );
  }
  const rows = data.groups.map((group) => {
    const href = linkTo({ page: "group", group: group.group_id });
    const seconds = behind(group.lag_seconds);
    return h(
      "tr",
      { key: group.group_id },
      h("td", null, h("a", { class: "name", href, title: group.group_id }, group.group_id)),
      h("td", { class: "number" }, count(group.members)),
      h("td", { class: "number" }, short(group.lag)),
      h("td", { class: "number" }, badge(seconds, lagTone(group))),
    );
  });
  const heads = ["Group", "Members", "Lag", "Behind"];
  return shortList("Furthest behind", linkTo({ page: "groups" }), heads, h("tbody", null, rows));
}

export function Overview(): ComponentChild {
  const { now, samples, error } = useStore(live);
  return h(
    "div",
    { class: "page scrolls" },
    h(Head, { title: "Overview" }),
    now === null && error !== null && failed(error, () => location.reload()),
    now === null && error === null && waiting(10),
    now !== null && [
      tiles(now, samples.at(-1)),
      charts(samples),
      h("div", { class: "panels" }, h(BusyTopics, {}), h(LateGroups, {})),
    ],
  );
}
