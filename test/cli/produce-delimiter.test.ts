import { describe, expect, test } from "bun:test";
import { delimiter } from "../../src/cli/produce-delimiter.ts";

const option = delimiter({ default: new Uint8Array([0x0a]), help: "Between records" });

describe("a delimiter", () => {
  test.each([
    ["a letter", ":", [0x3a]],
    ["several", "||", [0x7c, 0x7c]],
    ["a line break", "\\n", [0x0a]],
    ["both of Windows", "\\r\\n", [0x0d, 0x0a]],
    ["a tab", "\\t", [0x09]],
    ["a zero byte", "\\0", [0x00]],
    ["any byte", "\\xff\\x0A", [0xff, 0x0a]],
    ["a backslash", "\\\\", [0x5c]],
    ["UTF-8", "→", [0xe2, 0x86, 0x92]],
    ["a mixture", "a\\x00b", [0x61, 0x00, 0x62]],
  ])("%s", (_, given, bytes) => {
    expect(option.parse([given])).toEqual(new Uint8Array(bytes));
  });

  test.each([[""], ["\\"], ["a\\"], ["\\q"], ["\\x"], ["\\x1"], ["\\xgg"]])(
    "%p is none",
    (given) => {
      expect(option.parse([given])).toBeUndefined();
    },
  );
});

test.each([
  [[0x0a], "\\n"],
  [[0x3a], ":"],
  [[0x5c, 0x00, 0xe2, 0x7f], "\\\\\\0\\xe2\\x7f"],
])("a default of %p is shown as %p", (bytes, text) => {
  const shown = delimiter({ default: new Uint8Array(bytes), help: "Between" }).defaultText;
  expect(shown).toBe(text);
});
