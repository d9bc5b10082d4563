import { expect, test } from "bun:test";
import { listOffsets } from "../../../src/client/kafka/admin-offsets.ts";
import { errors } from "../../../src/kafka/errors.ts";
import { AdminWorld, codesOf, FakeAdminWorld } from "../../support/admin-world.ts";

test("offsets are found by place and by time", async () => {
  await using world = await AdminWorld.open();
  const { admin } = world;
  await admin.createTopics([{ name: "orders", partitionCount: 2 }]);
  await world.append("orders", 0, { first: 0, count: 5, timestamp: 2_000 });
  await world.append("orders", 0, { first: 5, count: 5, timestamp: 1_000 });
  await admin.deleteRecords([{ topic: "orders", partition: 0, beforeOffset: 2 }]);
  const at = async (place: "earliest" | "latest" | "max-timestamp" | number) => {
    const [found] = await admin.listOffsets([{ topic: "orders", partition: 0, at: place }]);
    return [found?.offset, found?.timestamp];
  };
  expect(await at("earliest")).toEqual([2, null]);
  expect(await at("latest")).toEqual([10, null]);
  expect(await at("max-timestamp")).toEqual([4, 2_004]);
  expect(await at(2_003)).toEqual([3, 2_003]);
  expect(await at(3_000)).toEqual([null, null]);
  const others = await admin.listOffsets([
    { topic: "orders", partition: 1, at: "max-timestamp" },
    { topic: "orders", partition: 7, at: "latest" },
  ]);
  expect(codesOf(others)).toEqual([null, "UNKNOWN_TOPIC_OR_PARTITION"]);
  expect(others[0]?.offset).toBeNull();
});

test("producers are told by partition", async () => {
  await using world = await AdminWorld.open();
  const { admin } = world;
  await admin.createTopics([{ name: "orders" }]);
  const producer = { producerId: 7, producerEpoch: 3, baseSequence: 0 };
  await world.append("orders", 0, { first: 0, count: 4, timestamp: 5_000, producer });
  const described = await admin.describeProducers([
    { topic: "orders", partition: 0 },
    { topic: "ghost", partition: 0 },
  ]);
  expect(codesOf(described)).toEqual([null, "UNKNOWN_TOPIC_OR_PARTITION"]);
  expect(described[0]?.producers).toEqual([
    {
      producerId: 7,
      producerEpoch: 3,
      lastSequence: 3,
      lastTimestamp: 5_003,
      transactionStartOffset: -1,
    },
  ]);
});

test("a leader that has moved is looked for again", async () => {
  await using world = await FakeAdminWorld.open();
  const partition = { partitionIndex: 0, offset: 42 };
  world.two.on("ListOffsets", () => {
    world.leaders.set("orders", 1);
    const errorCode = errors.NOT_LEADER_OR_FOLLOWER.code;
    return { topics: [{ name: "orders", partitions: [{ ...partition, errorCode }] }] };
  });
  world.one.on("ListOffsets", () => ({ topics: [{ name: "orders", partitions: [partition] }] }));
  const query = { topic: "orders", partition: 0, at: "latest" } as const;
  const [found] = await world.done(listOffsets(world.calls, [query]));
  expect(found).toMatchObject({ offset: 42, error: null });
});

test("a broker too old for the latest timestamp is not asked for it", async () => {
  await using world = await FakeAdminWorld.open();
  world.two.has("ListOffsets", [1, 6]);
  const query = { topic: "orders", partition: 0, at: "max-timestamp" } as const;
  expect(codesOf(await world.done(listOffsets(world.calls, [query])))).toEqual(["UNSUPPORTED"]);
});
