/** Moving groups: each way to say where to, what is shown before, and what is refused. */
import { describe, expect, test } from "bun:test";
import type { ResetResult } from "../../../src/http/console-api/reset.ts";
import { HttpWorld } from "../../support/http-world.ts";

/** Topic `t` with records 0 to 9 in partition 0, a second apart; group `g` is at 4. */
async function opened(): Promise<HttpWorld> {
  const world = await HttpWorld.open();
  await world.topic("t", 2);
  for (let at = 0; at < 10; at++) {
    const record = { partition_id: 0, timestamp: 1_000 * at, value: { data: null } };
    await world.v3("POST", "/topics/t/records", record);
  }
  await world.commit("g", "t", 0, 4);
  return world;
}

const path = "/console/api/groups/g/reset";
const preview = async (world: HttpWorld, wish: object): Promise<ResetResult["moves"]> => {
  const { body } = await world.ask("POST", path, { body: { preview: true, ...wish } });
  return (body as ResetResult).moves;
};

describe("a group is moved", () => {
  const wishes = [
    [{ to: "earliest" }, 0, 0],
    [{ to: "latest" }, 10, 10],
    [{ to: "offset", value: "7" }, 7, 7],
    [{ to: "offset", value: "700" }, 10, 700],
    [{ to: "shift", value: "-3" }, 1, 1],
    [{ to: "shift", value: "-30" }, 0, -26],
    [{ to: "shift", value: "+2" }, 6, 6],
    [{ to: "time", value: "5500" }, 6, 6],
    [{ to: "time", value: "1970-01-01T00:00:05Z" }, 5, 5],
    [{ to: "time", value: "2999-01-01T00:00:00Z" }, 10, 10],
  ] as const;
  for (const [wish, after, wanted] of wishes) {
    test(`to ${Object.values(wish).join(" ")}`, async () => {
      await using world = await opened();
      const moves = [{ topic: "t", partition: 0, before: 4, after, wanted, start: 0, end: 10 }];
      expect(await preview(world, wish)).toEqual(moves);
    });
  }

  test("only when it is no preview", async () => {
    await using world = await opened();
    const committed = async () => (await preview(world, { to: "earliest" }))[0]?.before;
    await preview(world, { to: "latest" });
    expect(await committed()).toBe(4);
    const asked = world.ask("POST", path, { body: { to: "latest", preview: false } });
    expect((await world.moving(asked)).body).toMatchObject({ is_done: true });
    expect(await committed()).toBe(10);
  });

  test("also in partitions in which it was not", async () => {
    await using world = await opened();
    const moves = await preview(world, { to: "latest", topics: [{ topic: "t" }] });
    expect(moves.map(({ partition, before }) => [partition, before])).toEqual([
      [0, 4],
      [1, null],
    ]);
    const some = { to: "latest", topics: [{ topic: "t", partitions: [1] }] };
    expect(await preview(world, some)).toHaveLength(1);
  });
});

describe("a group is not moved", () => {
  const status = async (world: HttpWorld, wish: object): Promise<number> => {
    const { status: answered } = await world.ask("POST", path, {
      body: { preview: true, ...wish },
    });
    return answered;
  };

  test("while it has members", async () => {
    await using world = await opened();
    await world.member("g", "t", 0);
    expect(await status(world, { to: "latest" })).toBe(409);
    expect(await status(world, { to: "latest", preview: false })).toBe(409);
  });

  test("to what is no place", async () => {
    await using world = await opened();
    expect(await status(world, { to: "offset" })).toBe(422);
    expect(await status(world, { to: "offset", value: "-1" })).toBe(422);
    expect(await status(world, { to: "shift", value: "far" })).toBe(422);
    expect(await status(world, { to: "time", value: "noon" })).toBe(422);
    expect(await status(world, { to: "nowhere" })).toBe(422);
    expect(await status(world, { to: "latest", topics: [{ topic: "none" }] })).toBe(404);
    const beyond = [{ topic: "t", partitions: [2] }];
    expect(await status(world, { to: "latest", topics: beyond })).toBe(404);
  });

  test("if it is not there", async () => {
    await using world = await opened();
    const body = { to: "latest", preview: true };
    expect((await world.ask("POST", "/console/api/groups/none/reset", { body })).status).toBe(404);
  });
});
