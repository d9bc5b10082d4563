import { expect, test } from "bun:test";
import {
  durabilityText,
  isTopicConfigName,
  parseDurability,
  topicConfigNames,
  type TopicSetting,
  topicSettings,
} from "../../src/broker/topic-config-table.ts";
import { expectGolden } from "../support/golden.ts";

/** All that the table says, for people to read. */
function shown(): string {
  return topicConfigNames
    .map((name) => {
      const setting: TopicSetting<unknown> = topicSettings[name];
      const { kind, fallback, brokerName, noEffect } = setting;
      const lines = [
        `${name}: ${kind.type}, default ${JSON.stringify(fallback)}`,
        `    allowed: ${kind.allowed}`,
        `    broker:  ${brokerName ?? "-"}`,
        `    effect:  ${noEffect === null ? "yes" : `none, since ${noEffect}`}`,
      ];
      return `${lines.join("\n")}\n`;
    })
    .join("");
}

test("all of Kafka's topic configurations are there, and one of ours", () => {
  expectGolden("broker/topic-configs.txt", shown());
});

test("they are in the order in which they are shown", () => {
  expect([...topicConfigNames].sort()).toEqual([...topicConfigNames]);
});

test.each([
  ["segment.bytes", true],
  ["log.segment.bytes", false],
  ["toString", false],
  ["__proto__", false],
])("%s is a topic's: %p", (name, expected) => {
  expect(isTopicConfigName(name)).toBe(expected);
});

test("no two have the same name at the broker", () => {
  const names = topicConfigNames.flatMap((name) => topicSettings[name].brokerName ?? []);
  expect(new Set(names).size).toBe(names.length);
});

test.each([
  ["always", { fsync: "always" }],
  ["never", { fsync: "never" }],
  ["interval=1", { fsync: "interval", intervalMs: 1 }],
  ["interval=60000", { fsync: "interval", intervalMs: 60_000 }],
  ["interval=0", null],
  ["interval=60001", null],
  ["interval=1.5", null],
  ["interval=", null],
  ["Always", null],
  [" never", null],
  ["interval=100 ", null],
] as const)("fsync as text: %p", (text, durability) => {
  expect(parseDurability(text)).toEqual(durability);
  if (durability !== null) expect(durabilityText(durability)).toBe(text);
});
