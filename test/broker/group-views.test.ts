import { expect, test } from "bun:test";
import { describeMissing } from "../../src/broker/group-views.ts";
import { caller, GroupsWorld, subscription } from "./groups-world.ts";

test("a stable group is described with what its members offer and have", async () => {
  const world = await GroupsWorld.open();
  const { memberId } = await world.stable("g");
  expect(await world.groups.describeGroups(["g"], caller(6))).toEqual([
    {
      errorCode: "NONE",
      errorMessage: null,
      groupId: "g",
      groupState: "Stable",
      protocolType: "consumer",
      protocolData: "range",
      members: [
        {
          memberId,
          groupInstanceId: null,
          clientId: "app",
          clientHost: "/127.0.0.1",
          memberMetadata: subscription("t"),
          memberAssignment: new TextEncoder().encode(memberId),
        },
      ],
    },
  ]);
});

test("of a group that rebalances only the members are described", async () => {
  const world = await GroupsWorld.open();
  const joining = world.join("g", { groupInstanceId: "i" });
  const [group] = await world.groups.describeGroups(["g"], caller(5));
  expect(group).toMatchObject({
    groupState: "PreparingRebalance",
    protocolType: "consumer",
    protocolData: "",
    members: [{ groupInstanceId: "i", memberMetadata: new Uint8Array() }],
  });
  await world.groups.close();
  await joining;
});

test("a group that is not there is dead, and an error from version 6 on", () => {
  expect(describeMissing("g", 5)).toMatchObject({ errorCode: "NONE", groupState: "Dead" });
  expect(describeMissing("g", 6)).toMatchObject({
    errorCode: "GROUP_ID_NOT_FOUND",
    groupState: "Dead",
    groupId: "g",
  });
});

test("groups are listed by state and type, in any case, sorted", async () => {
  const world = await GroupsWorld.open();
  await world.stable("stable");
  void world.commit("empty", { "t 0": 1 });
  void world.join("joining");
  await world.settle();
  const listed = async (statesFilter: string[], typesFilter: string[] = []): Promise<string[]> => {
    const { groups } = await world.groups.listGroups({ statesFilter, typesFilter });
    return groups.map(({ groupId, protocolType, groupState, groupType }) =>
      [groupId, protocolType, groupState, groupType].join(" "),
    );
  };
  const empty = "empty  Empty classic";
  const joining = "joining consumer PreparingRebalance classic";
  const stable = "stable consumer Stable classic";
  expect(await listed([])).toEqual([empty, joining, stable]);
  expect(await listed([" STABLE", "empty"])).toEqual([empty, stable]);
  expect(await listed(["Dead"])).toEqual([]);
  expect(await listed([], ["Classic"])).toEqual([empty, joining, stable]);
  expect(await listed([], ["consumer"])).toEqual([]);
  await world.groups.close();
});
