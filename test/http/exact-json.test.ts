import { expect, test } from "bun:test";
import { exactJsonCharactersMax, jsonDepthMax } from "../../src/limits.ts";
import { parseExact } from "../../src/http/exact-json.ts";

test.each([
  "12345678901234567890",
  '{"id":9007199254740993,"list":[-9223372036854775808,0.12345678901234567890]}',
  '{"small":1,"text":"12345678901234567890"}',
  '[1234567890123456,"x"]',
  '{"large":1e400,"small":-1E-999,"text":"1e400"}',
  "[-0,-0.0,10]",
])("%s is the same after a round trip", (text) => {
  expect(JSON.stringify(parseExact(text))).toBe(text);
});

test("what a double holds exactly stays a number", () => {
  expect(parseExact('{"a":9007199254740992,"b":12345678901234567890}')).toMatchObject({
    a: 9007199254740992,
  });
});

test("what is no JSON is a SyntaxError, either way", () => {
  expect(() => parseExact("{")).toThrow(SyntaxError);
  expect(() => parseExact("{12345678901234567890")).toThrow(SyntaxError);
});

test("what is nested too deep is one as well, and brackets in texts don't count", () => {
  const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
  expect(JSON.stringify(parseExact(nested(jsonDepthMax)))).toBe(nested(jsonDepthMax));
  expect(() => parseExact(nested(jsonDepthMax + 1))).toThrow(SyntaxError);
  const text = JSON.stringify(`\\"${"[".repeat(jsonDepthMax * 2)}`);
  expect(JSON.stringify(parseExact(text))).toBe(text);
  const flat = `[${Array(jsonDepthMax * 2)
    .fill("{}")
    .join(",")}]`;
  expect(JSON.stringify(parseExact(flat))).toBe(flat);
});

test("a text that is too large to keep all digits is parsed all the same", () => {
  const large = `["${" ".repeat(exactJsonCharactersMax)}",12345678901234567890]`;
  expect(JSON.stringify(parseExact(large))).toEndWith(",12345678901234567000]");
});

test("and one in which a number would become another one altogether is refused", () => {
  const large = (number: string): string =>
    `["1e400\\"1e400${" ".repeat(exactJsonCharactersMax)}",${number}]`;
  expect(() => parseExact(large("1e400"))).toThrow("1e400");
  expect(() => parseExact(large(`-1${"0".repeat(400)}`))).toThrow(SyntaxError);
  expect(() => parseExact(large("[1e-5,-9.5E+999]"))).toThrow("9.5E+999 is more");
  expect(JSON.stringify(parseExact(large("1e300")))).toEndWith(",1e+300]");
  expect(() => parseExact(large("1e4+00"))).toThrow(SyntaxError);
});
