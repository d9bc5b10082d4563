import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { AbortedTransactions } from "../../../src/client/kafka/aborted-transactions.ts";
import { attribute, type BatchHeader } from "../../../src/record/batch.ts";
import { bytesOf } from "../../support/hex.ts";

const batch = (producerId: number, first: number, attributes: number = attribute.transactional) =>
  ({
    baseOffset: offset(first),
    lastOffsetDelta: 1,
    producerId,
    attributes,
  }) as BatchHeader;

test("batches of an aborted transaction are covered from its first offset to its marker", () => {
  const aborted = new AbortedTransactions([
    { producerId: 2, firstOffset: 14 },
    { producerId: 1, firstOffset: 12 },
  ]);
  expect(aborted.covers(batch(1, 10))).toBe(false);
  expect(aborted.covers(batch(1, 12))).toBe(true);
  expect(aborted.covers(batch(2, 14))).toBe(true);
  expect(aborted.covers(batch(3, 16))).toBe(false);
  expect(aborted.covers(batch(1, 18, 0))).toBe(false);
  aborted.marker(batch(1, 20), bytesOf("0000 0000"));
  expect(aborted.covers(batch(1, 22))).toBe(false);
  expect(aborted.covers(batch(2, 24))).toBe(true);
});

test("a marker that commits, or one without a key, ends nothing", () => {
  const aborted = new AbortedTransactions([{ producerId: 1, firstOffset: 0 }]);
  expect(aborted.covers(batch(1, 0))).toBe(true);
  aborted.marker(batch(1, 2), bytesOf("0000 0001"));
  aborted.marker(batch(1, 3), null);
  expect(aborted.covers(batch(1, 4))).toBe(true);
});
