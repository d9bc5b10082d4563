import { describe, expect, test } from "bun:test";
import { HttpError } from "../../src/http/errors.ts";
import {
  bytesOfBase64,
  bytesOfData,
  headersOf,
  type RecordData,
  shownRecord,
  type Showing,
  timeOf,
} from "../../src/http/record-data.ts";
import { offset } from "../../src/base/brands.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The bytes as latin 1, `null`, or the message. */
function given(data: RecordData | undefined): string | null {
  const bytes = bytesOfData(data, "value");
  if (bytes instanceof HttpError) return bytes.message;
  return bytes && Buffer.from(bytes).toString("latin1");
}

describe("a value that is sent", () => {
  test.each<[string, RecordData | undefined, string | null]>([
    ["is not there", undefined, null],
    ["is null", { data: null }, null],
    ["is a null text", { type: "STRING", data: null }, null],
    ["is null in JSON", { type: "JSON", data: null }, "null"],
    ["is a text", { type: "STRING", data: "a" }, "a"],
    ["is JSON", { type: "JSON", data: { a: [1] } }, '{"a":[1]}'],
    ["is base64", { type: "BINARY", data: "AP8=" }, "\u0000\u00ff"],
    ["has no type", { data: "a" }, "value.type: it is missing; one of BINARY, STRING, JSON"],
    ["is no text", { type: "STRING", data: 1 }, "value.data: STRING is a text"],
    ["is no base64", { type: "BINARY", data: "a" }, "value.data: that is no base64"],
    [
      "is half a character",
      { type: "STRING", data: "a\ud800b" },
      "value.data: half of a surrogate pair, which UTF-8 can't have",
    ],
    ["is half a character in JSON", { type: "JSON", data: "\ud800" }, '"\\ud800"'],
  ])("%s", (_, data, expected) => {
    expect(given(data)).toBe(expected);
  });
});

test.each([
  ["", ""],
  ["AA==", "00"],
  ["AA", "00"],
  ["-_8", "fbff"],
  ["+/8=", "fbff"],
  ["A", null],
  ["AAAAA", null],
  ["A A=", null],
  ["é", null],
])("base64 %p", (encoded, hex) => {
  const bytes = bytesOfBase64(encoded);
  expect(bytes && Buffer.from(bytes).toString("hex")).toBe(hex);
});

test("headers keep their order, their names may repeat, and a value may be null", () => {
  expect(
    headersOf([{ name: "a", value: "AA==" }, { name: "a" }, { name: "", value: null }]),
  ).toEqual([
    { key: "a", value: Buffer.of(0) },
    { key: "a", value: null },
    { key: "", value: null },
  ]);
  expect(headersOf([{ name: "a", value: "?" }])).toBeInstanceOf(HttpError);
  expect(headersOf([{ name: "a\udc00" }])).toBeInstanceOf(HttpError);
  expect(headersOf(undefined)).toEqual([]);
});

const bare = { offset: offset(3), timestamp: -1, key: null, headers: [] };
const shown = (value: Uint8Array | null, showing: Showing): unknown =>
  shownRecord({ ...bare, value }, showing)["value"];

describe("a value that is shown", () => {
  test.each([
    ["JSON", "json", '{"a":1}', { type: "JSON", data: { a: 1 } }],
    ["text that is no JSON", "json", "{a", { type: "STRING", data: "{a" }],
    ["JSON as text", "string", '{"a":1}', { type: "STRING", data: '{"a":1}' }],
    ["text as base64", "binary", "a", { type: "BINARY", data: "YQ==" }],
    ["lines", "json", "a\r\n\tb", { type: "STRING", data: "a\r\n\tb" }],
    ["nothing in it", "json", "", { type: "STRING", data: "" }],
  ] as const)("%s", (_, showing, text, expected) => {
    expect(shown(encode(text), showing)).toEqual({ ...expected });
  });

  test("bytes that are no text, or have controls in them, are base64", () => {
    expect(shown(Uint8Array.of(0xff), "string")).toEqual({ type: "BINARY", data: "/w==" });
    expect(shown(Uint8Array.of(0, 1), "json")).toEqual({ type: "BINARY", data: "AAE=" });
  });

  test("null is null", () => {
    expect(shown(null, "json")).toBeNull();
  });
});

test("a record without a time says so", () => {
  expect(shownRecord({ ...bare, value: encode("1") }, "json")).toEqual({
    offset: 3,
    timestamp: null,
    timestamp_ms: -1,
    headers: [],
    key: null,
    value: { type: "JSON", data: 1 },
  });
});

test.each([
  ["1700000000000", 1_700_000_000_000],
  ["0", 0],
  ["2024-01-01T00:00:00Z", 1_704_067_200_000],
  ["2024-01-01T01:00:00.5+01:00", 1_704_067_200_500],
  ["2024-01-01", null],
  ["2024-13-01T00:00:00Z", null],
  ["-1", null],
  ["now", null],
  ["9999999999999999", null],
  ["1960-01-01T00:00:00Z", null],
])("the time %p", (text, expected) => {
  expect(timeOf(text)).toBe(expected);
});
