import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import type { LogConfig } from "../../src/log/log.ts";
import { takesMore } from "../../src/log/roll.ts";
import { smallConfig } from "../support/log-world.ts";

const hour = 3600 * 1000;
const segment = {
  base: offset(0),
  endOffset: offset(10),
  endPosition: 600,
  createdMs: 0,
  logPath: "a",
};
const one = { bytes: 100, records: 1 };

const roomy = (config: Partial<LogConfig>): LogConfig => ({
  ...smallConfig,
  segmentBytes: 1000,
  ...config,
});

/** Whether a segment that was begun so long ago is too old. */
const isOld = (config: Partial<LogConfig>, ageMs: number, logPath = "a"): boolean =>
  !takesMore({ ...segment, logPath }, roomy(config), one, ageMs);

test("a segment takes what fits segment.bytes", () => {
  const takes = (bytes: number) => takesMore(segment, roomy({}), { bytes, records: 1 }, 0);
  expect([takes(400), takes(401)]).toEqual([true, false]);
});

test("a segment takes what fits the 31 bits of a relative offset", () => {
  const takes = (records: number) => takesMore(segment, roomy({}), { bytes: 1, records }, 0);
  expect([takes(2 ** 31 - 11), takes(2 ** 31)]).toEqual([true, false]);
});

test("without a jitter a segment ends when it is segment.ms old", () => {
  expect(isOld({ segmentMs: hour }, hour - 1)).toBe(false);
  expect(isOld({ segmentMs: hour }, hour)).toBe(true);
});

test("with a jitter each segment has a time of its own, within it, and always the same", () => {
  const config = { segmentMs: hour, segmentJitterMs: hour / 2 };
  const ends = Array.from({ length: 100 }, (_, number) => {
    let age = 0;
    while (!isOld(config, age, `topics/orders/${number}/00000000000000000000.log`)) age += 60_000;
    return age;
  });
  expect(Math.min(...ends)).toBeGreaterThanOrEqual(hour / 2);
  expect(Math.max(...ends)).toBeLessThanOrEqual(hour);
  expect(new Set(ends).size).toBeGreaterThan(20);
});

test("a jitter of more than segment.ms is no more than that", () => {
  const config = { segmentMs: 1000, segmentJitterMs: 1_000_000 };
  expect(isOld(config, 1000)).toBe(true);
  expect(isOld(config, -1)).toBe(false);
});
