import { expect, test } from "bun:test";
import { knownGroups, membersText } from "../../src/cli/known-groups.ts";
import { Admin } from "../../src/client/kafka/admin.ts";
import { errors } from "../../src/kafka/errors.ts";
import { FakeAdminWorld } from "../support/admin-world.ts";
import { GroupWorld } from "../support/group-world.ts";

test("groups that are there come in the order of their ids as given", async () => {
  await using world = await GroupWorld.open();
  await world.commit("done", [1]);
  const found = await knownGroups(world.inner.admin, ["readers", "done"]);
  expect(found.map(({ groupId }) => groupId)).toEqual(["readers", "done"]);
});

test("one that is not there is told by its id, as nothing that a terminal would obey", async () => {
  await using world = await GroupWorld.open();
  await expect(knownGroups(world.inner.admin, ["readers", "gh\x1bosts"])).rejects.toMatchObject({
    code: "GROUP_ID_NOT_FOUND",
    message: 'there is no group "gh\\u001bosts"',
  });
});

test("one that is listed and not described is there, with members unknown", async () => {
  await using world = await FakeAdminWorld.open();
  const { code: errorCode } = errors.GROUP_ID_NOT_FOUND;
  for (const broker of [world.one, world.two]) {
    broker.on("DescribeGroups", ({ groups }) => ({
      groups: groups.map((groupId) => ({ groupId, errorCode })),
    }));
    const groups = [{ groupId: "modern", protocolType: "consumer", groupState: "Stable" }];
    broker.on("ListGroups", () => ({ groups: broker === world.two ? groups : [] }));
  }
  const admin = await Admin.open({ cluster: world.cluster });
  const [found] = await world.done(knownGroups(admin, ["modern"]));
  expect(found).toMatchObject({ groupId: "modern", state: "Stable", members: null });
  expect(found && membersText(found)).toBe("members unknown");
});
