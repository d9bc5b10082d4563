import { expect, test } from "bun:test";
import { consoleLagMs } from "../../../src/limits.ts";
import { HttpWorld } from "../../support/http-world.ts";

test("the broker is counted at most once in a while, whoever asks", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t", 2);
  const value = { value: { type: "STRING", data: "x" } };
  await world.v3("POST", "/topics/t/records", value);
  await world.commit("g", "t", 0, 0);
  const { body } = await world.ask("GET", "/console/api/live");
  expect(body).toMatchObject({ topics: 1, partitions: 2, records: 1, groups: 1 });
  expect(body).toMatchObject({ connections: [{ door: "kafka", open: 3 }], sent_bytes: 2_000 });
  await world.v3("POST", "/topics/t/records", value);
  expect((await world.ask("GET", "/console/api/live")).body).toEqual(body);
  world.base.clock.advance(consoleLagMs);
  expect((await world.ask("GET", "/console/api/live")).body).toMatchObject({ records: 2 });
});
