/** What a group answers to those who ask for their assignment. Stories are in `group.test.ts`. */
import { expect, test } from "bun:test";
import { join, stableGroup, step, sync } from "./stable-group.ts";

test("a stable group tells each member what it has", () => {
  const group = stableGroup();
  for (const memberId of ["leader", "follower", "static"]) {
    expect(sync(group, memberId)).toEqual({
      errorCode: "NONE",
      protocolType: "consumer",
      protocolName: "range",
      assignment: new TextEncoder().encode(memberId),
    });
  }
});

test.each([
  ["a stranger", "stranger", {}, "UNKNOWN_MEMBER_ID"],
  ["a member of another generation", "follower", { generationId: 2 }, "ILLEGAL_GENERATION"],
  [
    "one that speaks another protocol",
    "follower",
    { protocolName: "x" },
    "INCONSISTENT_GROUP_PROTOCOL",
  ],
  ["one under another's instance id", "follower", { groupInstanceId: "i" }, "FENCED_INSTANCE_ID"],
] as const)("%s is refused", (_, memberId, more, expected) => {
  expect(sync(stableGroup(), memberId, more)).toEqual({
    errorCode: expected,
    protocolType: null,
    protocolName: null,
    assignment: new Uint8Array(),
  });
});

test("while members join there is nothing to be told", () => {
  const group = stableGroup();
  join(group, {}, 3);
  expect(sync(group, "follower")?.errorCode).toBe("REBALANCE_IN_PROGRESS");
});

test("an empty group has no members, and a dead one no answer", () => {
  expect(sync(stableGroup({ members: [] }), "follower")?.errorCode).toBe("UNKNOWN_MEMBER_ID");
  const group = stableGroup();
  step(group, { kind: "closed" });
  expect(sync(group, "follower")?.errorCode).toBe("COORDINATOR_NOT_AVAILABLE");
});
