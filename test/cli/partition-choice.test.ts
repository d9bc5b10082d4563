import { describe, expect, test } from "bun:test";
import { ClusterFailure } from "../../src/cli/cluster-failure.ts";
import { chosenPartitions, partitionChoices } from "../../src/cli/partition-choice.ts";
import { GroupWorld } from "../support/group-world.ts";

const option = partitionChoices({ help: "Where" });

describe("a choice", () => {
  test.each([
    ["orders", { topic: "orders", partitions: null }],
    ["orders:0", { topic: "orders", partitions: [0] }],
    ["a.b_c-d:3,1", { topic: "a.b_c-d", partitions: [3, 1] }],
  ])("%s", (given, choice) => {
    expect(option.parse([given])).toEqual([choice]);
  });

  test.each([[":0"], ["orders:"], ["orders:x"], ["orders:1,"], ["orders:-1"], ["orders:10000"]])(
    "%s is none",
    (given) => {
      expect(option.parse([given])).toBeUndefined();
    },
  );
});

describe("partitions of a cluster", () => {
  test("are all of a topic, or those that were named, each once", async () => {
    await using world = await GroupWorld.open();
    await world.inner.admin.createTopics([{ name: "logs" }]);
    const chosen = async (...given: string[]) => {
      const found = await chosenPartitions(world.inner.admin, option.parse(given) ?? []);
      if (found instanceof ClusterFailure) throw new Error(found.message);
      return found.map(({ topic, partition }) => `${topic}/${partition}`);
    };
    expect(await chosen("orders", "logs")).toEqual(["orders/0", "orders/1", "orders/2", "logs/0"]);
    expect(await chosen("orders:2,0", "orders:0")).toEqual(["orders/2", "orders/0"]);
  });

  test("that are not there are a failure", async () => {
    await using world = await GroupWorld.open();
    const { admin } = world.inner;
    expect(await chosenPartitions(admin, option.parse(["orders:0,3"]) ?? [])).toEqual(
      new ClusterFailure('topic "orders" has 3 partitions, and no 3'),
    );
    await expect(chosenPartitions(admin, option.parse(["logs"]) ?? [])).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
    });
  });
});
