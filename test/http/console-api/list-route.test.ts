import { expect, test } from "bun:test";
import type { ListAnswer } from "../../../src/http/console-api/list-route.ts";
import type { TopicRow } from "../../../src/http/console-api/topics.ts";
import { HttpWorld } from "../../support/http-world.ts";

test("a list is answered in pieces, in the order that is asked for", async () => {
  await using world = await HttpWorld.open();
  for (const [name, count] of Object.entries({ "a.one": 1, "a.two": 3, "b.one": 2 })) {
    await world.topic(name, count);
  }
  const names = async (query: string) => {
    const { body } = await world.ask("GET", `/console/api/topics?${query}`);
    const { total, found, rows } = body as ListAnswer<TopicRow>;
    return [total, found, rows.map(({ name }) => name).join()];
  };
  expect(await names("order=partitions&down=true")).toEqual([3, 3, "a.two,b.one,a.one"]);
  expect(await names("from=1&limit=1")).toEqual([3, 3, "a.two"]);
  expect(await names("search=ONE%20a")).toEqual([3, 1, "a.one"]);
  expect(await names("limit=0")).toEqual([3, 3, ""]);
  const status = async (query: string) =>
    (await world.ask("GET", `/console/api/topics?${query}`)).status;
  expect(await status("limit=1001")).toBe(400);
  expect(await status("order=colour")).toBe(400);
});
