import { describe, expect, test } from "bun:test";
import type { RawConfig } from "../../src/broker/config-change.ts";
import type { Durability } from "../../src/log/log.ts";
import {
  batchRulesOf,
  logConfigOf,
  storedTopicConfig,
  topicConfigDefault,
  topicConfigOf,
} from "../../src/broker/topic-config.ts";
import { batchBytesMax, configValueCharactersMax, zstdLevelMax } from "../../src/limits.ts";
import { unwrap } from "../support/log-world.ts";

test("a topic that sets nothing has Kafka's defaults, and syncs before it acknowledges", () => {
  const config = unwrap(topicConfigOf({}));
  expect(config.raw).toEqual({});
  expect(config.values).toMatchObject({
    "cleanup.policy": ["delete"],
    "compression.type": "producer",
    "message.timestamp.type": "CreateTime",
    "segment.bytes": 1_073_741_824,
    "segment.ms": 604_800_000,
    // Not Kafka's 1 MiB: the largest frame of the original protocol fits.
    "max.message.bytes": batchBytesMax,
    fsync: { fsync: "always" },
  });
});

test("what a topic sets wins over the broker's defaults, and those over the built-in ones", () => {
  const broker = unwrap(topicConfigOf({ fsync: "never", "segment.ms": "1000" }));
  const config = unwrap(topicConfigOf({ "segment.ms": " 2000 " }, broker));
  expect(config.raw).toEqual({ "segment.ms": "2000" });
  expect(config.values["segment.ms"]).toBe(2000);
  expect(config.values.fsync).toEqual({ fsync: "never" });
  expect(config.values["segment.bytes"]).toBe(topicConfigDefault.values["segment.bytes"]);
});

test.each([
  ["segment.bytes", "65535", "whole numbers from 65536 to 2147483648"],
  ["segment.bytes", "2147483649", "whole numbers from 65536 to 2147483648"],
  ["segment.bytes", "1e6", "whole numbers from 65536 to 2147483648"],
  ["segment.bytes", "-65536", "whole numbers from 65536 to 2147483648"],
  ["segment.bytes", "", "whole numbers from 65536 to 2147483648"],
  ["segment.ms", "0", "whole numbers from 1 to 9223372036854775807"],
  ["segment.ms", "9223372036854775808", "whole numbers from 1 to 9223372036854775807"],
  ["max.message.bytes", "60", `whole numbers from 61 to ${batchBytesMax}`],
  ["fsync", "sometimes", "always, interval=<1 to 60000 milliseconds>, never"],
  ["cleanup.policy", "archive", "a list of compact, delete"],
  ["remote.storage.enable", "true", "false, since there is no tiered storage"],
])("%s cannot be %p, and the refusal says what it can be", (name, value, allowed) => {
  const refused = topicConfigOf({ [name]: value });
  expect(String(refused)).toBe(`INVALID_CONFIG: ${name} cannot be "${value}"; allowed: ${allowed}`);
});

test("a value has a length, and one that is too long is not shown as a whole", () => {
  const value = "0:1,".repeat(configValueCharactersMax);
  const refused = topicConfigOf({ "leader.replication.throttled.replicas": value });
  expect(String(refused)).toMatch(/^INVALID_CONFIG: leader/);
  expect(String(refused).length).toBeLessThan(500);
});

test("Kafka's way to say never, the largest int64, is taken for a very long time", () => {
  const config = unwrap(topicConfigOf({ "segment.ms": "9223372036854775807" }));
  expect(config.values["segment.ms"]).toBe(Number.MAX_SAFE_INTEGER);
  expect(config.raw).toEqual({ "segment.ms": "9223372036854775807" });
});

test.each([
  "message.format.version",
  "Segment.bytes",
  "",
  "toString",
  "__proto__",
  "x\n".repeat(1000),
])("an unknown configuration is refused: %p", (name) => {
  const refused = topicConfigOf(Object.fromEntries([[name, "1"]]));
  expect(String(refused)).toMatch(/^INVALID_CONFIG: there is no topic configuration/);
  expect(String(refused)).not.toContain("\n");
  expect(String(refused).length).toBeLessThan(1000);
});

test("the two lags of compaction go together, whoever sets them", () => {
  const wrong = { "min.compaction.lag.ms": "11", "max.compaction.lag.ms": "10" };
  const refused = "INVALID_CONFIG: min.compaction.lag.ms can't be more than max.compaction.lag.ms";
  expect(String(topicConfigOf(wrong))).toBe(refused);
  const broker = unwrap(topicConfigOf({ "max.compaction.lag.ms": "10" }));
  expect(String(topicConfigOf({ "min.compaction.lag.ms": "11" }, broker))).toBe(refused);
  unwrap(topicConfigOf({ "min.compaction.lag.ms": "10" }, broker));
});

