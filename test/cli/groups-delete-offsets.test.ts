import { describe, expect, test } from "bun:test";
import { callTyping } from "../support/call.ts";
import { GroupWorld } from "../support/group-world.ts";

describe("what a group has committed is forgotten", () => {
  test("for a topic", async () => {
    await using world = await GroupWorld.open();
    const args = ["groups", "delete-offsets", "readers", "-t", "orders", "--yes"];
    expect(await world.call(...args)).toEqual({
      code: 0,
      out: "forgot orders/0\nforgot orders/1\n",
      error: "",
    });
    expect(await world.committed("readers")).toEqual({});
  });

  test("for a partition, and for a script", async () => {
    await using world = await GroupWorld.open();
    const args = ["groups", "delete-offsets", "readers", "-t", "orders:1", "--yes", "--json"];
    expect(JSON.parse((await world.call(...args)).out)).toEqual({
      group: "readers",
      deleted: [{ topic: "orders", partition: 1 }],
    });
    expect(await world.committed("readers")).toEqual({ "orders/0": 4 });
  });

  test("once the group's name was typed", async () => {
    await using world = await GroupWorld.open();
    const args = ["groups", "delete-offsets", "readers", "-t", "orders", "--data", world.data];
    const { code, error } = await callTyping(args, "readers\n");
    expect(error).toBe(
      "readers has 2 committed offsets there. Type its name to have it forget them: ",
    );
    expect(code).toBe(0);
    expect(await world.committed("readers")).toEqual({});
  });
});

describe("nothing is forgotten", () => {
  test.each([
    ["where nothing is committed", ["readers", "-t", "logs"], 1, "group readers has committed not"],
    ["of a group that is not there", ["ghosts", "-t", "orders"], 1, 'there is no group "ghosts"'],
    ["without a topic", ["readers"], 2, "--topic is needed: what to forget."],
  ])("%s", async (_, args, code, error) => {
    await using world = await GroupWorld.open();
    const called = await world.call("groups", "delete-offsets", ...args, "--yes");
    expect(called.error).toStartWith(`obelisk groups delete-offsets: ${error}`);
    expect([called.code, called.out]).toEqual([code, ""]);
    expect(await world.committed("readers")).toEqual({ "orders/0": 4, "orders/1": 20 });
  });

  test("of a topic that members read", async () => {
    await using world = await GroupWorld.open();
    await world.join("readers");
    const args = ["groups", "delete-offsets", "readers", "-t", "orders:0", "--yes"];
    const { code, error } = await world.call(...args);
    expect(error).toEndWith("(GROUP_SUBSCRIBED_TO_TOPIC)\n");
    expect(code).toBe(1);
    expect(await world.committed("readers")).toEqual({ "orders/0": 4, "orders/1": 20 });
  });

  test("without a terminal to ask on", async () => {
    await using world = await GroupWorld.open();
    const { code } = await world.call("groups", "delete-offsets", "readers", "-t", "orders");
    expect(code).toBe(2);
    expect(await world.committed("readers")).toEqual({ "orders/0": 4, "orders/1": 20 });
  });
});
