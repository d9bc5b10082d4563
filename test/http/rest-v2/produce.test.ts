import { describe, expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";
import { binary, json, Requests } from "./requests.ts";

/** What lies in a partition, keys and values as text. */
async function stored(world: HttpWorld, topic: string, partition = 0): Promise<unknown[]> {
  const path = `/topics/${topic}/partitions/${partition}/records?format=string`;
  const { body } = await world.v3("GET", path);
  const { data } = body as { readonly data: readonly Record<"key" | "value", { data: string }>[] };
  return data.map(({ key, value }) => [key?.data ?? null, value?.data ?? null]);
}

describe("records", () => {
  test("in JSON are stored as their texts", async () => {
    await using world = await HttpWorld.open();
    const records = [
      { key: "k", value: { a: [1, "ü"] } },
      { value: null, key: 7 },
      { value: "v", key: null },
      { value: 12345678901234567890n.toString() },
    ];
    const { status, body } = await new Requests(world).post("/topics/t", { records }, json);
    const row = (offset: number) => ({ partition: 0, offset, error_code: null, error: null });
    const offsets = [0, 1, 2, 3].map(row);
    expect([status, body]).toEqual([200, { offsets, key_schema_id: null, value_schema_id: null }]);
    expect(await stored(world, "t")).toEqual([
      ['"k"', '{"a":[1,"ü"]}'],
      ["7", null],
      [null, '"v"'],
      [null, '"12345678901234567890"'],
    ]);
  });

  test("in base64 are stored as their bytes, those of one key in one partition", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 3);
    const client = new Requests(world);
    const records = [
      { key: "azE=", value: "dg==" },
      { key: "azE=", value: "" },
      { value: "dw==", partition: 2 },
    ];
    const { body } = await client.post("/topics/t", { records }, binary);
    const { offsets } = body as { readonly offsets: readonly { readonly partition: number }[] };
    const [first, second, third] = offsets.map(({ partition }) => partition);
    expect([second, third]).toEqual([first, 2]);
    const expected = [
      ["k1", "v"],
      ["k1", ""],
    ];
    expect((await stored(world, "t", first)).slice(0, 2)).toEqual(expected);
  });

  test("go to the partition that is named", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 2);
    const client = new Requests(world);
    const { body } = await client.post(
      "/topics/t/partitions/1",
      { records: [{ value: 1 }], key_schema: null, value_schema_id: 3 },
      json,
    );
    expect(body).toMatchObject({ offsets: [{ partition: 1, offset: 0 }] });
    expect(await stored(world, "t", 1)).toEqual([[null, "1"]]);
  });

  test("that can't be stored say so one by one", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 1, { "cleanup.policy": "compact" });
    const records = [{ key: "a", value: 1 }, { value: 2 }, { key: "a", value: 3, partition: 4 }];
    const { status, body } = await new Requests(world).post("/topics/t", { records }, json);
    const { offsets } = body as {
      readonly offsets: readonly { readonly error_code: number | null }[];
    };
    expect([status, offsets.map((each) => each.error_code)]).toEqual([200, [null, 50002, 50002]]);
  });
});

describe("a request is refused", () => {
  test.each([
    ["/topics/t", { records: [] }, json, 422, 422],
    ["/topics/t", {}, json, 422, 422],
    ["/topics/t", { records: [{ values: 1 }] }, json, 422, 422],
    ["/topics/t", { records: [{ value: "?" }] }, binary, 400, 400],
    ["/topics/t", { records: [{ value: 1 }] }, binary, 400, 400],
    ["/topics/t", "{", json, 400, 400],
    ["/topics/t", { records: [{ value: 1 }] }, "application/vnd.kafka.avro.v2+json", 415, 415],
    ["/topics/t", { records: [{ value: 1 }] }, "application/json", 415, 415],
    ["/topics/t/partitions/1", { records: [{ value: 1 }] }, json, 404, 40402],
    ["/topics/t/partitions/x", { records: [{ value: 1 }] }, json, 404, 404],
    ["/topics/..", { records: [{ value: 1 }] }, json, 405, 405],
    ["/topics/a%2Fb", { records: [{ value: 1 }] }, json, 400, 40002],
  ])("%s %j %s", async (path, body, type, status, errorCode) => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const answered = await new Requests(world).post(path, body, type);
    expect([answered.status, answered.body]).toMatchObject([status, { error_code: errorCode }]);
  });
});
