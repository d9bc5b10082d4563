import { expect, test } from "bun:test";
import { Refusal } from "../../../src/base/refusal.ts";
import * as errors from "../../../src/http/rest-v2/errors.ts";

test.each([
  [errors.topicNotFound, 404, 40401, "Topic not found."],
  [errors.partitionNotFound, 404, 40402, "Partition not found."],
  [errors.consumerNotFound, 404, 40403, "Consumer instance not found."],
  [errors.alreadyExists, 409, 40902, "Consumer with specified consumer ID already exists"],
  [errors.formatMismatch, 406, 40601, "The requested embedded data format does not match"],
  [errors.illegalState("x"), 409, 40903, "Illegal state: x"],
  [errors.invalidConfig("x"), 422, 42204, "Invalid consumer configuration: x"],
  [errors.invalidConstraint("x"), 422, 40001, "Invalid consumer configuration. It does not"],
  [errors.consumerFault("x"), 500, 50002, "Kafka error: x"],
  [errors.groupFault("REBALANCE_IN_PROGRESS"), 500, 50003, "Kafka error: REBALANCE_IN_PROGRESS"],
  [errors.groupFault("UNKNOWN_MEMBER_ID"), 500, 50002, "Kafka error: UNKNOWN_MEMBER_ID"],
  [errors.refusedV2(new Refusal("UNKNOWN_TOPIC_OR_PARTITION", "x")), 404, 40401, "Topic not"],
  [errors.refusedV2(new Refusal("DISK_FULL", "x")), 507, 50003, "x"],
])("error %#", (error, status, errorCode, message) => {
  expect([error.status, error.errorCode]).toEqual([status, errorCode]);
  expect(error.message).toStartWith(message);
});

test("a record that may be stored later has another code than one that never will", () => {
  expect(errors.recordErrorCode(new Refusal("DISK_FULL", ""))).toBe(50003);
  expect(errors.recordErrorCode(new Refusal("MESSAGE_TOO_LARGE", ""))).toBe(50002);
});
