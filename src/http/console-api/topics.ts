/**
 * Topics as the console lists them: sizes, where REST v3 has only names, and each configuration
 * with its description, its default and what is allowed. Rows are short: a list of 10,000 topics
 * or 100,000 partitions is answered as a whole, since `partitionsMax` bounds both.
 */
import { Refusal } from "../../base/refusal.ts";
import type { Broker, Topic } from "../../broker/broker.ts";
import type { ConfigEntry } from "../../broker/config-entries.ts";
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
import { flag, list, named, nullable, object, text, type ValueOf, whole } from "../schema.ts";
import { topicIn, topicPath } from "../rest-v3/resource.ts";
import type { HttpServices } from "../services.ts";
import { Kept } from "./kept.ts";

const topicRowType = named(
  "ConsoleTopic",
  object({
    name: text(),
    partitions: whole(),
    records: whole({ doc: "That can be read." }),
    end_offsets: whole({ doc: "Their sum: it grows with each record." }),
    bytes: whole(),
    cleanup_policy: text(),
  }),
);
export type TopicRow = ValueOf<typeof topicRowType>;

const topicRowsType = named("ConsoleTopicList", object({ topics: list(topicRowType) }));
export type TopicRows = ValueOf<typeof topicRowsType>;

function topicRow({ name, partitions, config }: Topic): TopicRow {
  let [records, endOffsets, bytes] = [0, 0, 0];
  for (const { watermarks, highWatermark, log } of partitions) {
    records += highWatermark - watermarks.startOffset;
    endOffsets += highWatermark;
    bytes += log.sizeBytes;
  }
  const policy = config.raw["cleanup.policy"] ?? topicSettings["cleanup.policy"].fallback;
  const partitionCount = partitions.length;
  return {
    name,
    partitions: partitionCount,
    records,
    end_offsets: endOffsets,
    bytes,
    cleanup_policy: policy,
  };
}

const topicRows = new Kept(consoleListMs, ({ broker }: HttpServices) => {
  return Promise.resolve({ topics: broker.topics().map(topicRow) });
});

const listTopics = route({
  method: "GET",
  at: "/console/api/topics",
  operation: "listConsoleTopics",
  tag: "console",
  summary: "All topics with their sizes, by name.",
  answers: { 200: { doc: "All of them.", type: topicRowsType } },
  handle: async ({ services }) => json(await topicRows.of(services)),
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
  handle: (call) => {
    const topic = topicIn(call, call.path.topic_name);
    if (topic instanceof HttpError) return topic;
    const { partitions } = topic;
    return json({
      start_offsets: partitions.map(({ watermarks }) => watermarks.startOffset),
      end_offsets: partitions.map(({ highWatermark }) => highWatermark),
      bytes: partitions.map(({ log }) => log.sizeBytes),
      sealed: partitions.flatMap(({ index, log }) =>
        log.sealedBy === null ? [] : [{ partition: index, reason: log.sealedBy.message }],
      ),
    } satisfies Partitions);
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

const ofTopic = "DYNAMIC_TOPIC_CONFIG";

function settingOf(name: TopicConfigName, entry: ConfigEntry): Setting {
  const { kind, doc, noEffect }: TopicSetting<unknown> = topicSettings[name];
  const inherited = entry.synonyms.find(({ source }) => source !== ofTopic);
  return {
    name,
    value: entry.value,
    default: inherited?.value ?? topicSettings[name].fallback,
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
    return entry === undefined ? [] : [settingOf(name, entry)];
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

/** The routes of this family. */
export const consoleTopicRoutes: readonly Route[] = [
  listTopics,
  listPartitions,
  listSettings,
  listDefaults,
];
