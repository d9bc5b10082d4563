/**
 * All configurations that a topic of Kafka 4 has ("Topic Configs"), and one of our own: name, what
 * it may be, its default, what it means here, and whether it has an effect. What has none is
 * accepted all the same, so that tools and templates made for Kafka work, and says why not; what
 * would have to be obeyed and can't be, is refused.
 *
 * Defaults are Kafka's, but for `max.message.bytes`, which holds the largest frame of the original
 * protocol.
 */
import {
  batchBytesMax,
  fsyncIntervalMsMax,
  indexIntervalBytes,
  segmentBytesDefault,
  segmentBytesMax,
  segmentBytesMin,
  segmentMsDefault,
  segmentMsMin,
  zstdLevelMax,
} from "../limits.ts";
import type { Durability } from "../log/log.ts";
import { batchHeaderBytes } from "../record/batch.ts";
import {
  choice,
  type ConfigKind,
  longMax,
  onlyFalse,
  ratio,
  throttledReplicas,
  toggle,
  whole,
  wholeOr,
  words,
} from "./config-kinds.ts";

/** One configuration. */
export interface TopicSetting<T> {
  readonly kind: ConfigKind<T>;
  /** What is in effect when nobody sets it, as text. */
  readonly fallback: string;
  /** The broker's configuration that sets it for topics which don't; `null`: there is none. */
  readonly brokerName: string | null;
  readonly doc: string;
  /** Why it has no effect; `null`: it has. */
  readonly noEffect: string | null;
}

const setting = <T>(
  kind: ConfigKind<T>,
  fallback: string | number | bigint,
  brokerName: string | null,
  doc: string,
  noEffect: string | null = null,
): TopicSetting<T> => ({ kind, fallback: String(fallback), brokerName, doc, noEffect });

const dayMs = 24 * 3600 * 1000;
const noReplicas = "every partition has one replica, which is always in sync";
const noTiers = "there is no tiered storage";

/** `fsync` as text; `null` for any other text. */
export function parseDurability(text: string): Durability | null {
  if (text === "always" || text === "never") return { fsync: text };
  const interval = /^interval=(\d{1,9})$/.exec(text)?.[1];
  if (interval === undefined) return null;
  const intervalMs = Number(interval);
  if (intervalMs < 1 || intervalMs > fsyncIntervalMsMax) return null;
  return { fsync: "interval", intervalMs };
}

/** The text that {@link parseDurability} reads. */
export const durabilityText = (durability: Durability): string =>
  durability.fsync === "interval" ? `interval=${durability.intervalMs}` : durability.fsync;

const durability: ConfigKind<Durability> = {
  type: "string",
  allowed: `always, interval=<1 to ${fsyncIntervalMsMax} milliseconds>, never`,
  clean: (text) => text.trim(),
  parse: parseDurability,
};

