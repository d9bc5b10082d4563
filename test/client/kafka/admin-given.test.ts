import { expect, test } from "bun:test";
import { Admin } from "../../../src/client/kafka/admin.ts";
import { FakeAdminWorld } from "../../support/admin-world.ts";

const zero = { topic: "orders", partition: 0 };

/** Calls as programs without types may make them: a method, and what it is given. */
const calls: readonly (readonly [keyof Admin, ...unknown[]])[] = [
  ["describeTopics", "orders"],
  ["describeTopics", [5]],
  ["createTopics", { name: "orders" }],
  ["createTopics", ["orders"]],
  ["createTopics", [{ name: "orders", partitionCount: "3" }]],
  ["createTopics", [{ name: "orders", partitionCount: 2 ** 31 }]],
  ["createTopics", [{ name: "orders", replicationFactor: 1.5 }]],
  ["createTopics", [{ name: "orders", configs: { "retention.ms": 60_000 } }]],
  ["createTopics", [{ name: "orders" }], null],
  ["createTopics", [{ name: "orders" }], { validateOnly: "yes" }],
  ["deleteTopics", undefined],
  ["deleteTopics", "orders"],
  ["addPartitions", [{ name: "orders" }]],
  ["addPartitions", [{ name: "orders", count: 3 }], 7],
  ["deleteRecords", [zero]],
  ["deleteRecords", [{ ...zero, beforeOffset: 2 ** 53 }]],
  ["describeConfigs", [{ type: "planet", name: "mars" }]],
  ["describeConfigs", [{ type: "topic" }]],
  ["describeConfigs", [{ type: "topic", name: "orders" }], "retention.ms"],
  ["alterConfigs", [{ type: "topic", name: "orders" }]],
  ["alterConfigs", [{ type: "topic", name: "orders", changes: [{ name: "a", operation: "PUT" }] }]],
  ["alterConfigs", [], null],
  ["listOffsets", [zero]],
  ["listOffsets", [{ ...zero, at: "noon" }]],
  ["listOffsets", [{ topic: "orders", partition: "0", at: "latest" }]],
  ["listOffsets", [], { isolation: "none" }],
  ["describeProducers", [{ topic: 5, partition: 0 }]],
  ["describeLogDirectories", "orders"],
  ["describeGroups", "readers"],
  ["deleteGroups", [null]],
  ["committedOffsets", 5],
  ["committedOffsets", "readers", zero],
  ["groupLag", null],
  ["alterOffsets", "readers", [{ ...zero, offset: "5" }]],
  ["alterOffsets", "readers", [{ ...zero, offset: 5, metadata: 5 }]],
  ["resetOffsets", "readers", 5, "latest"],
  ["resetOffsets", "readers", [zero], "noon"],
  ["resetOffsets", "readers", [zero], { by: 3 }],
  ["resetOffsets", "readers", [zero], null],
  ["resetOffsets", "readers", [zero], "latest", { dryRun: 1 }],
  ["deleteOffsets", undefined, [zero]],
];

test.each(calls)("%s with %j is INVALID, and nothing is asked", async (method, ...given) => {
  await using world = await FakeAdminWorld.open();
  const admin = await Admin.open({ cluster: world.cluster });
  const before = world.one.seen.length;
  const call = admin[method] as (...args: readonly unknown[]) => Promise<unknown>;
  await expect(call.apply(admin, given)).rejects.toMatchObject({
    name: "ClientError",
    code: "INVALID",
  });
  expect([world.one.seen.length, world.two.seen.length]).toEqual([before, 0]);
});

test.each([null, {}, { cluster: 5 }, { brokers: ["one:9092"], timeoutMs: "1" }])(
  "an admin of %j is INVALID",
  async (given) => {
    const opened = Admin.open(given as never);
    await expect(opened).rejects.toMatchObject({ name: "ClientError", code: "INVALID" });
  },
);
