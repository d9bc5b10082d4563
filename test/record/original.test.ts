import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { nanosecondsOf } from "../../src/record/nanoseconds.ts";
import { recordOfOriginal } from "../../src/record/original.ts";
import { textBytes } from "../support/hex.ts";

test("a message becomes a record of the same moment, to the nanosecond", () => {
  // 2025-08-09T02:12:08.480123456Z
  const nanoseconds = 1_754_705_528_480_123_456n;
  const record = recordOfOriginal({
    number: 7,
    timestampHigh: Number(nanoseconds >> 32n),
    timestampLow: Number(nanoseconds & 0xffff_ffffn),
    key: textBytes("k"),
    value: textBytes("v"),
  });
  expect(record).toMatchObject({ offset: offset(7), timestamp: 1_754_705_528_480 });
  expect(nanosecondsOf(record)).toBe(123_456);
  expect([record.key, record.value]).toEqual([textBytes("k"), textBytes("v")]);
});

test("a whole millisecond needs no header, and an empty key is none", () => {
  const empty = new Uint8Array(0);
  const record = recordOfOriginal({
    number: 0,
    timestampHigh: 0,
    timestampLow: 3_000_000,
    key: empty,
    value: empty,
  });
  expect(record).toEqual({ offset: offset(0), timestamp: 3, key: null, value: empty, headers: [] });
});
