import { expect, test } from "bun:test";
import { allowedOperations } from "../../src/kafka/operations.ts";

/** The operations of a set of bits, by `AclOperation`'s codes. */
const codes = (bits: number): number[] =>
  Array.from({ length: 31 }, (_, code) => code).filter((code) => (bits & (1 << code)) !== 0);

test("without access control everything is allowed that there is for a resource", () => {
  // Kafka's AclEntry.supportedOperations.
  expect(codes(allowedOperations("topic", true))).toEqual([3, 4, 5, 6, 7, 8, 10, 11]);
  expect(codes(allowedOperations("group", true))).toEqual([3, 6, 8, 10, 11]);
  expect(codes(allowedOperations("cluster", true))).toEqual([5, 7, 8, 9, 10, 11, 12]);
});

test("who does not ask is told nothing, which is the smallest int32", () => {
  expect(allowedOperations("topic", false)).toBe(-2_147_483_648);
});
