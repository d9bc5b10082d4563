import { describe, expect, test } from "bun:test";
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
} from "../../src/broker/config-kinds.ts";

/** What a text means, once it is clean; `null`: it is not allowed. */
const read = <T>(kind: ConfigKind<T>, text: string): T | null => kind.parse(kind.clean(text));

describe("whole numbers", () => {
  test.each([
    ["0", 0],
    ["-2", -2],
    [" 10 ", 10],
    ["007", 7],
    ["2147483647", 2_147_483_647],
    ["2147483648", null],
    ["-3", null],
    ["", null],
    ["1.0", null],
    ["1e3", null],
    ["0x10", null],
    ["--1", null],
    ["١", null],
  ])("from -2 on, of 32 bits: %p", (text, expected) => {
    expect(read(whole("int", -2), text)).toBe(expected);
  });

  test("of 64 bits, where what can't be exact is for ever", () => {
    expect(read(whole("long", 0), String(longMax))).toBe(Number.MAX_SAFE_INTEGER);
    expect(read(whole("long", 0), String(longMax + 1n))).toBeNull();
    expect(read(whole("long", 0), "9007199254740990")).toBe(9_007_199_254_740_990);
  });

  test("and one more", () => {
    const kind = wholeOr(-1, 1, 9);
    expect(["-1", "0", "1", "9", "10", "-2"].map((text) => read(kind, text))).toEqual([
      -1,
      null,
      1,
      9,
      null,
      null,
    ]);
    expect(kind.allowed).toBe("whole numbers from 1 to 9, and -1");
  });
});

test.each([
  ["0", 0],
  ["0.5", 0.5],
  [" .5", 0.5],
  ["1.", 1],
  ["1.0", 1],
  ["1.1", null],
  ["-0.5", null],
  ["NaN", null],
  [".", null],
  ["", null],
])("ratios: %p", (text, expected) => {
  expect(read(ratio, text)).toBe(expected);
});

test.each([
  ["true", true],
  [" TRUE", true],
  ["False", false],
  ["yes", null],
  ["1", null],
  ["", null],
])("switches: %p", (text, expected) => {
  expect(read(toggle, text)).toBe(expected);
});

test("a switch that can't be on says why", () => {
  const kind = onlyFalse("there is no tiered storage");
  expect([read(kind, "false"), read(kind, "true")]).toEqual([false, null]);
  expect(kind.allowed).toBe("false, since there is no tiered storage");
});

test("one of several words, as it is written", () => {
  const kind = choice("CreateTime", "LogAppendTime");
  const texts = ["CreateTime", " LogAppendTime ", "createtime", ""];
  expect(texts.map((text) => read(kind, text))).toEqual([
    "CreateTime",
    "LogAppendTime",
    null,
    null,
  ]);
});

test.each([
  ["delete", ["delete"]],
  ["compact, delete", ["compact", "delete"]],
  ["delete,,compact,", ["delete", "compact"]],
  ["", []],
  ["delete,delete", null],
  ["delete,archive", null],
  ["Delete", null],
])("a list of words, each once: %p", (text, expected) => {
  expect(read(words("compact", "delete"), text)).toEqual(expected as ("compact" | "delete")[]);
});

test("lists are stored without what makes no difference", () => {
  expect(words("compact", "delete").clean(" compact , delete,")).toBe("compact,delete");
});

test.each([
  ["", []],
  ["*", ["*"]],
  ["0:1, 1:2", ["0:1", "1:2"]],
  ["*,0:1", null],
  ["0", null],
  ["0:1:2", null],
  ["a:b", null],
])("throttled replicas: %p", (text, expected) => {
  expect(read(throttledReplicas, text)).toEqual(expected);
});
