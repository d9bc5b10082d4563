import { describe, expect, test } from "bun:test";
import { HttpError } from "../../src/http/errors.ts";
import { JsonSplitter } from "../../src/http/json-splitter.ts";
import { randomForTest } from "../support/seed.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The objects in pieces; the status of what went wrong. */
function split(pieces: readonly Uint8Array[], bytesMax = 1_000): string[] | number {
  const splitter = new JsonSplitter(bytesMax);
  const found: string[] = [];
  for (const piece of pieces) {
    const whole = splitter.push(piece);
    if (whole instanceof HttpError) return whole.status;
    found.push(...whole.map(decode));
  }
  return splitter.end()?.status ?? found;
}

test.each([
  ["nothing", "", []],
  ["only space", " \n\t", []],
  ["one", '{"a":1}', ['{"a":1}']],
  ["several, close together", '{"a":1}{"b":2}', ['{"a":1}', '{"b":2}']],
  ["several, on lines", '{"a":1}\r\n {"b":2}\n', ['{"a":1}', '{"b":2}']],
  ["braces in texts", '{"a":"}{\\"}"}{}', ['{"a":"}{\\"}"}', "{}"]],
  ["depth", '{"a":[{"b":{}}]}', ['{"a":[{"b":{}}]}']],
  ["backslashes", '{"a":"\\\\"}{"b":"\\\\\\""}', ['{"a":"\\\\"}', '{"b":"\\\\\\""}']],
])("%s", (_, text, expected) => {
  expect(split([encode(text)])).toEqual(expected);
});

describe("it does not matter how the stream falls into pieces", () => {
  const objects = ['{"a":"é}{\\"\\\\"}', "{}", '{"b":[1,{"c":"]"}]}', '{"d":null}'];
  const bytes = encode(objects.join(" \n"));

  test("byte by byte", () => {
    expect(split([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(objects);
  });

  test("at random", () => {
    const random = randomForTest();
    for (let round = 0; round < 200; round++) {
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < bytes.length;) {
        const size = random.below(12);
        pieces.push(bytes.subarray(at, at + size));
        at += size;
      }
      expect(split(pieces)).toEqual(objects);
    }
  });
});

test.each([
  ["a text", '"a"', 400],
  ["a list", "[]", 400],
  ["a number between", '{"a":1} 7', 400],
  ["a comma between", '{"a":1},{"b":2}', 400],
  ["a closing brace too many", '{"a":1}}', 400],
  ["an end within an object", '{"a":1} {"b"', 400],
  ["an end within a text", '{"a":"', 400],
])("%s is refused", (_, text, status) => {
  expect(split([encode(text)])).toBe(status);
});

test("an object is as large as it may be, and not larger, in one piece or in several", () => {
  const object = encode(`{"a":"${"x".repeat(93)}"}`);
  const halves = [object.subarray(0, 50), object.subarray(50)];
  expect(object.length).toBe(101);
  expect([split([object], 101), split(halves, 101)]).toEqual([[decode(object)], [decode(object)]]);
  expect([split([object], 100), split(halves, 100)]).toEqual([413, 413]);
  expect(split([object.subarray(0, 101 - 1)], 99)).toBe(413);
});
