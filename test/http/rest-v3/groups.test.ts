import { describe, expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";

/** Topic `t` with records in two partitions, and group `g`, whose member reads the second. */
async function opened(): Promise<HttpWorld & { memberId?: string }> {
  const world = await HttpWorld.open();
  await world.topic("t", 2);
  for (const partition of [0, 1, 1, 1]) {
    const record = { partition_id: partition, value: { type: "STRING", data: "x" } };
    await world.v3("POST", "/topics/t/records", record);
  }
  await world.commit("g", "t", 0, 1);
  await world.commit("g", "t", 1, 1);
  return Object.assign(world, { memberId: await world.member("g", "t", 1) });
}

describe("a group", () => {
  test("is listed and shown", async () => {
    await using world = await opened();
    const group = {
      kind: "KafkaConsumerGroup",
      consumer_group_id: "g",
      is_simple: false,
      partition_assignor: "range",
      state: "STABLE",
    };
    expect((await world.v3("GET", "/consumer-groups")).body).toMatchObject({ data: [group] });
    expect((await world.v3("GET", "/consumer-groups/g")).body).toMatchObject(group);
  });

  test("that only commits has no members, and is simple", async () => {
    await using world = await opened();
    await world.commit("s", "t", 0, 0);
    const { body } = await world.v3("GET", "/consumer-groups/s");
    expect(body).toMatchObject({ is_simple: true, state: "EMPTY", partition_assignor: "" });
    expect((await world.v3("GET", "/consumer-groups/s/consumers")).body).toMatchObject({
      data: [],
    });
  });

  test("may have any name", async () => {
    await using world = await opened();
    const name = "a/b é?%";
    await world.commit(name, "t", 0, 0);
    const path = `/consumer-groups/${encodeURIComponent(name)}`;
    const { body } = await world.v3("GET", path);
    expect(body).toMatchObject({ consumer_group_id: name });
    const { self } = (body as { readonly metadata: { readonly self: string } }).metadata;
    expect((await world.ask("GET", self.slice(world.url.length))).body).toEqual(body);
  });

  test("is deleted unless it has members", async () => {
    await using world = await opened();
    await world.commit("s", "t", 0, 0);
    expect((await world.moving(world.v3("DELETE", "/consumer-groups/s"))).status).toBe(204);
    expect((await world.v3("DELETE", "/consumer-groups/s")).status).toBe(404);
    expect((await world.v3("DELETE", "/consumer-groups/g")).status).toBe(409);
  });
});

test("members are shown with what they read", async () => {
  await using world = await opened();
  const { memberId } = world;
  const member = {
    consumer_group_id: "g",
    consumer_id: memberId,
    instance_id: "instance",
    client_id: "app",
  };
  const at = "/consumer-groups/g/consumers";
  expect((await world.v3("GET", at)).body).toMatchObject({ data: [member] });
  expect((await world.v3("GET", `${at}/${memberId}`)).body).toMatchObject(member);
  const assigned = { consumer_id: memberId, topic_name: "t", partition_id: 1 };
  const { body } = await world.v3("GET", `${at}/${memberId}/assignments`);
  expect(body).toMatchObject({ data: [assigned] });
});

describe("lag", () => {
  test("is told partition by partition", async () => {
    await using world = await opened();
    const second = {
      topic_name: "t",
      partition_id: 1,
      current_offset: 1,
      log_end_offset: 3,
      lag: 2,
      consumer_id: world.memberId,
      instance_id: "instance",
      client_id: "app",
    };
    const { body } = await world.v3("GET", "/consumer-groups/g/lags");
    const first = { partition_id: 0, lag: 0, lag_seconds: 0, consumer_id: "", client_id: "" };
    expect(body).toMatchObject({ data: [first, second] });
    const one = await world.v3("GET", "/consumer-groups/g/lags/t/partitions/1");
    expect(one.body).toMatchObject(second);
  });

  test("and in all, and where it is largest", async () => {
    await using world = await opened();
    await world.commit("s", "t", 0, 0);
    await world.commit("s", "t", 1, 0);
    world.base.clock.advance(10_000);
    const { body } = await world.v3("GET", "/consumer-groups/s/lag-summary");
    expect(body).toMatchObject({
      max_lag: 3,
      total_lag: 4,
      max_lag_topic_name: "t",
      max_lag_partition_id: 1,
      max_lag_consumer_id: "",
    });
    expect((body as { readonly max_lag_seconds: number }).max_lag_seconds).toBeGreaterThan(10);
  });
});

test.each([
  "/consumer-groups/none",
  "/consumer-groups/none/consumers",
  "/consumer-groups/none/lags",
  "/consumer-groups/none/lag-summary",
  "/consumer-groups/none/lags/t/partitions/0",
  "/consumer-groups/g/consumers/none",
  "/consumer-groups/g/consumers/none/assignments",
  "/consumer-groups/g/lags/none/partitions/0",
  "/consumer-groups/g/lags/t/partitions/2",
  "/consumer-groups/g/lags/t/partitions/x",
])("%s is not there", async (path) => {
  await using world = await opened();
  expect((await world.v3("GET", path)).status).toBe(404);
});
