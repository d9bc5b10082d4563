import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { HttpError } from "../../src/http/errors.ts";
import { type FilterAsked, filterOf } from "../../src/http/record-filter.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const record = {
  offset: offset(0),
  timestamp: 0,
  key: encode("user-1"),
  value: encode("paid 7 €"),
  headers: [
    { key: "kind", value: encode("order") },
    { key: "kind", value: encode("paid=yes") },
    { key: "empty", value: null },
  ],
};
const bare = { ...record, key: null, value: null, headers: [] };

function shows(asked: FilterAsked, one = record as typeof record | typeof bare): boolean {
  const filter = filterOf(asked);
  if (filter instanceof HttpError) throw new Error(filter.message);
  return filter(one);
}

describe("a record is shown", () => {
  test.each<[string, FilterAsked, boolean]>([
    ["without filters", {}, true],
    ["by its key", { key: "user-1" }, true],
    ["by its key in base64", { key: "base64:dXNlci0x" }, true],
    ["not by a part of its key", { key: "user" }, false],
    ["by a header", { header: ["kind"] }, true],
    ["by a header without a value", { header: ["empty"] }, true],
    ["by any of a header's values", { header: ["kind=paid=yes"] }, true],
    ["not by another value", { header: ["kind=paid"] }, false],
    ["by all headers", { header: ["kind=order", "empty"] }, true],
    ["not by some of them", { header: ["kind", "none"] }, false],
    ["by text in its value", { contains: "7 €" }, true],
    ["by text in its key", { contains: "ser-" }, true],
    ["not by other text", { contains: "8" }, false],
    ["by all of it", { key: "user-1", header: ["kind"], contains: "paid" }, true],
    ["not if one of it fails", { key: "user-2", header: ["kind"], contains: "paid" }, false],
    ["by no text at all", { contains: "" }, true],
  ])("%s", (_, asked, expected) => {
    expect(shows(asked)).toBe(expected);
  });

  test("without key and value only by what it has", () => {
    expect([shows({ key: "" }, bare), shows({ contains: "a" }, bare), shows({}, bare)]).toEqual([
      false,
      false,
      true,
    ]);
  });
});

test("a key that is no base64 is refused", () => {
  expect(filterOf({ key: "base64:?" })).toBeInstanceOf(HttpError);
});
