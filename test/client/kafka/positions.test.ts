import { expect, test } from "bun:test";
import { partitionName } from "../../../src/client/kafka/topic-partition.ts";
import { Positions } from "../../../src/client/kafka/positions.ts";
import { at } from "./assigned-members.ts";
import { ScriptedCluster } from "./scripted-cluster.ts";

test("a partition that goes and comes back has another position", () => {
  const positions = new Positions(new ScriptedCluster().world, () => {});
  positions.assign(["orders/0", "orders/1", "bills/0"].map(at));
  const first = positions.find(at("orders/0"));
  positions.assign([at("orders/0")]);
  expect(positions.find(at("orders/0"))).toBe(first);
  positions.drop([at("orders/0")]);
  expect(first?.isAssigned).toBe(false);
  positions.assign([at("orders/0")]);
  expect(positions.find(at("orders/0"))).not.toBe(first);
  expect(positions.of("orders").map(partitionName)).toEqual(["orders/1", "orders/0"]);
  expect(positions.partitions()).toEqual(["orders/1", "bills/0", "orders/0"].map(at));
});

test("whoever was served comes after the others, unless it is not assigned any more", () => {
  const positions = new Positions(new ScriptedCluster().world, () => {});
  positions.assign(["orders/0", "orders/1"].map(at));
  const [first, second] = positions.all();
  positions.served(first!);
  expect(positions.all()).toEqual([second!, first!]);
  positions.drop([at("orders/1")]);
  positions.served(second!);
  expect(positions.all()).toEqual([first!]);
});
