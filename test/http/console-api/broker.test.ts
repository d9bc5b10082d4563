import { expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";

test("the broker tells its doors, its directory and its configuration", async () => {
  await using world = await HttpWorld.open();
  await world.topic("t", 2);
  const { body } = await world.ask("GET", "/console/api/broker");
  expect(body).toMatchObject({
    version: "1.2.3",
    process_id: 4711,
    doors: [{ name: "kafka", open: 3 }],
    network: { accepted: 10, refused: 1, cut: 2 },
    directories: [{ path: "/var/lib/obelisk", partitions: 2, topics: [{ name: "t" }] }],
  });
  const { configs } = body as { configs: { name: string; source: string }[] };
  expect(configs.map(({ name }) => name)).toContain("delete.topic.enable");
});
