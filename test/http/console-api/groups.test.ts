import { expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";

test("groups come with their members and their lag", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t", 2);
  await world.v3("POST", "/topics/t/records", { partition_id: 1, value: { data: null } });
  await world.commit("g", "t", 1, 0);
  const memberId = await world.member("g", "t", 1);
  const { body } = await world.ask("GET", "/console/api/groups");
  const row = { group_id: "g", state: "Stable", protocol: "range", members: 1, partitions: 1 };
  expect(body).toMatchObject({ total: 1, found: 1, groups: [{ ...row, lag: 1 }] });
  const one = await world.ask("GET", "/console/api/groups/g");
  expect(one.body).toMatchObject({
    members: [
      { member_id: memberId, host: "127.0.0.1", assignment: [{ topic: "t", partitions: [1] }] },
    ],
    topics: ["t"],
    partitions: 1,
    unread: 0,
    rows: [
      { topic: "t", partition: 1, committed: 0, start: 0, end: 1, lag: 1, member_id: memberId },
    ],
  });
  expect((await world.ask("GET", "/console/api/groups/none")).status).toBe(404);
});

test("a group is told what nobody reads, and what it has committed of no record", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t", 2);
  await world.commit("g", "t", 0, 0);
  await world.commit("g", "t", 1, 7);
  const alone = await world.ask("GET", "/console/api/groups/g");
  expect(alone.body).toMatchObject({ partitions: 2, unread: 0, misplaced: 1 });
  await world.member("g", "t", 1);
  const led = await world.ask("GET", "/console/api/groups/g?order=committed&down=true&limit=1");
  expect(led.body).toMatchObject({ unread: 1, found: 2, rows: [{ partition: 1, committed: 7 }] });
});
