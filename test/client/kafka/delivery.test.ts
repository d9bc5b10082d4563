import { expect, test } from "bun:test";
import { DeliveryError } from "../../../src/client/kafka/delivery-error.ts";
import { Delivery, DeliveryGroup } from "../../../src/client/kafka/delivery.ts";
import type { EncodedRecord } from "../../../src/client/kafka/producer-record.ts";

const record: EncodedRecord = {
  topic: "orders",
  partition: 0,
  timestamp: 1,
  key: null,
  value: null,
  bytes: 10,
};
const failure = (message: string): DeliveryError =>
  new DeliveryError("INVALID", message, { topic: "orders", partition: 0, mayBeStored: false });

test("one record ends with its place", () => {
  const ends: unknown[] = [];
  const group = new DeliveryGroup();
  const delivery = new Delivery([record], 0, group, (...end) => ends.push(end));
  delivery.delivered(1, "orders", 2, 40, 99);
  expect(ends).toEqual([[null, { topic: "orders", partition: 2, offset: 40, timestamp: 99 }]]);
});

test("several end with the last of them, and with the first error", () => {
  const ends: unknown[] = [];
  const group = new DeliveryGroup();
  const records = [record, record, record];
  const delivery = new Delivery(records, 0, group, (error) => ends.push(error?.message));
  delivery.failed(1, 1, failure("bad"));
  delivery.failed(1, 0, failure("worse"));
  expect(ends).toEqual([]);
  delivery.delivered(1, "orders", 0, 0, 0);
  expect(ends).toEqual(["record 1: bad"]);
  expect(() => delivery.delivered(1, "orders", 0, 0, 0)).toThrow();
});

test("a group is over with the last of its calls, or at once if it has none", async () => {
  const group = new DeliveryGroup();
  await group.over();
  const deliveries = [1, 2].map(() => new Delivery([record], 0, group, () => {}));
  let isOver = false;
  const over = group.over().then(() => (isOver = true));
  deliveries[0]?.delivered(1, "orders", 0, 0, 0);
  await Promise.resolve();
  expect(isOver).toBe(false);
  deliveries[1]?.failed(1, 0, failure("bad"));
  await over;
});
