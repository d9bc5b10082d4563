import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import type { BatchRecord } from "../../src/record/records.ts";
import {
  selectsByContent,
  selectsPartition,
  selectsRecord,
  type Selection,
} from "../../src/reader/selection.ts";
import { textBytes } from "../support/hex.ts";

const record: BatchRecord = {
  offset: offset(10),
  timestamp: 1000,
  key: textBytes("user1"),
  value: textBytes("hello"),
  headers: [],
};

const rows: [name: string, selection: Selection, isSelected: boolean][] = [
  ["nothing restricts", {}, true],
  ["its offset is the first", { fromOffset: 10, toOffset: 11 }, true],
  ["its offset is before the first", { fromOffset: 11 }, false],
  ["its offset is the end", { toOffset: 10 }, false],
  ["its time is the first", { fromTime: 1000, toTime: 1001 }, true],
  ["its time is before the first", { fromTime: 1001 }, false],
  ["its time is the end", { toTime: 1000 }, false],
  ["its key is the one", { key: textBytes("user1") }, true],
  ["its key only begins so", { key: textBytes("user") }, false],
  ["its key is another", { key: textBytes("user2") }, false],
  ["its key begins so", { keyPrefix: textBytes("user") }, true],
  ["its key begins otherwise", { keyPrefix: textBytes("User") }, false],
  ["its key is shorter than the prefix", { keyPrefix: textBytes("user10") }, false],
];

test.each(rows)("a record is chosen or not: %s", (_, selection, isSelected) => {
  expect(selectsRecord(selection, record)).toBe(isSelected);
});

test("a record without a key has no key, not an empty one", () => {
  const keyless = { ...record, key: null };
  expect(selectsRecord({ key: new Uint8Array(0) }, keyless)).toBeFalse();
  expect(selectsRecord({ keyPrefix: new Uint8Array(0) }, keyless)).toBeFalse();
  expect(
    selectsRecord({ key: new Uint8Array(0) }, { ...record, key: new Uint8Array(0) }),
  ).toBeTrue();
});

test("partitions are chosen by topic and number", () => {
  const found = { topic: "orders", partition: 2, source: { kind: "own", directory: "" } } as const;
  expect(selectsPartition({}, found)).toBeTrue();
  expect(selectsPartition({ topics: ["clicks", "orders"], partitions: [2] }, found)).toBeTrue();
  expect(selectsPartition({ topics: ["clicks"] }, found)).toBeFalse();
  expect(selectsPartition({ partitions: [0, 1] }, found)).toBeFalse();
});

test("offsets alone do not ask what is in a record", () => {
  expect(selectsByContent({ fromOffset: 1, toOffset: 2, last: 3 })).toBeFalse();
  expect(selectsByContent({ toTime: 1 })).toBeTrue();
  expect(selectsByContent({ keyPrefix: textBytes("u") })).toBeTrue();
});
