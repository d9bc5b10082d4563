import { describe, expect, test } from "bun:test";
import { printable, quoted } from "../../src/base/printable.ts";

describe("text from outside", () => {
  test.each([
    ["a line break", "a\nb\r\n", "a\\nb\\r\\n"],
    ["an escape sequence", "\x1b[2Jgone", "\\u001b[2Jgone"],
    ["a C1 control sequence introducer", "\x9b31m", "\\u009b31m"],
    ["a NUL", "a\0b", "a\\u0000b"],
    ["DEL", "\x7f", "\\u007f"],
    ["a line separator", "\u2028\u2029", "\\u2028\\u2029"],
    ["marks that turn the direction", "\u202etxt.exe\u2066", "\\u202etxt.exe\\u2066"],
    ["half of a pair", "\ud83d!", "\\ud83d!"],
    ["letters of any language", "Grüße, 世界 🗿", "Grüße, 世界 🗿"],
  ])("%s is shown and not obeyed", (_, text, expected) => {
    expect(printable(text, 100)).toBe(expected);
  });

  test("too long a text is cut, and says by how much", () => {
    expect(printable("abcdef", 6)).toBe("abcdef");
    expect(printable("abcdefg", 6)).toBe("abcdef… (1 more)");
  });

  test("a cut never leaves half of a pair", () => {
    expect(printable("ab🗿🗿", 3)).toBe("ab… (4 more)");
    expect(printable("ab🗿🗿", 4)).toBe("ab🗿… (2 more)");
  });

  test("in quotes it is a JSON string with the same content", () => {
    const text = 'say "\\n"\n\x1b\u2028';
    expect(quoted(text, 100)).toBe('"say \\"\\\\n\\"\\n\\u001b\\u2028"');
    expect(JSON.parse(quoted(text, 100))).toBe(text);
  });
});
