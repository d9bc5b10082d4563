import { expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";

test.each([
  ["/topics/-/partitions/-/reassignment", 200],
  ["/topics/t/partitions/-/reassignment", 200],
  ["/topics/none/partitions/-/reassignment", 404],
  ["/topics/t/partitions/0/reassignment", 404],
  ["/topics/t/partitions/1/reassignment", 404],
  ["/acls", 400],
])("%s", async (path, status) => {
  await using world = await HttpWorld.open();
  await world.topic("t");
  const answered = await world.v3("GET", path);
  expect(answered.status).toBe(status);
  if (status === 200) expect(answered.body).toMatchObject({ data: [], metadata: { next: null } });
});
