import { expect, test } from "bun:test";
import { isAbsentOr, isBytes, isListOf, isRecord, isText } from "../../src/client/given.ts";

test("text has a length and can be walked, and is no list", () => {
  expect(isListOf("orders", isText)).toBe(false);
  expect(isListOf(["orders"], isText)).toBe(true);
  expect(isListOf(["orders", 5], isText)).toBe(false);
  expect(isListOf([], isText)).toBe(true);
  expect(isListOf(undefined, isText)).toBe(false);
});

test("bytes are bytes, and no numbers of another width", () => {
  expect([new Uint8Array(1), Buffer.of(1)].every(isBytes)).toBe(true);
  expect([new Uint16Array(1), new ArrayBuffer(1), [1], "1", null].some(isBytes)).toBe(false);
});

test("what may be left out is left out, or of its kind", () => {
  expect([undefined, "a", null, 5].map((each) => isAbsentOr(each, isText))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([{}, null, undefined, "a"].map(isRecord)).toEqual([true, false, false, false]);
});
