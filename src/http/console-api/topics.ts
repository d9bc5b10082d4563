/**
 * Topics as the console lists them: sizes, where REST v3 has only names, and each configuration
 * with its description, its default and what is allowed. Topics are answered in pieces; partitions
 * of one topic as a whole, in columns, since `partitionsMax` bounds them.
 */
import { Refusal } from "../../base/refusal.ts";
import type { Broker, Partition, Topic } from "../../broker/broker.ts";
import { topicNameOf } from "../../broker/broker-config.ts";
import type { ConfigEntry, ConfigSource } from "../../broker/config-entries.ts";
import {
  type TopicConfigName,
  topicConfigNames,
  type TopicSetting,
  topicSettings,
} from "../../broker/topic-config-table.ts";
import { consoleListMs } from "../../limits.ts";
import { errorOf, HttpError } from "../errors.ts";
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import {
  decimal,
  flag,
  list,
  named,
  nullable,
  object,
  oneOf,
  optional,
  text,
  type ValueOf,
  whole,
} from "../schema.ts";
import { topicIn, topicPath } from "../rest-v3/resource.ts";
import type { HttpServices } from "../services.ts";
import { Kept } from "./kept.ts";
import { inSlices, type KeyOf, pieceOf, rowsQuery } from "./rows.ts";

const topicRowType = named(
  "ConsoleTopic",
  object({
    name: text(),
    partitions: whole(),
    sealed_partitions: whole({ doc: "Those that take no records." }),
    records: whole({ doc: "That can be read." }),
    end_offsets: whole({ doc: "Their sum: it grows with each record." }),
    records_per_second: nullable(decimal(), {
      doc: "Since the list was made the time before; null: nobody has looked lately.",
    }),
    bytes: whole(),
    cleanup_policy: text(),
  }),
);
export type TopicRow = ValueOf<typeof topicRowType>;

const topicRowsType = named(
  "ConsoleTopicList",
  object({
    total: whole({ doc: "All topics there are." }),
    found: whole({ doc: "Those that fit." }),
    topics: list(topicRowType),
  }),
);
export type TopicRows = ValueOf<typeof topicRowsType>;

/** The list as it was before. */
interface Past {
  readonly atMs: number;
  readonly ends: ReadonlyMap<string, number>;
}

const pasts = new WeakMap<HttpServices, Past>();

/** Over a longer time a rate would say little of now. */
const pastMsMax = 15_000;

function topicRow(
  { name, id, partitions, config }: Topic,
  rateOf: (id: string, end: number) => number | null,
): TopicRow {
  let [records, endOffsets, bytes, sealed] = [0, 0, 0, 0];
  for (const { watermarks, highWatermark, log } of partitions) {
    records += highWatermark - watermarks.startOffset;
    endOffsets += highWatermark;
    bytes += log.sizeBytes;
    if (log.sealedBy !== null) sealed += 1;
  }
  const policy = config.raw["cleanup.policy"] ?? topicSettings["cleanup.policy"].fallback;
  return {
    name,
    partitions: partitions.length,
    sealed_partitions: sealed,
    records,
    end_offsets: endOffsets,
    records_per_second: rateOf(id, endOffsets),
    bytes,
    cleanup_policy: policy,
  };
}

/** All topics, by name: one pass over all partitions, for the list and the overview alike. */
export const topicRows = new Kept(consoleListMs, async (services: HttpServices) => {
  const { broker, clock } = services;
  const now = clock.monotonic();
  const past = pasts.get(services);
  const seconds = past === undefined ? 0 : (now - past.atMs) / 1_000;
  const ends = new Map<string, number>();
  const rateOf = (id: string, end: number): number | null => {
    ends.set(id, end);
    const before = past?.ends.get(id);
    if (before === undefined || seconds <= 0 || seconds > pastMsMax / 1_000) return null;
    return Math.max(0, end - before) / seconds;
  };
  const rows: TopicRow[] = [];
  await inSlices(broker.topics(), services, (topic) => void rows.push(topicRow(topic, rateOf)));
  pasts.set(services, { atMs: now, ends });
  return rows;
});

const topicKeys = {
  name: null,
  partitions: ({ partitions }) => partitions,
  records: ({ records }) => records,
  rate: ({ records_per_second: rate, bytes }) => (rate ?? 0) + bytes / Number.MAX_SAFE_INTEGER,
  bytes: ({ bytes }) => bytes,
  policy: ({ cleanup_policy: policy }) => policy,
} satisfies Readonly<Record<string, KeyOf<TopicRow> | null>>;
export type TopicOrder = keyof typeof topicKeys;

const listTopics = route({
  method: "GET",
  at: "/console/api/topics",
  operation: "listConsoleTopics",
  tag: "console",
  summary: "Topics with their sizes: those that fit, in pieces.",
  query: {
    ...rowsQuery,
    order: optional(
      oneOf(["name", "partitions", "records", "rate", "bytes", "policy"], {
        doc: "By name by default.",
      }),
    ),
  },
  answers: { 200: { doc: "A piece of them.", type: topicRowsType } },
  handle: async ({ services, query }) => {
    const all = await topicRows.of(services);
    const { order = "name" } = query;
    const { found, rows } = pieceOf(all, query, ({ name }) => name, topicKeys[order]);
    return json({ total: all.length, found, topics: rows } satisfies TopicRows);
  },
});

