import { describe, expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";

const create = async (world: HttpWorld, body: unknown) => await world.v3("POST", "/topics", body);

const codes = ({ status, body }: { readonly status: number; readonly body: unknown }) => [
  status,
  (body as { readonly error_code: number }).error_code,
];

describe("a topic", () => {
  test("is created, and where it is is told", async () => {
    await using world = await HttpWorld.open();
    const made = await create(world, {
      topic_name: "orders",
      partitions_count: 3,
      replication_factor: 1,
      configs: [{ name: "retention.ms", value: "60000" }],
    });
    const where = `${world.url}${world.in("/topics/orders")}`;
    expect([made.status, made.headers.get("location")]).toEqual([201, where]);
    expect(made.body).toEqual({
      kind: "KafkaTopic",
      metadata: { self: where, resource_name: `crn:///kafka=${world.clusterId}/topic=orders` },
      cluster_id: world.clusterId,
      topic_name: "orders",
      is_internal: false,
      replication_factor: 1,
      partitions_count: 3,
      partitions: { related: `${where}/partitions` },
      configs: { related: `${where}/configs` },
      partition_reassignments: { related: `${where}/partitions/-/reassignment` },
      authorized_operations: [],
    });
    expect(world.broker.topic("orders")?.config.raw).toEqual({ "retention.ms": "60000" });
    expect((await world.v3("GET", "/topics/orders")).body).toEqual(made.body);
  });

  test("has the broker's partitions if nobody says otherwise", async () => {
    await using world = await HttpWorld.open({ settings: { partitionCount: 4 } });
    const { body } = await create(world, { topic_name: "t" });
    expect(body).toMatchObject({ partitions_count: 4 });
  });

  test("may be assigned to the one broker, partition by partition", async () => {
    await using world = await HttpWorld.open();
    const here = (id: number) => ({ partition_id: id, broker_ids: [1] });
    const { status, body } = await create(world, {
      topic_name: "t",
      replicas_assignments: [here(1), here(0)],
    });
    expect([status, body]).toMatchObject([201, { partitions_count: 2 }]);
  });

  test("that is only validated is not created", async () => {
    await using world = await HttpWorld.open();
    const { status, body } = await create(world, {
      topic_name: "t",
      partitions_count: 2,
      validate_only: true,
    });
    expect([status, body]).toMatchObject([200, { topic_name: "t", partitions_count: 2 }]);
    expect(world.broker.topics()).toEqual([]);
  });

  test("gets more partitions, and not fewer", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 2);
    const grown = await world.v3("PATCH", "/topics/t", { partitions_count: 5 });
    expect([grown.status, grown.body]).toMatchObject([200, { partitions_count: 5 }]);
    const fewer = await world.v3("PATCH", "/topics/t", { partitions_count: 3 });
    expect(codes(fewer)).toEqual([400, 40002]);
  });

  test("is deleted, and gone", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const deleted = await world.moving(world.v3("DELETE", "/topics/t"));
    expect([deleted.status, deleted.text]).toEqual([204, ""]);
    for (const method of ["GET", "DELETE"]) {
      expect(codes(await world.v3(method, "/topics/t"))).toEqual([404, 40403]);
    }
  });

  test("tells what one may do with it to who asks", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const { body } = await world.v3("GET", "/topics/t?include_authorized_operations=true");
    expect(body).toMatchObject({ authorized_operations: expect.arrayContaining(["DELETE"]) });
  });
});

describe("a topic is refused", () => {
  const here = { partition_id: 0, broker_ids: [1] };
  test.each<[string, unknown, number, number]>([
    ["that is there", { topic_name: "there" }, 400, 40002],
    ["with a name that none may have", { topic_name: "a b" }, 400, 40002],
    ["without partitions", { topic_name: "t", partitions_count: 0 }, 400, 40002],
    ["with two replicas", { topic_name: "t", replication_factor: 2 }, 400, 40002],
    [
      "with an unknown configuration",
      { topic_name: "t", configs: [{ name: "x", value: "1" }] },
      400,
      40002,
    ],
    [
      "with a configuration without a value",
      { topic_name: "t", configs: [{ name: "retention.ms", value: null }] },
      400,
      40002,
    ],
    [
      "with assignments and a count",
      { topic_name: "t", partitions_count: 1, replicas_assignments: [here] },
      400,
      40002,
    ],
    [
      "on another broker",
      { topic_name: "t", replicas_assignments: [{ ...here, broker_ids: [2] }] },
      400,
      40002,
    ],
    [
      "with a gap in its assignments",
      { topic_name: "t", replicas_assignments: [{ ...here, partition_id: 1 }] },
      400,
      40002,
    ],
    ["without a name", {}, 422, 422],
    ["with half a partition", { topic_name: "t", partitions_count: 0.5 }, 422, 422],
    ["with a slip of the pen", { topic_name: "t", partition_count: 5 }, 422, 422],
  ])("%s", async (_, body, status, errorCode) => {
    await using world = await HttpWorld.open();
    await world.topic("there");
    expect(codes(await create(world, body))).toEqual([status, errorCode]);
    expect(world.broker.topics().map(({ name }) => name)).toEqual(["there"]);
  });

  test("while the disk is full", async () => {
    await using world = await HttpWorld.open();
    world.base.disk.failNext("makeDirectory", /topics/, "full");
    expect(codes(await create(world, { topic_name: "t" }))).toEqual([507, 50003]);
  });
});

test("all topics come by name, page by page", async () => {
  await using world = await HttpWorld.open();
  for (const name of ["c", "a", "b"]) await world.topic(name);
  const names: string[] = [];
  let path: string | null = world.in("/topics?page_size=2");
  while (path !== null) {
    const { body } = await world.ask("GET", path);
    const page = body as {
      readonly metadata: { readonly next: string | null };
      readonly data: readonly { readonly topic_name: string }[];
    };
    names.push(page.data.map(({ topic_name: name }) => name).join("+"));
    path = page.metadata.next?.slice(world.url.length) ?? null;
  }
  expect(names).toEqual(["a+b", "c"]);
});
