import { describe, expect, test } from "bun:test";
import {
  addPartitions,
  createTopics,
  deleteTopics,
} from "../../../src/client/kafka/admin-topics.ts";
import { errors } from "../../../src/kafka/errors.ts";
import { hangUp } from "../../fake/kafka-network.ts";
import { AdminWorld, codesOf, FakeAdminWorld } from "../../support/admin-world.ts";

const exists = errors.TOPIC_ALREADY_EXISTS.code;
const missing = errors.UNKNOWN_TOPIC_OR_PARTITION.code;

describe("topics whose broker fails in between", () => {
  test("may be there by this very call, and the error says so", async () => {
    await using world = await FakeAdminWorld.open();
    world.one.on("CreateTopics", () => {
      world.one.on("CreateTopics", () => ({ topics: [{ name: "bills", errorCode: exists }] }));
      return hangUp;
    });
    const [made] = await world.done(createTopics(world.calls, [{ name: "bills" }], {}));
    expect(made?.error).toMatchObject({
      code: "TOPIC_ALREADY_EXISTS",
      message: expect.stringContaining("whose first answer was lost"),
    });
    const [again] = await world.done(createTopics(world.calls, [{ name: "bills" }], {}));
    expect(again?.error?.message).not.toContain("lost");
  });

  test("are deleted if they are gone when it is asked again", async () => {
    await using world = await FakeAdminWorld.open();
    world.one.on("DeleteTopics", () => {
      world.one.on("DeleteTopics", () => ({ responses: [{ name: "bills", errorCode: missing }] }));
      return hangUp;
    });
    expect(codesOf(await world.done(deleteTopics(world.calls, ["bills"])))).toEqual([null]);
    expect(codesOf(await world.done(deleteTopics(world.calls, ["bills"])))).toEqual([
      "UNKNOWN_TOPIC_OR_PARTITION",
    ]);
  });

  test("are asked for at the controller that there is now", async () => {
    await using world = await FakeAdminWorld.open();
    world.one.on("CreatePartitions", () => {
      world.controllerId = 2;
      return { results: [{ name: "orders", errorCode: errors.NOT_CONTROLLER.code }] };
    });
    world.two.on("CreatePartitions", () => ({ results: [{ name: "orders" }] }));
    const grown = addPartitions(world.calls, [{ name: "orders", count: 2 }], {});
    expect(codesOf(await world.done(grown))).toEqual([null]);
  });
});

test("a broker too old for defaults is not asked to make a topic with them", async () => {
  await using world = await FakeAdminWorld.open();
  world.one.has("CreateTopics", [0, 3]);
  world.one.on("CreateTopics", () => ({ topics: [{ name: "bills" }] }));
  world.one.connections[0]?.drop("restarted");
  const create = (partitionCount?: number) => {
    const sizes = partitionCount === undefined ? {} : { partitionCount, replicationFactor: 1 };
    return world.done(createTopics(world.calls, [{ name: "bills", ...sizes }], {}));
  };
  expect(codesOf(await create())).toEqual(["UNSUPPORTED"]);
  expect(await create(1)).toMatchObject([{ topicId: null, partitionCount: null, error: null }]);
});

test("records are given up one partition at a time", async () => {
  await using world = await AdminWorld.open();
  const { admin } = world;
  await admin.createTopics([{ name: "orders", partitionCount: 2 }]);
  for (const partition of [0, 1]) await world.append("orders", partition, { first: 0, count: 10 });
  const outcomes = await admin.deleteRecords([
    { topic: "orders", partition: 0, beforeOffset: 4 },
    { topic: "orders", partition: 1, beforeOffset: null },
    { topic: "orders", partition: 2, beforeOffset: null },
    { topic: "ghost", partition: 0, beforeOffset: 1 },
  ]);
  expect(outcomes.map(({ startOffset }) => startOffset)).toEqual([4, 10, -1, -1]);
  expect(codesOf(outcomes)).toEqual([
    null,
    null,
    "UNKNOWN_TOPIC_OR_PARTITION",
    "UNKNOWN_TOPIC_OR_PARTITION",
  ]);
  const [late] = await admin.deleteRecords([{ topic: "orders", partition: 0, beforeOffset: 99 }]);
  expect(late?.error).toMatchObject({
    code: "OFFSET_OUT_OF_RANGE",
    message: expect.stringContaining("orders/0"),
  });
});