const partitionsType = named(
  "ConsolePartitions",
  object({
    start_offsets: list(whole(), { doc: "By partition, like the others." }),
    end_offsets: list(whole()),
    bytes: list(whole()),
    sealed: list(object({ partition: whole(), reason: text() })),
  }),
);
export type Partitions = ValueOf<typeof partitionsType>;

const listPartitions = route({
  method: "GET",
  at: "/console/api/topics/{topic_name}/partitions",
  operation: "listConsolePartitions",
  tag: "console",
  summary: "All partitions of a topic: where their records begin and end, and their sizes.",
  path: topicPath,
  answers: { 200: { doc: "Columns.", type: partitionsType } },
  handle: async (call) => {
    const topic = topicIn(call, call.path.topic_name);
    if (topic instanceof HttpError) return topic;
    const starts: number[] = [];
    const ends: number[] = [];
    const sizes: number[] = [];
    const sealed: Partitions["sealed"][number][] = [];
    const add = ({ index, watermarks, highWatermark, log }: Partition): void => {
      starts.push(watermarks.startOffset);
      ends.push(highWatermark);
      sizes.push(log.sizeBytes);
      if (log.sealedBy !== null) sealed.push({ partition: index, reason: log.sealedBy.message });
    };
    await inSlices(topic.partitions, call.services, add);
    const body: Partitions = { start_offsets: starts, end_offsets: ends, bytes: sizes, sealed };
    return json(body);
  },
});

const settingType = named(
  "ConsoleSetting",
  object({
    name: text(),
    value: text(),
    default: text({ doc: "What is in effect if the topic does not say." }),
    source: text({ doc: "Kafka's word for where the value comes from." }),
    doc: text(),
    allowed: text({ doc: "Which values are." }),
    no_effect: nullable(text(), { doc: "Why it has none; null: it has." }),
    is_read_only: flag(),
  }),
);
export type Setting = ValueOf<typeof settingType>;

const settingsType = named("ConsoleSettingList", object({ settings: list(settingType) }));
export type Settings = ValueOf<typeof settingsType>;

/**
 * How a configuration is shown to those who may change it.
 * @param topicName what a topic calls it
 * @param own where values come from that are set in this place; all others are inherited
 */
function settingOf(topicName: TopicConfigName, entry: ConfigEntry, own: ConfigSource): Setting {
  const { kind, doc, noEffect, fallback }: TopicSetting<unknown> = topicSettings[topicName];
  const inherited = entry.synonyms.find(({ source }) => source !== own);
  return {
    name: entry.name,
    value: entry.value,
    default: inherited?.value ?? fallback,
    source: entry.configSource,
    doc,
    allowed: kind.allowed,
    no_effect: noEffect,
    is_read_only: entry.readOnly,
  };
}

function settingsOf(entries: readonly ConfigEntry[]): Settings {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const settings = topicConfigNames.flatMap((name) => {
    const entry = byName.get(name);
    return entry === undefined ? [] : [settingOf(name, entry, "DYNAMIC_TOPIC_CONFIG")];
  });
  return { settings };
}

const listSettings = route({
  method: "GET",
  at: "/console/api/topics/{topic_name}/settings",
  operation: "listConsoleTopicSettings",
  tag: "console",
  summary: "All configurations of a topic, with what each means.",
  path: topicPath,
  answers: { 200: { doc: "All of them.", type: settingsType } },
  handle: ({ services, path }) => {
    const entries = services.broker.describeTopicConfig(path.topic_name);
    return entries instanceof Refusal ? errorOf(entries) : json(settingsOf(entries));
  },
});

const listDefaults = route({
  method: "GET",
  at: "/console/api/topic-settings",
  operation: "listConsoleDefaultSettings",
  tag: "console",
  summary: "All configurations that a new topic would have, with what each means.",
  answers: { 200: { doc: "All of them.", type: settingsType } },
  handle: ({ services }) => json({ settings: defaultsOf(services.broker) } satisfies Settings),
});

/** What a topic follows that sets nothing: the broker's value where it has one. */
function defaultsOf(broker: Broker): readonly Setting[] {
  const entries = new Map(broker.describeBrokerConfig().map((entry) => [entry.name, entry]));
  return topicConfigNames.map((name) => {
    const { kind, doc, noEffect, fallback, brokerName }: TopicSetting<unknown> =
      topicSettings[name];
    const entry = brokerName === null ? undefined : entries.get(brokerName);
    const value = entry?.value ?? fallback;
    return {
      name,
      value,
      default: value,
      source: entry?.configSource ?? "DEFAULT_CONFIG",
      doc,
      allowed: kind.allowed,
      no_effect: noEffect,
      is_read_only: false,
    };
  });
}

const listBrokerSettings = route({
  method: "GET",
  at: "/console/api/broker-settings",
  operation: "listConsoleBrokerSettings",
  tag: "console",
  summary: "The broker's configurations that can be changed while it runs: topics' defaults.",
  answers: { 200: { doc: "All of them.", type: settingsType } },
  handle: ({ services }) => {
    const settings = services.broker.describeBrokerConfig().flatMap((entry) => {
      const topicName = topicNameOf(entry.name);
      if (topicName === undefined || entry.readOnly) return [];
      return [settingOf(topicName, entry, "DYNAMIC_DEFAULT_BROKER_CONFIG")];
    });
    return json({ settings } satisfies Settings);
  },
});

/** The routes of this family. */
export const consoleTopicRoutes: readonly Route[] = [
  listTopics,
  listPartitions,
  listSettings,
  listDefaults,
  listBrokerSettings,
];