test("of a stored configuration what can't be read any more is left out, and named", () => {
  const raw = { "segment.bytes": "7", fsync: "never", "from.the.future": "1" };
  const { config, faults } = storedTopicConfig(raw, topicConfigDefault);
  expect(config.raw).toEqual({ fsync: "never" });
  expect(faults.map(({ message }) => message.split(" ").slice(0, 3).join(" "))).toEqual([
    "segment.bytes cannot be",
    "there is no",
  ]);
});

describe("a log is told what concerns it:", () => {
  const logOf = (raw: RawConfig) => logConfigOf(unwrap(topicConfigOf(raw)), 3);

  test("sizes, times and the linger", () => {
    expect(logOf({ "segment.bytes": "65536", fsync: "interval=50" })).toEqual({
      segmentBytes: 65_536,
      segmentMs: 604_800_000,
      segmentJitterMs: 0,
      durability: { fsync: "interval", intervalMs: 50 },
      lingerMs: 3,
      retention: { retentionMs: 604_800_000, retentionBytes: Infinity },
    });
  });

  test("what is deleted, where anything is", () => {
    const raw = { "retention.ms": "-1", "retention.bytes": "1000" };
    expect(logOf(raw).retention).toEqual({ retentionMs: Infinity, retentionBytes: 1000 });
    expect(logOf({ ...raw, "cleanup.policy": "compact" }).retention).toBeUndefined();
    expect(logOf(raw).compaction).toBeUndefined();
  });

  test("how it is compacted, where it is; a segment then ends within the greatest lag", () => {
    const raw = {
      "cleanup.policy": "compact,delete",
      "min.cleanable.dirty.ratio": "0.3",
      "min.compaction.lag.ms": "1000",
      "max.compaction.lag.ms": "5000",
      "delete.retention.ms": "7000",
    };
    const { compaction, retention, segmentMs } = logOf(raw);
    const [lagMsMin, lagMsMax, deleteRetentionMs] = [1000, 5000, 7000];
    expect(compaction).toEqual({ dirtyRatioMin: 0.3, lagMsMin, lagMsMax, deleteRetentionMs });
    expect(retention?.retentionMs).toBe(604_800_000);
    expect(segmentMs).toBe(5000);
  });

  const never = { fsync: "never" };
  const always = { fsync: "always" };
  const every = (intervalMs: number) => ({ fsync: "interval", intervalMs });
  test.each([
    [{ fsync: "never" }, never],
    [{ fsync: "never", "flush.messages": "1" }, always],
    [{ fsync: "never", "flush.messages": "1000" }, always],
    [{ fsync: "never", "flush.ms": "0" }, always],
    [{ fsync: "never", "flush.ms": "1000" }, every(1000)],
    [{ fsync: "never", "flush.ms": "86400000" }, every(60_000)],
    [{ fsync: "interval=50", "flush.ms": "1000" }, every(50)],
    [{ fsync: "interval=5000", "flush.ms": "1000" }, every(1000)],
    [{ fsync: "always", "flush.ms": "1000" }, always],
    [{ "flush.ms": "1000" }, always],
  ])("the strictest of what is asked of the disk: %p", (raw, durability) => {
    expect(logOf(raw as RawConfig).durability).toEqual(durability as Durability);
  });
});

describe("batches are told what concerns them:", () => {
  const rulesOf = (raw: RawConfig) => batchRulesOf("orders", unwrap(topicConfigOf(raw)));

  test("nothing, by default, but size and an hour ahead", () => {
    expect(rulesOf({})).toEqual({
      topic: "orders",
      messageBytesMax: batchBytesMax,
      isCompacted: false,
      isLogAppendTime: false,
      timestampBeforeMaxMs: Infinity,
      timestampAfterMaxMs: 3_600_000,
      compression: null,
      compressionLevel: undefined,
    });
  });

  test.each([
    [{ "cleanup.policy": "delete,compact" }, { isCompacted: true }],
    [{ "message.timestamp.type": "LogAppendTime" }, { isLogAppendTime: true }],
    [
      { "message.timestamp.after.max.ms": "9223372036854775807" },
      { timestampAfterMaxMs: Infinity },
    ],
    [{ "compression.type": "uncompressed" }, { compression: "none" }],
    [{ "compression.type": "gzip" }, { compression: "gzip", compressionLevel: -1 }],
    [
      { "compression.type": "zstd", "compression.zstd.level": "22" },
      { compression: "zstd", compressionLevel: zstdLevelMax },
    ],
    [{ "compression.type": "lz4", "compression.lz4.level": "17" }, { compressionLevel: undefined }],
  ])("%p", (raw, expected) => {
    expect(rulesOf(raw as RawConfig)).toMatchObject(expected);
  });
});
