import { describe, expect, test } from "bun:test";
import { alterConfigs, type ConfigChange } from "../../../src/client/kafka/admin-configs.ts";
import { errors } from "../../../src/kafka/errors.ts";
import { AdminWorld, codesOf, FakeAdminWorld } from "../../support/admin-world.ts";

const orders = { type: "topic", name: "orders" } as const;

test("settings are read, changed one by one, and go back to their defaults", async () => {
  await using world = await AdminWorld.open();
  const { admin } = world;
  await admin.createTopics([{ name: "orders" }]);
  const retention = async () => {
    const [described] = await admin.describeConfigs([orders], ["retention.ms"]);
    return described?.entries.map(({ value, source, type }) => [value, source, type]);
  };
  const initial = await retention();
  expect(initial?.[0]?.[1]).toBe("DEFAULT_CONFIG");
  const change = (one: ConfigChange, validateOnly = false) =>
    admin.alterConfigs([{ ...orders, changes: [one] }], { validateOnly });
  const set = { name: "retention.ms", operation: "SET", value: "60000" } as const;
  expect(codesOf(await change(set, true))).toEqual([null]);
  expect(await retention()).toEqual(initial);
  expect(codesOf(await change(set))).toEqual([null]);
  expect(await retention()).toEqual([["60000", "TOPIC_CONFIG", "LONG"]]);
  expect(codesOf(await change({ name: "retention.ms", operation: "DELETE" }))).toEqual([null]);
  expect(await retention()).toEqual(initial);
  const [refused] = await change({ ...set, value: "soon" });
  expect(refused?.error?.code).toBe("INVALID_CONFIG");
  expect(refused?.error?.message).toStartWith("changing the configuration of topic orders: ");
});

test("settings of a broker are asked for at that broker", async () => {
  await using world = await AdminWorld.open();
  const described = await world.admin.describeConfigs([
    { type: "broker", name: "1" },
    { type: "broker", name: "9" },
  ]);
  expect(described[0]?.entries.length).toBeGreaterThan(0);
  expect(codesOf(described)).toEqual([null, "BROKER_NOT_AVAILABLE"]);
});

describe("a broker that knows no single changes", () => {
  const config = (name: string, value: string, configSource: number) => {
    return { name, value, configSource };
  };

  /** All settings that it is told, after these changes. */
  async function altered(changes: readonly ConfigChange[]): Promise<unknown> {
    await using world = await FakeAdminWorld.open();
    world.one.has("IncrementalAlterConfigs", null);
    world.one.connections[0]?.drop("restarted");
    world.one.on("DescribeConfigs", () => ({
      results: [
        {
          resourceType: 2,
          resourceName: "orders",
          configs: [
            config("cleanup.policy", "delete", 1),
            config("retention.ms", "1", 1),
            config("segment.ms", "5", 5),
          ],
        },
      ],
    }));
    world.one.on("AlterConfigs", () => ({
      responses: [{ resourceType: 2, resourceName: "orders" }],
    }));
    const alterations = [{ ...orders, changes }];
    expect(codesOf(await world.done(alterConfigs(world.calls, alterations, false)))).toEqual([
      null,
    ]);
    const configs = world.one.requests("AlterConfigs")[0]?.resources[0]?.configs ?? [];
    return Object.fromEntries(configs.map(({ name, value }) => [name, value]));
  }

  test.each<[string, ConfigChange, Record<string, string>]>([
    ["set", { name: "segment.ms", operation: "SET", value: "9" }, { "segment.ms": "9" }],
    ["delete", { name: "segment.ms", operation: "DELETE" }, {}],
    [
      "append",
      { name: "cleanup.policy", operation: "APPEND", value: "compact,delete" },
      { "cleanup.policy": "delete,compact" },
    ],
    [
      "subtract",
      { name: "cleanup.policy", operation: "SUBTRACT", value: "delete" },
      { "cleanup.policy": "" },
    ],
  ])("is told all of them, to %s one", async (_word, change, result) => {
    const own = { "cleanup.policy": "delete", "retention.ms": "1" };
    expect(await altered([change])).toEqual({ ...own, ...result });
  });

  test("is told nothing where it can't say what there is", async () => {
    await using world = await FakeAdminWorld.open();
    world.one.has("IncrementalAlterConfigs", null);
    world.one.connections[0]?.drop("restarted");
    const errorCode = errors.TOPIC_AUTHORIZATION_FAILED.code;
    world.one.on("DescribeConfigs", () => ({
      results: [{ resourceType: 2, resourceName: "orders", errorCode }],
    }));
    const alterations = [{ ...orders, changes: [{ name: "a", operation: "DELETE" } as const] }];
    expect(codesOf(await world.done(alterConfigs(world.calls, alterations, false)))).toEqual([
      "TOPIC_AUTHORIZATION_FAILED",
    ]);
  });
});