/** By name, in the order in which they are shown. */
export const topicSettings = {
  "cleanup.policy": setting(
    words("compact", "delete"),
    "delete",
    "log.cleanup.policy",
    "What happens to old records: deleted, compacted to the last one of each key, or both. A " +
      "compacted topic takes no record without a key, and those that it has from before go.",
  ),
  "compression.gzip.level": setting(
    wholeOr(-1, 1, 9),
    -1,
    "compression.gzip.level",
    "How hard gzip tries where compression.type is gzip; -1 is its own default.",
  ),
  "compression.lz4.level": setting(
    whole("int", 1, 17),
    9,
    "compression.lz4.level",
    "How hard LZ4 tries where compression.type is lz4.",
    "LZ4 has one level here",
  ),
  "compression.type": setting(
    choice("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"),
    "producer",
    "compression.type",
    "How batches are packed: as their producer did it, or with one codec whatever it was. The " +
      "latter costs the broker the packing of every batch that comes otherwise.",
  ),
  "compression.zstd.level": setting(
    whole("int", -131_072, 22),
    3,
    "compression.zstd.level",
    `How hard zstd tries where compression.type is zstd; more than ${zstdLevelMax} counts as ` +
      `${zstdLevelMax}, since others wait meanwhile.`,
  ),
  "delete.retention.ms": setting(
    whole("long", 0),
    dayMs,
    "log.cleaner.delete.retention.ms",
    "How long a compacted topic shows that a key was deleted, from the first compaction on that " +
      "meets the tombstone.",
  ),
  "file.delete.delay.ms": setting(
    whole("long", 0),
    60_000,
    "log.segment.delete.delay.ms",
    "How long a file stays after its records were deleted.",
    "a file goes at once; whoever still reads it keeps it until then",
  ),
  "flush.messages": setting(
    whole("long", 1),
    longMax,
    "log.flush.interval.messages",
    "After so many records the device must have them. Any value that is set makes every append " +
      "durable before it is acknowledged. The strictest of this, flush.ms and fsync counts.",
  ),
  "flush.ms": setting(
    whole("long", 0),
    longMax,
    "log.flush.interval.ms",
    "After so much time the device must have a record. The strictest of this, flush.messages and " +
      "fsync counts.",
  ),
  "follower.replication.throttled.replicas": setting(
    throttledReplicas,
    "",
    null,
    "Replicas that may not follow faster than they are allowed to.",
    noReplicas,
  ),
  fsync: setting(
    durability,
    "always",
    "fsync",
    "When a record counts as stored: once the device has it (always), or once the system has " +
      "it, which passes it on after the interval, or when it pleases (never).",
  ),
  "index.interval.bytes": setting(
    whole("int", 0),
    4096,
    "log.index.interval.bytes",
    "How many bytes of log lie between two entries of its index.",
    `an index has an entry every ${indexIntervalBytes} bytes`,
  ),
  "leader.replication.throttled.replicas": setting(
    throttledReplicas,
    "",
    null,
    "Replicas that may not be followed faster than they are allowed to.",
    noReplicas,
  ),
  "local.retention.bytes": setting(
    whole("long", -2),
    -2,
    "log.local.retention.bytes",
    "Bytes of a partition that stay on this machine where older ones are in tiered storage.",
    noTiers,
  ),
  "local.retention.ms": setting(
    whole("long", -2),
    -2,
    "log.local.retention.ms",
    "How long records stay on this machine where older ones are in tiered storage.",
    noTiers,
  ),
  "max.compaction.lag.ms": setting(
    whole("long", 1),
    longMax,
    "log.cleaner.max.compaction.lag.ms",
    "How long a record may stay uncompacted, from when it was written on.",
  ),
  "max.message.bytes": setting(
    whole("int", batchHeaderBytes, batchBytesMax),
    batchBytesMax,
    "message.max.bytes",
    "The largest record batch that is accepted, as it is stored: compressed, header included.",
  ),
  "message.timestamp.after.max.ms": setting(
    whole("long", 0),
    3_600_000,
    "log.message.timestamp.after.max.ms",
    "How far a record's timestamp may be in the future, where the producer sets it.",
  ),
  "message.timestamp.before.max.ms": setting(
    whole("long", 0),
    longMax,
    "log.message.timestamp.before.max.ms",
    "How far a record's timestamp may be in the past, where the producer sets it.",
  ),
  "message.timestamp.type": setting(
    choice("CreateTime", "LogAppendTime"),
    "CreateTime",
    "log.message.timestamp.type",
    "Whose time a record has: its producer's, or that of its batch being appended.",
  ),
  "min.cleanable.dirty.ratio": setting(
    ratio,
    "0.5",
    "log.cleaner.min.cleanable.ratio",
    "How much of a log must be uncompacted before it is compacted again.",
  ),
  "min.compaction.lag.ms": setting(
    whole("long", 0),
    0,
    "log.cleaner.min.compaction.lag.ms",
    "How long a record stays uncompacted at least.",
  ),
  "min.insync.replicas": setting(
    whole("int", 1),
    1,
    "min.insync.replicas",
    "How many replicas must have a record before a producer with acks=all is answered.",
    noReplicas,
  ),
  preallocate: setting(
    toggle,
    "false",
    "log.preallocate",
    "Whether the space of a segment is taken when its file is made.",
    "files grow as they are written",
  ),
  "remote.copy.lag.bytes": setting(
    whole("long", -1),
    0,
    null,
    "How many bytes a segment must lie back before it is copied to tiered storage.",
    noTiers,
  ),
  "remote.copy.lag.ms": setting(
    whole("long", -1),
    0,
    null,
    "How old a segment must be before it is copied to tiered storage.",
    noTiers,
  ),
  "remote.log.copy.disable": setting(
    toggle,
    "false",
    null,
    "Whether nothing more is copied to tiered storage.",
    noTiers,
  ),
  "remote.log.delete.on.disable": setting(
    toggle,
    "false",
    null,
    "Whether what is in tiered storage goes when it is switched off.",
    noTiers,
  ),
  "remote.storage.enable": setting(
    onlyFalse(noTiers),
    "false",
    null,
    "Whether old segments go to tiered storage.",
  ),
  "retention.bytes": setting(
    whole("long", -1),
    -1,
    "log.retention.bytes",
    "How large a partition may grow before its oldest segments are deleted; -1: any size.",
  ),
  "retention.ms": setting(
    whole("long", -1),
    7 * dayMs,
    "log.retention.ms",
    "How old records become before they are deleted, a segment as a whole by its newest record; " +
      "-1: any age. A time that no producer can have meant, in 1970 or days from now, does not " +
      "count: the time at which the segment was written does.",
  ),
  "segment.bytes": setting(
    whole("int", segmentBytesMin, segmentBytesMax),
    segmentBytesDefault,
    "log.segment.bytes",
    "A new segment file is begun rather than let one grow past this many bytes.",
  ),
  "segment.index.bytes": setting(
    whole("int", 4),
    10 * 1024 * 1024,
    "log.index.size.max.bytes",
    "How large the index of a segment may grow.",
    "an index takes as much as its segment needs",
  ),
  "segment.jitter.ms": setting(
    whole("long", 0),
    0,
    "log.roll.jitter.ms",
    "By how much segment.ms differs from segment to segment, so that not all end at once.",
  ),
  "segment.ms": setting(
    whole("long", segmentMsMin),
    segmentMsDefault,
    "log.roll.ms",
    "A new segment file is begun when the oldest record of the last one is this old.",
  ),
  "unclean.leader.election.enable": setting(
    toggle,
    "false",
    "unclean.leader.election.enable",
    "Whether a replica that lacks records may become the leader.",
    noReplicas,
  ),
} as const;

export type TopicConfigName = keyof typeof topicSettings;

/** What each configuration is once it has been read. */
export type TopicConfigValues = {
  readonly [Name in TopicConfigName]: (typeof topicSettings)[Name] extends TopicSetting<infer T>
    ? T
    : never;
};

export const isTopicConfigName = (name: string): name is TopicConfigName =>
  Object.hasOwn(topicSettings, name);

export const topicConfigNames = Object.keys(topicSettings).filter(isTopicConfigName);
