/**
 * Configurations as they are shown: each with its value, where that comes from, and what else would
 * have been in its place. All there are, always: clients that read, modify and write all of it
 * would otherwise reset the rest. Pure.
 *
 * Source: DescribeConfigs (KIP-133, KIP-226); Apache Kafka, `ConfigHelper`.
 */
import * as limits from "../limits.ts";
import { type BrokerConfig, topicNameOf } from "./broker-config.ts";
import type { ConfigType } from "./config-kinds.ts";
import type { TopicConfig } from "./topic-config.ts";
import {
  type TopicConfigName,
  topicConfigNames,
  type TopicSetting,
  topicSettings,
} from "./topic-config-table.ts";

/** Where a value comes from, in Kafka's words; the stronger first. */
export type ConfigSource =
  | "DYNAMIC_TOPIC_CONFIG"
  | "DYNAMIC_DEFAULT_BROKER_CONFIG"
  | "STATIC_BROKER_CONFIG"
  | "DEFAULT_CONFIG";

/** One value that a configuration has, or would have if no stronger one was set. */
export interface ConfigSynonym {
  readonly name: string;
  readonly value: string;
  readonly source: ConfigSource;
}

/** One configuration. None of them is sensitive. */
export interface ConfigEntry {
  readonly name: string;
  readonly value: string;
  readonly configSource: ConfigSource;
  /** It can't be changed while the broker runs. */
  readonly readOnly: boolean;
  readonly configType: ConfigType;
  readonly documentation: string;
  /** What is in effect first, then what would be, by strength. */
  readonly synonyms: readonly ConfigSynonym[];
}

/** All configurations of a topic, by name. */
export function topicEntries(config: TopicConfig, broker: BrokerConfig): ConfigEntry[] {
  return topicConfigNames.map((name) => {
    const own = config.raw[name];
    const source: ConfigSource = "DYNAMIC_TOPIC_CONFIG";
    const set = own === undefined ? [] : [{ name, value: own, source }];
    return entryOf(name, name, [...set, ...brokerSynonyms(name, broker)]);
  });
}

/** What has been set for all topics while the broker ran, by name. */
export function brokerDefaultEntries(broker: BrokerConfig): ConfigEntry[] {
  return Object.keys(broker.raw)
    .sort()
    .flatMap((brokerName) => dynamicEntry(brokerName, broker) ?? []);
}

/**
 * All configurations of the broker, by name.
 * @param facts what its parts were given at the start: names to values
 */
export function brokerEntries(
  broker: BrokerConfig,
  facts: Readonly<Record<string, string>>,
): ConfigEntry[] {
  const dynamic = topicConfigNames.flatMap((name) => {
    const { brokerName } = topicSettings[name];
    return brokerName === null ? [] : (dynamicEntry(brokerName, broker) ?? []);
  });
  const known = Object.entries({ ...constants, ...facts }).map(([name, value]): ConfigEntry => {
    const configSource = Object.hasOwn(facts, name) ? "STATIC_BROKER_CONFIG" : "DEFAULT_CONFIG";
    return {
      name,
      value,
      configSource,
      readOnly: true,
      configType: typeOf(value),
      documentation: "Set when the broker is started.",
      synonyms: [{ name, value, source: configSource }],
    };
  });
  return [...dynamic, ...known].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What holds for every broker of this version, under the names that Kafka has for it. */
const constants: Readonly<Record<string, string>> = {
  "connections.max.idle.ms": String(limits.connectionIdleMsMax),
  "default.replication.factor": "1",
  "delete.topic.enable": "true",
  "producer.id.expiration.ms": String(limits.producerExpirationMs),
};

function typeOf(value: string): ConfigType {
  if (value === "true" || value === "false") return "boolean";
  return /^-?\d{1,18}$/.test(value) ? "long" : "string";
}

function dynamicEntry(brokerName: string, broker: BrokerConfig): ConfigEntry | null {
  const name = topicNameOf(brokerName);
  return name === undefined ? null : entryOf(brokerName, name, brokerSynonyms(name, broker));
}

function brokerSynonyms(name: TopicConfigName, broker: BrokerConfig): ConfigSynonym[] {
  const { brokerName, fallback }: TopicSetting<unknown> = topicSettings[name];
  if (brokerName === null) return [];
  const synonyms: ConfigSynonym[] = [];
  const dynamic = broker.raw[brokerName];
  if (dynamic !== undefined) {
    synonyms.push({ name: brokerName, value: dynamic, source: "DYNAMIC_DEFAULT_BROKER_CONFIG" });
  }
  const atStart = broker.atStart.raw[name];
  if (atStart !== undefined && atStart !== fallback) {
    synonyms.push({ name: brokerName, value: atStart, source: "STATIC_BROKER_CONFIG" });
  }
  return [...synonyms, { name: brokerName, value: fallback, source: "DEFAULT_CONFIG" }];
}

function entryOf(
  name: string,
  topicName: TopicConfigName,
  synonyms: readonly ConfigSynonym[],
): ConfigEntry {
  const { kind, fallback, doc, noEffect }: TopicSetting<unknown> = topicSettings[topicName];
  const [first] = synonyms;
  return {
    name,
    value: first?.value ?? fallback,
    configSource: first?.source ?? "DEFAULT_CONFIG",
    readOnly: false,
    configType: kind.type,
    documentation: noEffect === null ? doc : `${doc} Accepted without effect: ${noEffect}.`,
    synonyms,
  };
}
