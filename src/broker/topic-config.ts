/**
 * The configurations of a topic: one table, from which parsing, defaults and descriptions derive.
 * Only those that have an effect are in it; anything else is refused, so that nobody believes in a
 * setting that does nothing. Names and meaning are Kafka's ("Topic Configs") where Kafka has one.
 */
import { batchHeaderBytes } from "../record/batch.ts";
import { quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import {
  batchBytesMax,
  fsyncIntervalMsMax,
  segmentBytesDefault,
  segmentBytesMax,
  segmentBytesMin,
  segmentMsDefault,
  segmentMsMin,
  shownCharactersMax,
} from "../limits.ts";
import type { Durability, LogConfig } from "../log/log.ts";

/** What each configuration is once it has been read. */
export interface TopicConfigValues {
  readonly "segment.bytes": number;
  readonly "segment.ms": number;
  readonly "max.message.bytes": number;
  readonly fsync: Durability;
}
export type TopicConfigName = keyof TopicConfigValues;

/** The configuration of one topic. */
export interface TopicConfig {
  /** What was set for this topic, as it was given; the rest follows the broker's defaults. */
  readonly raw: Readonly<Record<string, string>>;
  /** What is in effect. */
  readonly values: TopicConfigValues;
}

/** One configuration: what it is to people, and how its text is read. */
interface Setting<T> {
  /** Kafka's type of it. */
  readonly type: "int" | "long" | "string";
  /** What is in effect when nobody sets it. */
  readonly fallback: T;
  /** Which texts are allowed; completes "allowed: ...". */
  readonly allowed: string;
  readonly doc: string;
  /** `null` for a text that is not allowed. */
  parse(text: string): T | null;
}

/** The largest int64: Kafka's way to say never. */
const longMax = 2n ** 63n - 1n;

/** In the order in which they are shown. */
const topicSettings: {
  readonly [Name in TopicConfigName]: Setting<TopicConfigValues[Name]>;
} = {
  "segment.bytes": whole(
    "int",
    segmentBytesDefault,
    segmentBytesMin,
    segmentBytesMax,
    "A new segment file is begun rather than let one grow past this many bytes.",
  ),
  "segment.ms": whole(
    "long",
    segmentMsDefault,
    segmentMsMin,
    longMax,
    "A new segment file is begun when the oldest record of the last one is this old.",
  ),
  "max.message.bytes": whole(
    "int",
    batchBytesMax,
    batchHeaderBytes,
    batchBytesMax,
    "The largest record batch that is accepted, as it is sent: compressed, header included.",
  ),
  fsync: {
    type: "string",
    fallback: { fsync: "always" },
    allowed: `always, interval=<1 to ${fsyncIntervalMsMax} milliseconds>, never`,
    doc:
      "When a record counts as stored: once the device has it (always), or once the system has " +
      "it, which passes it on after the interval, or when it pleases (never).",
    parse: parseDurability,
  },
};

/** `fsync` as text; `null` for any other text. */
export function parseDurability(text: string): Durability | null {
  if (text === "always" || text === "never") return { fsync: text };
  const interval = /^interval=(\d{1,9})$/.exec(text)?.[1];
  if (interval === undefined) return null;
  const intervalMs = Number(interval);
  if (intervalMs < 1 || intervalMs > fsyncIntervalMsMax) return null;
  return { fsync: "interval", intervalMs };
}

/** What is in effect when neither the topic nor the broker's options say anything. */
export const topicConfigDefault: TopicConfig = {
  raw: {},
  values: {
    "segment.bytes": topicSettings["segment.bytes"].fallback,
    "segment.ms": topicSettings["segment.ms"].fallback,
    "max.message.bytes": topicSettings["max.message.bytes"].fallback,
    fsync: topicSettings.fsync.fallback,
  },
};

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
  for (const [name, text] of Object.entries(raw)) {
    const refused = isName(name) ? set(values, name, text) : unknownName(name);
    if (refused !== null) return refused;
  }
  return { raw: { ...raw }, values };
}

/** What a log needs to know of its topic's configuration. */
export const logConfigOf = ({ values }: TopicConfig, lingerMs: number): LogConfig => ({
  segmentBytes: values["segment.bytes"],
  segmentMs: values["segment.ms"],
  durability: values.fsync,
  lingerMs,
});

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const isName = (name: string): name is TopicConfigName => Object.hasOwn(topicSettings, name);

function set<Name extends TopicConfigName>(
  values: Writable<TopicConfigValues>,
  name: Name,
  text: string,
): Refusal | null {
  const setting: Setting<TopicConfigValues[Name]> = topicSettings[name];
  const value = setting.parse(text);
  if (value === null) {
    return new Refusal(
      "INVALID_CONFIG",
      `${name} cannot be ${quoted(text, shownCharactersMax)}; allowed: ${setting.allowed}`,
    );
  }
  values[name] = value;
  return null;
}

const unknownName = (name: string): Refusal =>
  new Refusal(
    "INVALID_CONFIG",
    `there is no topic configuration ${quoted(name, shownCharactersMax)}; there are ` +
      Object.keys(topicSettings).join(", "),
  );

/** A whole number. Kafka's longs reach beyond what is exact here, where they are all "for ever". */
function whole(
  type: "int" | "long",
  fallback: number,
  min: number,
  max: number | bigint,
  doc: string,
): Setting<number> {
  return {
    type,
    fallback,
    allowed: `whole numbers from ${min} to ${max}`,
    doc,
    parse(text) {
      if (!/^\d{1,19}$/.test(text)) return null;
      const value = BigInt(text);
      if (value < min || value > max) return null;
      return Math.min(Number(value), Number.MAX_SAFE_INTEGER);
    },
  };
}
