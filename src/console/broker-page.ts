/** The broker: how it is reached, where its data lies, and its configuration. */
import { type ComponentChildren, h, type ComponentChild } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { BrokerDetail } from "../http/console-api/broker.ts";
import { api } from "./api.ts";
import { bytes, count, duration, time } from "./format.ts";
import { badge, failed, Head, textOf, waiting } from "./parts.ts";
import { linkTo } from "./router.ts";
import { sourceWords } from "./settings-editor.ts";
import { TopicDefaults } from "./settings-form.ts";
import { useAsked } from "./store.ts";

const pairs = (
  rows: readonly (readonly [name: string, value: ComponentChildren])[],
): ComponentChild =>
  h(
    "dl",
    { class: "pairs" },
    rows.map(([name, value]) => [h("dt", { key: name }, name), h("dd", null, value)]),
  );

const panel = (title: string, ...children: readonly ComponentChildren[]): ComponentChild =>
  h(
    "section",
    { class: "panel" },
    h("div", { class: "panel-head" }, h("h2", null, title)),
    ...children,
  );

const processPanel = (broker: BrokerDetail): ComponentChild =>
  panel(
    "Process",
    pairs([
      ["Version", broker.version],
      ["Cluster", h("code", null, broker.cluster_id)],
      ["Broker id", String(broker.broker_id)],
      ["Process id", String(broker.process_id)],
      ["Started", time(Date.parse(broker.started)).slice(0, 19)],
      ["Up for", duration(broker.uptime_seconds)],
      ["Memory", bytes(broker.resident_bytes)],
    ]),
  );

const doorsPanel = ({ doors, network }: BrokerDetail): ComponentChild =>
  panel(
    "Connections",
    h(
      "table",
      null,
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          h("th", null, "Door"),
          h("th", null, "Address"),
          h("th", { class: "number" }, "Open"),
        ),
      ),
      h(
        "tbody",
        null,
        doors.map(({ name, address, open }) =>
          h(
            "tr",
            { key: name },
            h("td", null, name),
            h("td", { class: "mono" }, address),
            h("td", { class: "number" }, count(open)),
          ),
        ),
      ),
    ),
    pairs([
      ["Accepted", count(network.accepted)],
      ["Refused", count(network.refused)],
      ["Cut off", count(network.cut)],
      ["Received", bytes(network.received_bytes)],
      ["Sent", bytes(network.sent_bytes)],
    ]),
    h("p", { class: "hint" }, "Counts are of all doors but HTTP, since the start."),
  );

function directoryPanel(directory: BrokerDetail["directories"][number]): ComponentChild {
  const { path, bytes: used, usable_bytes: free, topics } = directory;
  const share = free === null || used + free === 0 ? 0 : used / (used + free);
  return panel(
    "Log directory",
    pairs([
      ["Path", h("code", null, path)],
      ["Partitions", count(directory.partitions)],
      ["Records", bytes(used)],
      ["Free", free === null ? "unknown" : bytes(free)],
    ]),
    free !== null &&
      h("meter", {
        "aria-label": "Share of the room that records take",
        min: 0,
        max: 1,
        high: 0.85,
        value: share,
      }),
    topics.length > 0 &&
      h(
        "table",
        null,
        h(
          "thead",
          null,
          h("tr", null, h("th", null, "Largest topics"), h("th", { class: "number" }, "Size")),
        ),
        h(
          "tbody",
          null,
          topics.map(({ name, bytes: size }) =>
            h(
              "tr",
              { key: name },
              h(
                "td",
                null,
                h(
                  "a",
                  { class: "name", href: linkTo({ page: "topic", topic: name, tab: "records" }) },
                  name,
                ),
              ),
              h("td", { class: "number" }, bytes(size)),
            ),
          ),
        ),
      ),
  );
}

function Configuration(props: { readonly configs: BrokerDetail["configs"] }): ComponentChild {
  const [search, setSearch] = useState("");
  const rows = useMemo(() => {
    const word = search.trim().toLowerCase();
    return props.configs.filter(({ name }) => name.toLowerCase().includes(word));
  }, [props.configs, search]);
  return h(
    "section",
    { class: "panel whole" },
    h(
      "div",
      { class: "panel-head" },
      h("h2", null, "Given at the start"),
      h("input", {
        type: "search",
        "aria-label": "Find configurations",
        placeholder: "Find",
        value: search,
        onInput: (event: Event) => setSearch(textOf(event)),
      }),
    ),
    h(
      "ul",
      { class: "configs" },
      rows.map(({ name, value, source }) =>
        h(
          "li",
          { key: name },
          h("span", { class: "config-name" }, name),
          h("code", { title: value }, value === "" ? "empty" : value),
          h(
            "span",
            { class: "config-source" },
            badge(sourceWords[source] ?? source, source === "DEFAULT_CONFIG" ? "plain" : "good"),
          ),
        ),
      ),
    ),
    rows.length === 0 && h("p", { class: "muted note" }, "None matches."),
  );
}

export function BrokerPage(): ComponentChild {
  const { data, error, refresh } = useAsked("broker", api.broker, 3_000);
  return h(
    "div",
    { class: "page scrolls" },
    h(Head, { title: "Broker" }),
    data === null
      ? error === null
        ? waiting(12)
        : failed(error, refresh)
      : [
          h(
            "div",
            { class: "panels three" },
            processPanel(data),
            doorsPanel(data),
            data.directories.map(directoryPanel),
          ),
          h(
            "section",
            { class: "panel whole" },
            h("div", { class: "panel-head" }, h("h2", null, "Defaults of topics")),
            h(TopicDefaults, null),
          ),
          h(Configuration, { configs: data.configs }),
        ],
  );
}
