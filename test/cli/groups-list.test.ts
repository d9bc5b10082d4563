import { expect, test } from "bun:test";
import { call } from "../support/call.ts";
import { GroupWorld } from "../support/group-world.ts";
import { TestServer } from "../support/server.ts";

test("every group is a line with its state, members and lag", async () => {
  await using world = await GroupWorld.open();
  await world.commit("done", [10, 20, 0]);
  await world.join("busy");
  expect(await world.call("groups", "list")).toEqual({
    code: 0,
    out:
      "group    state   protocol  members      lag\n" +
      "busy     Stable  consumer        1  unknown\n" +
      "done     Empty   none            0        0\n" +
      "readers  Empty   none            0        6\n",
    error: "",
  });
});

test("for a script it is one list", async () => {
  await using world = await GroupWorld.open();
  const { out } = await world.call("groups", "list", "--json");
  expect(JSON.parse(out)).toEqual([
    { group: "readers", state: "Empty", type: "classic", protocolType: "", members: 0, lag: 6 },
  ]);
});

test("a topic that is gone leaves no lag behind it", async () => {
  await using world = await GroupWorld.open();
  await world.inner.admin.createTopics([{ name: "logs" }]);
  const gone = [{ topic: "logs", partition: 0, offset: 0 }];
  await world.inner.admin.alterOffsets("readers", gone);
  await world.inner.admin.deleteTopics(["logs"]);
  expect(JSON.parse((await world.call("groups", "list", "--json")).out)).toMatchObject([
    { group: "readers", lag: 6 },
  ]);
});

test("records that were given up are no lag", async () => {
  await using world = await GroupWorld.open();
  await world.inner.admin.deleteRecords([{ topic: "orders", partition: 0, beforeOffset: 9 }]);
  expect(JSON.parse((await world.call("groups", "list", "--json")).out)).toMatchObject([
    { group: "readers", lag: 1 },
  ]);
});

test("no groups are no failure", async () => {
  await using server = await TestServer.start();
  const args = ["groups", "list", "--data", server.data];
  expect(await call(args)).toEqual({ code: 0, out: "no groups yet\n", error: "" });
  expect((await call([...args, "--json"])).out).toBe("[]\n");
});
