/**
 * The configuration of a topic: read from texts by the table in `topic-config-table.ts`, and turned
 * into what its parts go by. Pure.
 */
import { assert } from "../base/assert.ts";
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import {
  configValueCharactersMax,
  fsyncIntervalMsMax,
  shownCharactersMax,
  zstdLevelMax,
} from "../limits.ts";
import type { CompactionRules } from "../log/compaction.ts";
import type { Durability, LogConfig } from "../log/log.ts";
import type { Retention } from "../log/retention.ts";
import type { BatchRules } from "./batch-rules.ts";
import {
  isTopicConfigName,
  type TopicConfigName,
  topicConfigNames,
  type TopicConfigValues,
  type TopicSetting,
  topicSettings,
} from "./topic-config-table.ts";

/** The configuration of one topic, or of the broker for its topics. */
export interface TopicConfig {
  /** What was set here, as text; the rest follows the defaults. */
  readonly raw: Readonly<Record<string, string>>;
  /** What is in effect. */
  readonly values: TopicConfigValues;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Reads the configuration of a topic.
 * @param raw names to values, as they were given
 * @param defaults what is in effect for everything that `raw` leaves out
 * @returns INVALID_CONFIG with the name, the value and what is allowed, for the first fault
 */
export function topicConfigOf(
  raw: Readonly<Record<string, string>>,
  defaults: TopicConfig = topicConfigDefault,
): TopicConfig | Refusal {
  const values: Writable<TopicConfigValues> = { ...defaults.values };
  const cleaned: Record<string, string> = {};
  for (const [name, text] of Object.entries(raw)) {
    const clean = isTopicConfigName(name) ? set(values, name, text) : unknownName(name);
    if (clean instanceof Refusal) return clean;
    cleaned[name] = clean;
  }
  if (values["min.compaction.lag.ms"] > values["max.compaction.lag.ms"]) {
    const message = "min.compaction.lag.ms can't be more than max.compaction.lag.ms";
    return new Refusal("INVALID_CONFIG", message);
  }
  return { raw: cleaned, values };
}

/** A configuration that was stored, as far as it can be read. */
export interface StoredConfig {
  readonly config: TopicConfig;
  /** Why values were left out. */
  readonly faults: readonly Refusal[];
}

/**
 * Reads a configuration that was allowed once. A value that is not allowed any more gives way to
 * the default, and so do values that don't go together any more: the topic must not.
 */
export function storedTopicConfig(
  raw: Readonly<Record<string, string>>,
  defaults: TopicConfig,
): StoredConfig {
  const readable: Record<string, string> = {};
  const faults: Refusal[] = [];
  let config: TopicConfig = { raw: {}, values: defaults.values };
  for (const [name, value] of Object.entries(raw)) {
    const read = topicConfigOf({ ...readable, [name]: value }, defaults);
    if (read instanceof Refusal) {
      faults.push(read);
      continue;
    }
    readable[name] = value;
    config = read;
  }
  return { config, faults };
}

/** What is in effect when neither the topic nor the broker's options say anything. */
export const topicConfigDefault: TopicConfig = { raw: {}, values: fallbacks() };

function fallbacks(): TopicConfigValues {
  const values: Partial<Writable<TopicConfigValues>> = {};
  for (const name of topicConfigNames) {
    const refused = set(values, name, topicSettings[name].fallback);
    assert(!(refused instanceof Refusal), `the default of ${name} is allowed`);
  }
  return values as TopicConfigValues;
}

/** Reads one text, and returns it as it is to be stored. */
function set<Name extends TopicConfigName>(
  values: Partial<Writable<TopicConfigValues>>,
  name: Name,
  text: string,
): string | Refusal {
  const { kind } = topicSettings[name] as TopicSetting<TopicConfigValues[Name]>;
  const clean = kind.clean(text);
  const value = clean.length > configValueCharactersMax ? null : kind.parse(clean);
  if (value === null) {
    return new Refusal(
      "INVALID_CONFIG",
      `${name} cannot be ${quoted(text, shownCharactersMax)}; allowed: ${kind.allowed}`,
    );
  }
  values[name] = value;
  return clean;
}

const unknownName = (name: string): Refusal =>
  new Refusal(
    "INVALID_CONFIG",
    `there is no topic configuration ${quoted(name, shownCharactersMax)}; describing the ` +
      "configuration of a topic shows all that there are",
  );

/** What a log needs to know of its topic's configuration. */
export const logConfigOf = ({ values }: TopicConfig, lingerMs: number): LogConfig => ({
  segmentBytes: values["segment.bytes"],
  segmentMs: segmentMsOf(values),
  segmentJitterMs: values["segment.jitter.ms"],
  durability: strictest(values),
  lingerMs,
  ...(values["cleanup.policy"].includes("delete") ? { retention: retentionOf(values) } : {}),
  ...(values["cleanup.policy"].includes("compact") ? { compaction: compactionOf(values) } : {}),
});

/** A segment of a compacted log ends in time for its records to be compacted. */
const segmentMsOf = (values: TopicConfigValues): number =>
  values["cleanup.policy"].includes("compact")
    ? Math.min(values["segment.ms"], values["max.compaction.lag.ms"])
    : values["segment.ms"];

const compactionOf = (values: TopicConfigValues): CompactionRules => ({
  dirtyRatioMin: values["min.cleanable.dirty.ratio"],
  lagMsMin: values["min.compaction.lag.ms"],
  lagMsMax: orInfinity(values["max.compaction.lag.ms"]),
  deleteRetentionMs: orInfinity(values["delete.retention.ms"]),
});

const retentionOf = (values: TopicConfigValues): Retention => ({
  retentionMs: unlessNegative(values["retention.ms"]),
  retentionBytes: unlessNegative(values["retention.bytes"]),
});

/** -1 says that there is no bound. */
const unlessNegative = (value: number): number => (value < 0 ? Infinity : orInfinity(value));

/** Nobody gets less than any of the three settings asks for. */
function strictest(values: TopicConfigValues): Durability {
  const flushMs = values["flush.ms"];
  const isEveryFlush = values["flush.messages"] < Number.MAX_SAFE_INTEGER || flushMs === 0;
  if (isEveryFlush || values.fsync.fsync === "always") return { fsync: "always" };
  if (flushMs === Number.MAX_SAFE_INTEGER) return values.fsync;
  const otherMs = values.fsync.fsync === "interval" ? values.fsync.intervalMs : fsyncIntervalMsMax;
  return { fsync: "interval", intervalMs: Math.min(flushMs, otherMs) };
}

/** What a batch for this topic has to be. */
export function batchRulesOf(topic: string, { values }: TopicConfig): BatchRules {
  const codec = values["compression.type"];
  return {
    topic,
    messageBytesMax: values["max.message.bytes"],
    isCompacted: values["cleanup.policy"].includes("compact"),
    isLogAppendTime: values["message.timestamp.type"] === "LogAppendTime",
    timestampBeforeMaxMs: orInfinity(values["message.timestamp.before.max.ms"]),
    timestampAfterMaxMs: orInfinity(values["message.timestamp.after.max.ms"]),
    compression: codec === "producer" ? null : codec === "uncompressed" ? "none" : codec,
    compressionLevel: levelOf(values),
  };
}

const orInfinity = (ms: number): number => (ms === Number.MAX_SAFE_INTEGER ? Infinity : ms);

function levelOf(values: TopicConfigValues): number | undefined {
  const codec = values["compression.type"];
  if (codec === "gzip") return values["compression.gzip.level"];
  if (codec === "zstd") return Math.min(values["compression.zstd.level"], zstdLevelMax);
  return undefined;
}
