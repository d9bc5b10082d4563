import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import {
  logConfigOf,
  parseDurability,
  topicConfigDefault,
  topicConfigOf,
} from "../../src/broker/topic-config.ts";
import { batchBytesMax } from "../../src/limits.ts";
import { unwrap } from "../support/log-world.ts";

test("a topic that sets nothing has Kafka's defaults, and syncs before it acknowledges", () => {
  const config = unwrap(topicConfigOf({}));
  expect(config.raw).toEqual({});
  expect(config.values).toEqual({
    "segment.bytes": 1_073_741_824,
    "segment.ms": 604_800_000,
    // Not Kafka's 1 MiB: the largest frame of the original protocol fits.
    "max.message.bytes": batchBytesMax,
    fsync: { fsync: "always" },
  });
});

test("what a topic sets wins over the broker's defaults, and those over the built-in ones", () => {
  const broker = unwrap(topicConfigOf({ fsync: "never", "segment.ms": "1000" }));
  const config = unwrap(topicConfigOf({ "segment.ms": "2000" }, broker));
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
])("%s cannot be %p, and the refusal says what it can be", (name, value, allowed) => {
  const refused = topicConfigOf({ [name]: value });
  expect(String(refused)).toBe(`INVALID_CONFIG: ${name} cannot be "${value}"; allowed: ${allowed}`);
});

test("Kafka's way to say never, the largest int64, is taken for a very long time", () => {
  const config = unwrap(topicConfigOf({ "segment.ms": "9223372036854775807" }));
  expect(config.values["segment.ms"]).toBe(Number.MAX_SAFE_INTEGER);
  expect(config.raw).toEqual({ "segment.ms": "9223372036854775807" });
});

test.each(["cleanup.policy", "Segment.bytes", "", "toString", "__proto__", "x\n".repeat(1000)])(
  "an unknown configuration is refused, with those there are: %p",
  (name) => {
    const refused = topicConfigOf(Object.fromEntries([[name, "1"]]));
    expect(refused instanceof Refusal && refused.code).toBe("INVALID_CONFIG");
    expect(String(refused)).toMatch(/there are segment\.bytes, segment\.ms, .*fsync$/);
    expect(String(refused)).not.toContain("\n");
    expect(String(refused).length).toBeLessThan(1000);
  },
);

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
});

test("a log is told what concerns it", () => {
  const config = unwrap(topicConfigOf({ "segment.bytes": "65536", fsync: "interval=50" }));
  expect(logConfigOf(config, 3)).toEqual({
    segmentBytes: 65_536,
    segmentMs: 604_800_000,
    durability: { fsync: "interval", intervalMs: 50 },
    lingerMs: 3,
  });
});
