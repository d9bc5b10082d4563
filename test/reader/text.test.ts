import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { nanosecondHeader } from "../../src/record/nanoseconds.ts";
import type { BatchRecord } from "../../src/record/records.ts";
import { headersOf, shown, textOf, timeOf } from "../../src/reader/text.ts";
import { bytesOf, textBytes } from "../support/hex.ts";

const record: BatchRecord = {
  offset: offset(0),
  timestamp: 1_754_705_528_480,
  key: null,
  value: null,
  headers: [],
};

test("text is what is UTF-8, a byte order mark included", () => {
  expect(textOf(textBytes("grüße 🗿"))).toBe("grüße 🗿");
  expect(textOf(bytesOf("efbbbf 61"))).toBe("\ufeffa");
  expect(textOf(bytesOf("ff"))).toBeNull();
  expect(textOf(bytesOf("e2 82"))).toBeNull();
  expect(textOf(new Uint8Array(0))).toBe("");
});

test("what is shown is one line that no terminal obeys", () => {
  expect(shown(textBytes("a\tb\nc\u001b[31m"))).toBe("a\\tb\\nc\\u001b[31m");
  expect(shown(bytesOf("00 41 ff 7f"))).toBe("\\x00A\\xff\\x7f");
  expect(shown(null)).toBe("-");
  expect(shown(new Uint8Array(0))).toBe("");
});

test("a time has the nanoseconds that its record carries", () => {
  expect(timeOf(record)).toBe("2025-08-09T02:12:08.480Z");
  const exact = { ...record, headers: [nanosecondHeader(7)] };
  expect(timeOf(exact)).toBe("2025-08-09T02:12:08.480000007Z");
  expect(timeOf({ ...exact, timestamp: 2 ** 60 })).toBe(String(2 ** 60));
  expect(timeOf({ ...record, timestamp: -1 })).toBe("-");
});

test("the header of the nanoseconds is none of the producer's, unless it makes no sense", () => {
  const other = { key: "trace", value: textBytes("1") };
  const odd = { key: "obelisk-ns", value: textBytes("later") };
  expect(headersOf({ ...record, headers: [other, nanosecondHeader(7)] })).toEqual([other]);
  expect(headersOf({ ...record, headers: [odd, other] })).toEqual([odd, other]);
});
