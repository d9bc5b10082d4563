import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import type { HttpError } from "../../../src/http/errors.ts";
import { embeddedBytes, embeddedRecord } from "../../../src/http/rest-v2/embedded-record.ts";

const record = (key: string | null, value: string | null) => ({
  offset: offset(5),
  timestamp: 0,
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  headers: [],
});

const place = { topic: "t", partition: 1, offset: 5 };

test.each([
  ["json", '{"a":1}', "7", { a: 1 }, 7],
  ["json", null, "null", null, null],
  ["binary", "k", "v", "aw==", "dg=="],
  ["binary", null, "", null, ""],
] as const)("as %s: %s, %s", (format, key, value, shownKey, shownValue) => {
  const shown = embeddedRecord("t", 1, record(key, value), format);
  expect(shown).toEqual({ ...place, key: shownKey, value: shownValue });
});

test("numbers keep all their digits", () => {
  const shown = embeddedRecord("t", 1, record(null, "12345678901234567890"), "json");
  expect(JSON.stringify(shown)).toContain('"value":12345678901234567890,');
});

test.each(["", "{", "\u0000"])("what is no JSON is told with its place: %j", (value) => {
  const shown = embeddedRecord("t", 1, record(null, value), "json") as HttpError;
  expect([shown.errorCode, shown.message]).toEqual([
    50002,
    expect.stringContaining("offset 5 of partition t-1"),
  ]);
});

test("bytes are those of key and value", () => {
  expect([embeddedBytes(record("ab", "c")), embeddedBytes(record(null, null))]).toEqual([3, 0]);
});
