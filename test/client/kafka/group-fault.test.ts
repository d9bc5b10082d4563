import { expect, test } from "bun:test";
import { ClientError, type ClientErrorCode } from "../../../src/client/kafka/client-error.ts";
import { groupFault, type GroupFault } from "../../../src/client/kafka/group-fault.ts";

const rows: readonly (readonly [ClientErrorCode, GroupFault])[] = [
  ["NOT_COORDINATOR", "coordinator"],
  ["COORDINATOR_NOT_AVAILABLE", "coordinator"],
  ["NETWORK", "coordinator"],
  ["TIMED_OUT", "coordinator"],
  ["COORDINATOR_LOAD_IN_PROGRESS", "again"],
  ["OVERLOADED", "again"],
  ["REBALANCE_IN_PROGRESS", "rejoin"],
  ["ILLEGAL_GENERATION", "generation"],
  ["UNKNOWN_MEMBER_ID", "member"],
  ["FENCED_INSTANCE_ID", "final"],
  ["INCONSISTENT_GROUP_PROTOCOL", "final"],
  ["GROUP_AUTHORIZATION_FAILED", "final"],
  ["GROUP_MAX_SIZE_REACHED", "final"],
  ["INVALID_SESSION_TIMEOUT", "final"],
  ["UNSUPPORTED", "final"],
];

test.each(rows)("%s means: %s", (code, fault) => {
  expect(groupFault(new ClientError(code, "said a test"))).toBe(fault);
});

test("what is no client error is told to the program", () => {
  expect(groupFault(new Error("a mistake"))).toBe("final");
});
