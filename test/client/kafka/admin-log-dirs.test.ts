import { expect, test } from "bun:test";
import { describeLogDirectories } from "../../../src/client/kafka/admin-log-dirs.ts";
import { errors } from "../../../src/kafka/errors.ts";
import { clientItemsAskedMax } from "../../../src/limits.ts";
import { codesOf, FakeAdminWorld } from "../../support/admin-world.ts";

test("the directories of all brokers are told, with those that are broken", async () => {
  await using world = await FakeAdminWorld.open();
  world.one.on("DescribeLogDirs", () => ({
    results: [
      {
        logDir: "/one",
        totalBytes: 100,
        usableBytes: 40,
        topics: [{ name: "orders", partitions: [{ partitionIndex: 0, partitionSize: 7 }] }],
      },
    ],
  }));
  const errorCode = errors.KAFKA_STORAGE_ERROR.code;
  world.two.on("DescribeLogDirs", () => ({ results: [{ logDir: "/two", errorCode }] }));
  const found = await world.done(describeLogDirectories(world.calls, ["orders"]));
  expect(found[0]).toEqual({
    nodeId: 1,
    directory: "/one",
    totalBytes: 100,
    usableBytes: 40,
    partitions: [{ topic: "orders", partition: 0, bytes: 7, offsetLag: 0, isFuture: false }],
    error: null,
  });
  expect(found[1]).toMatchObject({ nodeId: 2, totalBytes: null });
  expect(codesOf(found)).toEqual([null, "KAFKA_STORAGE_ERROR"]);
  expect(found[1]?.error?.message).toContain("broker 2, /two");
  expect(world.one.requests("DescribeLogDirs")[0]?.topics).toEqual([
    { topic: "orders", partitions: [0] },
  ]);
});

test("topics that are not there are named", async () => {
  await using world = await FakeAdminWorld.open();
  const asked = world.done(describeLogDirectories(world.calls, ["ghost"]));
  expect(asked).rejects.toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
  await asked.catch(() => {});
});

test("of many topics all are asked for, and only those are told", async () => {
  await using world = await FakeAdminWorld.open();
  const names = Array.from({ length: clientItemsAskedMax }, (_, index) => `topic-${index}`);
  for (const name of names) world.leaders.set(name, 1);
  const topics = ["topic-7", "orders"].map((name) => {
    return { name, partitions: [{ partitionIndex: 0 }] };
  });
  world.one.on("DescribeLogDirs", () => ({ results: [{ logDir: "/one", topics }] }));
  world.two.on("DescribeLogDirs", () => ({ results: [] }));
  const found = await world.done(describeLogDirectories(world.calls, names));
  expect(world.one.requests("DescribeLogDirs")[0]?.topics).toBeNull();
  expect(found[0]?.partitions.map(({ topic }) => topic)).toEqual(["topic-7"]);
});
