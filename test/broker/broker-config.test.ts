import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import {
  type BrokerConfig,
  changedBrokerConfig,
  changedTopicConfig,
  storedBrokerConfig,
  topicNameOf,
} from "../../src/broker/broker-config.ts";
import type { ConfigChange, RawConfig } from "../../src/broker/config-change.ts";
import { topicConfigOf } from "../../src/broker/topic-config.ts";
import { unwrap } from "../support/log-world.ts";

const atStart = unwrap(topicConfigOf({ "segment.bytes": "1048576", fsync: "never" }));

/** The broker's configuration with all of `raw` set while it ran. */
function brokerConfigOf(raw: RawConfig): BrokerConfig | Refusal {
  const configs = Object.entries(raw).map(([name, value]) => ({ name, value }));
  return changedBrokerConfig(storedBrokerConfig({}, atStart).config, { kind: "replace", configs });
}

const set = (name: string, value: string): ConfigChange => ({
  kind: "incremental",
  configs: [{ name, configOperation: "SET", value }],
});

test("broker and topic have two names for one thing", () => {
  expect(topicNameOf("log.segment.bytes")).toBe("segment.bytes");
  expect(topicNameOf("message.max.bytes")).toBe("max.message.bytes");
  expect(topicNameOf("compression.type")).toBe("compression.type");
  expect(topicNameOf("segment.bytes")).toBeUndefined();
});

test("what was set while it ran wins over what was set at the start", () => {
  const config = unwrap(brokerConfigOf({ "log.segment.bytes": " 2097152" }));
  expect(config.raw).toEqual({ "log.segment.bytes": "2097152" });
  expect(config.topicDefaults.values["segment.bytes"]).toBe(2_097_152);
  expect(config.topicDefaults.values.fsync).toEqual({ fsync: "never" });
  expect(config.atStart).toBe(atStart);
});

test.each([
  [
    "log.segment.bytes",
    "7",
    "INVALID_CONFIG",
    /^log\.segment\.bytes: segment\.bytes cannot be "7"/,
  ],
  [
    "num.partitions",
    "7",
    "INVALID_REQUEST",
    /"num\.partitions" cannot be set while the broker runs/,
  ],
  ["segment.bytes", "1048576", "INVALID_REQUEST", /cannot be set while/],
  ["", "1", "INVALID_REQUEST", /cannot be set while/],
])("%s=%s is refused", (name, value, code, message) => {
  const refused = brokerConfigOf({ [name]: value });
  expect(refused).toMatchObject({ code, message: expect.stringMatching(message) });
});

test("values that don't go together are refused", () => {
  const raw = {
    "log.cleaner.min.compaction.lag.ms": "11",
    "log.cleaner.max.compaction.lag.ms": "10",
  };
  expect(brokerConfigOf(raw)).toMatchObject({ code: "INVALID_CONFIG" });
});

test("changes add up, and DELETE goes back to the start", () => {
  let config = unwrap(brokerConfigOf({}));
  config = unwrap(changedBrokerConfig(config, set("log.segment.bytes", "2097152")));
  config = unwrap(changedBrokerConfig(config, set("compression.type", "zstd")));
  expect(config.raw).toEqual({ "log.segment.bytes": "2097152", "compression.type": "zstd" });
  const undo: ConfigChange = {
    kind: "incremental",
    configs: [{ name: "log.segment.bytes", configOperation: "DELETE", value: null }],
  };
  config = unwrap(changedBrokerConfig(config, undo));
  expect(config.topicDefaults.values["segment.bytes"]).toBe(1_048_576);
  expect(config.topicDefaults.values["compression.type"]).toBe("zstd");
});

test("lists of the broker grow from what is in effect, and so do those of its topics", () => {
  const append = (name: string): ConfigChange => ({
    kind: "incremental",
    configs: [{ name, configOperation: "APPEND", value: "compact" }],
  });
  const config = unwrap(brokerConfigOf({}));
  const changed = unwrap(changedBrokerConfig(config, append("log.cleanup.policy")));
  expect(changed.raw).toEqual({ "log.cleanup.policy": "delete,compact" });
  const topic = unwrap(topicConfigOf({}, changed.topicDefaults));
  const taken: ConfigChange = {
    kind: "incremental",
    configs: [{ name: "cleanup.policy", configOperation: "SUBTRACT", value: "delete" }],
  };
  expect(unwrap(changedTopicConfig(topic, taken, changed.topicDefaults)).raw).toEqual({
    "cleanup.policy": "compact",
  });
  expect(changedTopicConfig(topic, append("segment.bytes"), changed.topicDefaults)).toMatchObject({
    code: "INVALID_CONFIG",
  });
});

test("of what was stored, that which is not allowed any more is left out, and named", () => {
  const raw = { "log.segment.bytes": "7", "from.the.future": "1", "compression.type": "zstd" };
  const { config, faults } = storedBrokerConfig(raw, atStart);
  expect(config.raw).toEqual({ "compression.type": "zstd" });
  expect(faults.every((fault) => fault instanceof Refusal)).toBe(true);
  expect(faults.map(({ code }) => code)).toEqual(["INVALID_CONFIG", "INVALID_REQUEST"]);
});
