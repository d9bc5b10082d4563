/** How configurations are shown, with where their values come from. */
import { expect, test } from "bun:test";
import { storedBrokerConfig } from "../../src/broker/broker-config.ts";
import {
  brokerDefaultEntries,
  brokerEntries,
  type ConfigEntry,
  topicEntries,
} from "../../src/broker/config-entries.ts";
import { topicConfigOf } from "../../src/broker/topic-config.ts";
import { topicConfigNames } from "../../src/broker/topic-config-table.ts";
import { unwrap } from "../support/log-world.ts";

const atStart = unwrap(
  topicConfigOf({ "segment.bytes": "2097152", "segment.ms": "604800000", fsync: "always" }),
);
const broker = storedBrokerConfig(
  { "log.segment.bytes": "4194304", "compression.type": "zstd" },
  atStart,
).config;
const topic = unwrap(topicConfigOf({ "segment.bytes": "8388608" }, broker.topicDefaults));

const named = (entries: readonly ConfigEntry[], name: string): ConfigEntry =>
  entries.find((entry) => entry.name === name)!;

const synonymsOf = (entries: readonly ConfigEntry[], name: string): string[] =>
  named(entries, name).synonyms.map(({ source, ...one }) => `${source} ${one.name}=${one.value}`);

test("a topic shows all that there are, each with a text, a type and what it is for", () => {
  const entries = topicEntries(topic, broker);
  expect(entries.map(({ name }) => name)).toEqual([...topicConfigNames]);
  for (const { documentation, configType, readOnly } of entries) {
    expect(documentation.length).toBeGreaterThan(20);
    expect(["boolean", "string", "int", "long", "double", "list"]).toContain(configType);
    expect(readOnly).toBe(false);
  }
});

test("a value is the strongest, and the others follow it", () => {
  const entries = topicEntries(topic, broker);
  expect(synonymsOf(entries, "segment.bytes")).toEqual([
    "DYNAMIC_TOPIC_CONFIG segment.bytes=8388608",
    "DYNAMIC_DEFAULT_BROKER_CONFIG log.segment.bytes=4194304",
    "STATIC_BROKER_CONFIG log.segment.bytes=2097152",
    "DEFAULT_CONFIG log.segment.bytes=1073741824",
  ]);
  expect(named(entries, "segment.bytes")).toMatchObject({
    value: "8388608",
    configSource: "DYNAMIC_TOPIC_CONFIG",
  });
  expect(synonymsOf(entries, "compression.type")).toEqual([
    "DYNAMIC_DEFAULT_BROKER_CONFIG compression.type=zstd",
    "DEFAULT_CONFIG compression.type=producer",
  ]);
});

test("what was set at the start to what it would be anyway is a default", () => {
  expect(named(topicEntries(topic, broker), "segment.ms")).toMatchObject({
    value: "604800000",
    configSource: "DEFAULT_CONFIG",
  });
});

test("what only topics have, has no synonyms until it is set", () => {
  const entries = topicEntries(topic, broker);
  expect(named(entries, "remote.storage.enable")).toMatchObject({
    value: "false",
    configSource: "DEFAULT_CONFIG",
    synonyms: [],
  });
});

test("what has no effect says why", () => {
  expect(named(topicEntries(topic, broker), "preallocate").documentation).toEndWith(
    "Accepted without effect: files grow as they are written.",
  );
});

test("the broker shows what topics follow, which can be set, and its own, which can't", () => {
  const entries = brokerEntries(broker, { "num.partitions": "3", "log.dirs": "/data" });
  const names = entries.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
  expect(new Set(names).size).toBe(names.length);
  expect(named(entries, "log.segment.bytes")).toMatchObject({
    value: "4194304",
    configSource: "DYNAMIC_DEFAULT_BROKER_CONFIG",
    readOnly: false,
    configType: "int",
  });
  expect(named(entries, "num.partitions")).toMatchObject({
    value: "3",
    configSource: "STATIC_BROKER_CONFIG",
    readOnly: true,
    configType: "long",
  });
  expect(named(entries, "log.dirs")).toMatchObject({ configType: "string" });
  expect(named(entries, "delete.topic.enable")).toMatchObject({
    value: "true",
    configSource: "DEFAULT_CONFIG",
    readOnly: true,
    configType: "boolean",
  });
});

test("what was set while it ran can be shown by itself", () => {
  expect(brokerDefaultEntries(broker).map(({ name, value }) => `${name}=${value}`)).toEqual([
    "compression.type=zstd",
    "log.segment.bytes=4194304",
  ]);
});
