import { describe, expect, test } from "bun:test";
import { callTyping } from "../support/call.ts";
import { GroupWorld } from "../support/group-world.ts";

const groupsOf = async ({ inner }: GroupWorld): Promise<string[]> =>
  (await inner.admin.listGroups()).map(({ groupId }) => groupId);

describe("with --yes", () => {
  test("groups are removed, and named", async () => {
    await using world = await GroupWorld.open();
    await world.commit("done", [1]);
    await world.commit("other", [1]);
    expect(await world.call("groups", "delete", "readers", "done", "--yes")).toEqual({
      code: 0,
      out: "deleted readers\ndeleted done\n",
      error: "",
    });
    expect(await groupsOf(world)).toEqual(["other"]);
  });

  test("for a script", async () => {
    await using world = await GroupWorld.open();
    const { out } = await world.call("groups", "delete", "readers", "--yes", "--json");
    expect(out).toBe('{"deleted":["readers"]}\n');
  });

  test("none is removed if one of them is not there", async () => {
    await using world = await GroupWorld.open();
    expect(await world.call("groups", "delete", "readers", "ghosts", "--yes")).toEqual({
      code: 1,
      out: "",
      error: 'obelisk groups delete: there is no group "ghosts"\n',
    });
    expect(await groupsOf(world)).toEqual(["readers"]);
  });

  test("one with members stays, and the others go", async () => {
    await using world = await GroupWorld.open();
    await world.join("busy");
    const { code, out, error } = await world.call("groups", "delete", "busy", "readers", "--yes");
    expect([code, out]).toEqual([1, "deleted readers\n"]);
    expect(error).toStartWith("obelisk groups delete: deleting group busy: ");
    expect(error).toEndWith("(NON_EMPTY_GROUP)\n");
    expect(await groupsOf(world)).toEqual(["busy"]);
  });
});

describe("on a terminal", () => {
  const question = "readers is Empty with 0 members. Type its name to delete it for good: ";

  test("the name is asked for", async () => {
    await using world = await GroupWorld.open();
    const args = ["groups", "delete", "readers", "--data", world.data];
    expect(await callTyping(args, "readers\n")).toEqual({
      code: 0,
      out: "deleted readers\n",
      error: question,
    });
  });

  test("another name removes nothing", async () => {
    await using world = await GroupWorld.open();
    const args = ["groups", "delete", "readers", "--data", world.data];
    const { code, error } = await callTyping(args, "y\n");
    expect(error).toBe(
      `${question}obelisk groups delete: nothing was deleted: "y" is not readers\n`,
    );
    expect(code).toBe(1);
    expect(await groupsOf(world)).toEqual(["readers"]);
  });
});

test("without a terminal and without --yes nothing is removed", async () => {
  await using world = await GroupWorld.open();
  const { code, error } = await world.call("groups", "delete", "readers");
  expect(error).toContain("say --yes if it is meant");
  expect(code).toBe(2);
  expect(await groupsOf(world)).toEqual(["readers"]);
});
