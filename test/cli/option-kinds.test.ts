import { describe, expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { choice, duration, integer, size, text, toggle } from "../../src/cli/option-kinds.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const help = "Helps";

describe("a whole number", () => {
  const port = integer({ help, min: 0, max: 65_535 });

  test.each([
    ["0", 0],
    ["65535", 65_535],
    ["+80", 80],
    ["0080", 80],
    ["-1", undefined],
    ["65536", undefined],
    ["", undefined],
    [" 80", undefined],
    ["8e3", undefined],
    ["80.0", undefined],
    ["0x50", undefined],
    ["1_000", undefined],
    ["eighty", undefined],
    ["9".repeat(400), undefined],
  ])("%p → %p", (given, expected) => {
    expect(port.parse([given])).toBe(expected);
  });

  test("may be negative where the bounds allow it", () => {
    expect(integer({ help, min: -5, max: 5 }).parse(["-5"])).toBe(-5);
  });
});

describe("a size", () => {
  const cache = size({ help, min: KiB, max: 2 * GiB });

  test.each([
    ["1024", KiB],
    ["1k", KiB],
    ["1K", KiB],
    ["1KiB", KiB],
    ["1kib", KiB],
    ["64m", 64 * MiB],
    ["64MiB", 64 * MiB],
    ["2g", 2 * GiB],
    ["2GiB", 2 * GiB],
    ["1023", undefined],
    ["2049MiB", undefined],
    ["1TiB", undefined],
    ["64MB", undefined],
    ["64kb", undefined],
    ["64 MiB", undefined],
    ["1.5GiB", undefined],
    ["-1k", undefined],
    ["MiB", undefined],
    ["", undefined],
  ])("%p → %p", (given, expected) => {
    expect(cache.parse([given])).toBe(expected);
  });

  test.each([
    [0, "0"],
    [1000, "1000"],
    [KiB, "1KiB"],
    [1536, "1536"],
    [1536 * KiB, "1536KiB"],
    [3 * GiB, "3GiB"],
    [1024 * GiB, "1TiB"],
  ])("%p bytes are written %s", (bytes, expected) => {
    expect(size({ help, default: bytes, min: 0, max: 2 ** 50 }).defaultText).toBe(expected);
  });
});

describe("a time", () => {
  const timeout = duration({ help, min: 0, max: 86_400_000 });
  const segmentMs = duration({ help, name: "segment-ms", min: 1, max: 86_400_000 });

  test.each([
    ["250ms", 250],
    ["10s", 10_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["0", 0],
    ["0s", 0],
    ["25h", undefined],
    ["10", undefined],
    ["1.5s", undefined],
    ["10 s", undefined],
    ["10S", undefined],
    ["-1s", undefined],
    ["1h30m", undefined],
    ["s", undefined],
    ["", undefined],
  ])("%p → %p", (given, expected) => {
    expect(timeout.parse([given])).toBe(expected);
  });

  test("may be a plain number where the name says that it is milliseconds", () => {
    expect(segmentMs.parse(["604800"])).toBe(604_800);
    expect(segmentMs.parse(["1h"])).toBe(3_600_000);
    expect(segmentMs.parse(["0"])).toBeUndefined();
  });

  test.each([
    [0, "0"],
    [1, "1ms"],
    [1_500, "1500ms"],
    [90_000, "90s"],
    [3_600_000, "1h"],
    [604_800_000, "7d"],
  ])("%p ms are written %s", (ms, expected) => {
    expect(duration({ help, default: ms, min: 0, max: 10 ** 12 }).defaultText).toBe(expected);
  });
});

test.each([
  ["true", true],
  ["TRUE", true],
  ["yes", true],
  ["on", true],
  ["1", true],
  ["false", false],
  ["no", false],
  ["off", false],
  ["0", false],
  ["maybe", undefined],
  ["", undefined],
])("a switch: %p → %p", (given, expected) => {
  expect(toggle({ help }).parse([given])).toBe(expected);
});

test("a switch is off unless its table says else", () => {
  expect(toggle({ help }).fallback).toBe(false);
  expect(toggle({ help, default: true }).fallback).toBe(true);
});

test("a choice is one of its words, exactly", () => {
  const format = choice(["text", "json"], { help });
  expect(format.parse(["json"])).toBe("json");
  expect(format.parse(["JSON"])).toBeUndefined();
  expect(format.parse([""])).toBeUndefined();
});

test("a text is anything but nothing", () => {
  expect(text({ help }).parse(["ü b"])).toBe("ü b");
  expect(text({ help }).parse([""])).toBeUndefined();
  expect(text({ help }).parse(["a\0b"])).toBeUndefined();
});

test("a default out of its own bounds stops the program at load", () => {
  expect(() => integer({ help, default: 0, min: 1, max: 2 })).toThrow(AssertionError);
});
