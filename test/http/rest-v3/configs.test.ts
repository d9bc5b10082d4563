import { describe, expect, test } from "bun:test";
import { HttpWorld } from "../../support/http-world.ts";

interface Config {
  readonly name: string;
  readonly value: string;
  readonly source: string;
}
const rowsOf = (body: unknown) => (body as { readonly data: readonly Config[] }).data;

const owners = [
  ["of a topic", "/topics/t/configs", "retention.ms", "DYNAMIC_TOPIC_CONFIG"],
  ["of the broker", "/brokers/1/configs", "log.retention.ms", "DYNAMIC_DEFAULT_BROKER_CONFIG"],
  ["of all brokers", "/broker-configs", "log.retention.ms", "DYNAMIC_DEFAULT_BROKER_CONFIG"],
] as const;

describe.each(owners)("a configuration %s", (_, at, name, source) => {
  const find = async (world: HttpWorld): Promise<Config | undefined> =>
    rowsOf((await world.v3("GET", at)).body).find((each) => each.name === name);

  test("is set, shown with where it comes from, and reset", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    expect((await world.v3("PUT", `${at}/${name}`, { value: "60000" })).status).toBe(204);
    expect(await find(world)).toMatchObject({ value: "60000", source, is_default: false });
    const { body } = await world.v3("GET", `${at}/${name}`);
    expect(body).toMatchObject({ name, value: "60000", source });
    expect((await world.v3("DELETE", `${at}/${name}`)).status).toBe(204);
    expect((await find(world))?.source).not.toBe(source);
  });

  test("is changed together with others, or not at all", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const prefix = name.startsWith("log.") ? "log." : "";
    const other = `${prefix}segment.bytes`;
    const good = await world.v3("POST", `${at}:alter`, {
      data: [
        { name, value: "60000" },
        { name: other, operation: "SET", value: "1048576" },
      ],
    });
    expect(good.status).toBe(204);
    expect(await find(world)).toMatchObject({ value: "60000" });
    const bad = await world.v3("POST", `${at}:alter`, {
      data: [
        { name, operation: "DELETE" },
        { name: other, value: "x" },
      ],
    });
    expect([bad.status, bad.body]).toMatchObject([400, { error_code: 40002 }]);
    expect(await find(world)).toMatchObject({ value: "60000" });
  });

  test("that is only validated stays as it is", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const data = [{ name, value: "60000" }];
    const { status } = await world.v3("POST", `${at}:alter`, { data, validate_only: true });
    expect([status, (await find(world))?.value]).not.toEqual([204, "60000"]);
    expect(status).toBe(204);
  });

  test.each([
    ["a value that can't be", "PUT", `/${name}`, { value: "x" }, 400],
    ["a name that is none", "PUT", "/none", { value: "x" }, 400],
    ["a name that is none, to see", "GET", "/none", undefined, 404],
    ["no value at all", "POST", ":alter", { data: [{ name }] }, 400],
    [
      "one twice",
      "POST",
      ":alter",
      {
        data: [
          { name, value: "1" },
          { name, value: "2" },
        ],
      },
      400,
    ],
    ["another operation", "POST", ":alter", { data: [{ name, operation: "APPEND" }] }, 422],
    ["no list", "POST", ":alter", { data: {} }, 422],
    ["a value that is a number", "PUT", `/${name}`, { value: 1 }, 422],
  ] as const)("is refused with %s", async (__, method, path, body, status) => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    expect((await world.v3(method, `${at}${path}`, body)).status).toBe(status);
  });
});

test("what is set at the start can't be changed", async () => {
  await using world = await HttpWorld.open();
  const { status } = await world.v3("PUT", "/brokers/1/configs/delete.topic.enable", {
    value: "false",
  });
  expect(status).toBe(400);
});

test("of a topic or a broker that is not there there is none", async () => {
  await using world = await HttpWorld.open();
  for (const path of ["/topics/none/configs", "/brokers/2/configs"]) {
    expect((await world.v3("GET", path)).status).toBe(404);
    expect((await world.v3("GET", `${path}/x`)).status).toBe(404);
    expect((await world.v3("PUT", `${path}/x`, { value: "1" })).status).toBe(404);
    expect((await world.v3("POST", `${path}:alter`, { data: [] })).status).toBe(404);
  }
});

test("those of all topics come in pages", async () => {
  await using world = await HttpWorld.open();
  await world.topic("a");
  await world.topic("b");
  const { body } = await world.v3("GET", "/topics/-/configs?page_size=10000");
  const names = rowsOf(body).map((row) => (row as unknown as { topic_name: string }).topic_name);
  expect([...new Set(names)]).toEqual(["a", "b"]);
});
