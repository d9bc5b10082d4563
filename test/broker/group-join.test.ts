/** What a stable group answers to who joins, by version. The stories are in `group.test.ts`. */
import { expect, test } from "bun:test";
import { subscription } from "./groups-world.ts";
import { join, stableGroup, step } from "./stable-group.ts";

test("from version 4 on a new member is given an id first", () => {
  const group = stableGroup();
  expect(join(group, {}, 4)).toMatchObject({ errorCode: "MEMBER_ID_REQUIRED", memberId: "new" });
  expect(group.state).toBe("Stable");
  expect(join(group, { memberId: "new" }, 4)).toBeUndefined();
  expect(group.state).toBe("PreparingRebalance");
});

test("before version 4 it is a member at once", () => {
  const group = stableGroup();
  expect(join(group, {}, 3)).toBeUndefined();
  expect(group.state).toBe("PreparingRebalance");
});

test("a follower with nothing new is told where the group is; only the leader is told who is in", () => {
  const group = stableGroup();
  expect(join(group, { memberId: "follower" })).toEqual({
    errorCode: "NONE",
    generationId: 3,
    protocolType: "consumer",
    protocolName: "range",
    leader: "leader",
    skipAssignment: false,
    memberId: "follower",
    members: [],
  });
  expect(group.state).toBe("Stable");
});

test.each([
  ["a follower with something new", { memberId: "follower", metadata: subscription("u") }],
  ["the leader, with nothing new", { memberId: "leader" }],
  ["a new static member", { groupInstanceId: "j" }],
])("%s begins a rebalance", (_, more) => {
  const group = stableGroup();
  expect(join(group, more)).toBeUndefined();
  expect(group.state).toBe("PreparingRebalance");
});

test.each([
  ["a stranger", { memberId: "stranger" }, "UNKNOWN_MEMBER_ID"],
  [
    "a member under an instance id that is not there",
    { memberId: "follower", groupInstanceId: "j" },
    "UNKNOWN_MEMBER_ID",
  ],
  [
    "a member under another's instance id",
    { memberId: "follower", groupInstanceId: "i" },
    "FENCED_INSTANCE_ID",
  ],
] as const)("%s is refused", (_, more, expected) => {
  const group = stableGroup();
  expect(join(group, more)).toMatchObject({ errorCode: expected, memberId: more.memberId });
  expect(group.state).toBe("Stable");
});

test("a static follower comes back in place of itself", () => {
  const group = stableGroup();
  expect(join(group, { groupInstanceId: "i" })).toMatchObject({
    errorCode: "NONE",
    generationId: 3,
    memberId: "new",
    leader: "leader",
    skipAssignment: false,
    members: [],
  });
  expect(group.row().members.map(({ memberId }) => memberId)).toEqual([
    "leader",
    "follower",
    "new",
  ]);
  expect(group.row().members.at(-1)?.assignment).toEqual(new TextEncoder().encode("static"));
});

test("what a static member reads when it is back, its group reads", () => {
  const group = stableGroup();
  expect(group.subscribedTopics).toEqual(new Set(["t"]));
  join(group, { groupInstanceId: "i", metadata: subscription("u") });
  expect(group.state).toBe("Stable");
  expect(group.subscribedTopics).toEqual(new Set(["t", "u"]));
});

test.each([
  [9, { leader: "new", skipAssignment: true }, 3],
  [8, { leader: "static", skipAssignment: false }, 0],
])(
  "a static leader that is back must not assign anew, in version %d",
  (version, reply, members) => {
    const group = stableGroup({ leader: "static" });
    const joined = join(group, { groupInstanceId: "i" }, version);
    expect(joined).toMatchObject({ memberId: "new", ...reply });
    expect(joined?.members).toHaveLength(members);
  },
);

test("a dead group sends its members to look for another coordinator", () => {
  const group = stableGroup();
  step(group, { kind: "closed" });
  expect(join(group, { memberId: "follower" })?.errorCode).toBe("COORDINATOR_NOT_AVAILABLE");
});
