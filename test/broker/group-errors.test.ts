import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { storeErrorCode } from "../../src/broker/group-errors.ts";

test.each([
  ["DISK_FULL", "COORDINATOR_NOT_AVAILABLE"],
  ["SHUTTING_DOWN", "COORDINATOR_NOT_AVAILABLE"],
  ["KAFKA_STORAGE_ERROR", "KAFKA_STORAGE_ERROR"],
] as const)("a store that refuses with %s is answered with %s", (code, expected) => {
  expect(storeErrorCode(new Refusal(code, "why"))).toBe(expected);
});
