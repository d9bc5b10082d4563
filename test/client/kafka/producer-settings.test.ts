import { expect, test } from "bun:test";
import { partitionByKey } from "../../../src/client/kafka/partitioner.ts";
import {
  type ProducerSettingOptions,
  producerSettings,
} from "../../../src/client/kafka/producer-settings.ts";

test("by default records are safe", () => {
  expect(producerSettings({})).toMatchObject({
    acks: "all",
    idempotent: true,
    compression: "none",
    lingerMs: 0,
    maxInFlight: 5,
    partitioner: partitionByKey,
  });
});

test("who asks for less than all acknowledgements gets no numbers", () => {
  expect(producerSettings({ acks: 1 }).idempotent).toBe(false);
  expect(producerSettings({ acks: 1, maxInFlight: 50 }).maxInFlight).toBe(50);
  expect(() => producerSettings({ acks: 0, idempotent: true })).toThrow("idempotent");
  expect(() => producerSettings({ maxInFlight: 6 })).toThrow("from 1 to 5");
});

test("pauses are no shorter at the end than at the beginning", () => {
  expect(producerSettings({ retryBackoffMs: 9000 }).backoff).toEqual({
    firstMs: 9000,
    longestMs: 9000,
  });
});

test("a partitioner can be called, whatever a program without types gives", () => {
  const options = { partitioner: "key" } as unknown as ProducerSettingOptions;
  expect(() => producerSettings(options)).toThrow(expect.objectContaining({ code: "INVALID" }));
});
