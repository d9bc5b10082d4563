import { describe, expect, test } from "bun:test";
import {
  coloured,
  humanCount,
  humanDuration,
  humanSize,
  plain,
  table,
  wantsColours,
  wrap,
} from "../../src/cli/terminal.ts";

test.each([
  ["a terminal", true, {}, true],
  ["no terminal", false, {}, false],
  ["NO_COLOR", true, { NO_COLOR: "1" }, false],
  ["NO_COLOR, whatever it holds", true, { NO_COLOR: "0" }, false],
  ["NO_COLOR set to nothing", true, { NO_COLOR: "" }, true],
  ["a dumb terminal", true, { TERM: "dumb" }, false],
])("colours on %s: %p", (_, isTerminal, environment: Record<string, string>, expected) => {
  expect(wantsColours(isTerminal, environment)).toBe(expected);
});

describe("a table", () => {
  const columns = [
    { title: "TOPIC", align: "left" },
    { title: "RECORDS", align: "right" },
    { title: "NOTE", align: "left" },
  ] as const;

  test("stands in columns", () => {
    const rows = [
      ["user-events", "1,204", ""],
      ["世界", "7", "wide"],
    ];
    expect(table(columns, rows, plain)).toBe(
      "TOPIC        RECORDS  NOTE\n" + //
        "user-events    1,204\n" +
        "世界               7  wide\n",
    );
  });

  test("has a head even without rows, and colours don't move its columns", () => {
    expect(table(columns, [], coloured)).toBe("\x1b[1mTOPIC  RECORDS  NOTE\x1b[22m\n");
    const rows = [[coloured.red("a"), "1", "x"]];
    expect(table(columns, rows, plain)).toBe(
      "TOPIC  RECORDS  NOTE\n\x1b[31ma\x1b[39m            1  x\n",
    );
  });
});

test.each([
  ["the quick brown fox", 10, ["the quick", "brown fox"]],
  ["the quick", 9, ["the quick"]],
  ["a unbreakableword b", 5, ["a", "unbreakableword", "b"]],
  ["", 5, [""]],
])("%p in %p columns", (text, width, expected) => {
  expect(wrap(text, width)).toEqual(expected);
});

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1024, "1.00 KiB"],
  [1536, "1.50 KiB"],
  [10_240, "10.0 KiB"],
  [1_048_063, "1023 KiB"],
  [1_048_064, "1.00 MiB"],
  [157_286_400, "150 MiB"],
  [3 * 1024 ** 3, "3.00 GiB"],
  [2 ** 53, "8.00 PiB"],
  [2 ** 63, "8192 PiB"],
])("%p bytes are %s", (bytes, expected) => {
  expect(humanSize(bytes)).toBe(expected);
});

test.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [1_234_567, "1,234,567"],
])("%p is counted as %s", (count, expected) => {
  expect(humanCount(count)).toBe(expected);
});

test.each([
  [0, "0 ms"],
  [850.4, "850 ms"],
  [999.4, "999 ms"],
  [999.5, "1.0 s"],
  [4_200, "4.2 s"],
  [59_949, "59.9 s"],
  [59_950, "1m 00s"],
  [200_000, "3m 20s"],
  [7_500_000, "2h 05m"],
  [273_600_000, "3d 04h"],
])("%p ms last %s", (ms, expected) => {
  expect(humanDuration(ms)).toBe(expected);
});
