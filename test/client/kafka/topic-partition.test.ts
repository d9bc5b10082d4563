import { expect, test } from "bun:test";
import { byTopic, partitionName } from "../../../src/client/kafka/topic-partition.ts";
import { at } from "./assigned-members.ts";

test("a partition has a name, and partitions come by their topics, in their order", () => {
  expect(partitionName({ topic: "orders", partition: 7 })).toBe("orders/7");
  const topics = byTopic(["b/1", "a/0", "b/0"].map(at));
  expect([...topics]).toEqual([
    ["b", [at("b/1"), at("b/0")]],
    ["a", [at("a/0")]],
  ]);
});
