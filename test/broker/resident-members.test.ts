import { expect, test } from "bun:test";
import { ResidentMembers } from "../../src/broker/resident-members.ts";
import { HttpWorld } from "../support/http-world.ts";
import { ownerOf } from "./member-owner.ts";

test("all members leave, and are counted no more", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t", 2);
  const { broker, groups } = world;
  const members = new ResidentMembers({ broker, groups, clock: world.base.clock });
  const some = [members.join(ownerOf("g", "t")), members.join(ownerOf("h", "t"))];
  await world.movingUntil(() => some.every(({ assignment }) => assignment?.length === 2));
  expect(members.count).toBe(2);
  await world.moving(members.close());
  expect(members.count).toBe(0);
  const described = await groups.describeGroups(["g", "h"], {
    apiVersion: 5,
    clientId: "",
    clientHost: "",
  });
  expect(described.map(({ groupState }) => groupState)).toEqual(["Empty", "Empty"]);
});
