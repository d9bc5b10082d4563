import { expect, test } from "bun:test";
import { roundRobinAssignor } from "../../../src/client/kafka/round-robin-assignor.ts";
import { counts, member, shown } from "./assigned-members.ts";

// The cases and their outcomes are those of Kafka's RoundRobinAssignor.

test("partitions of all topics go round", () => {
  const members = [member("a", ["one", "two"]), member("b", ["one", "two"])];
  expect(shown(roundRobinAssignor.assign(members, counts({ two: 3, one: 3 })))).toEqual({
    a: ["one/0", "one/2", "two/1"],
    b: ["one/1", "two/0", "two/2"],
  });
});

test("members that don't read a topic are passed over", () => {
  const members = [member("c", ["one"]), member("a", ["one"]), member("b", ["one", "two"])];
  expect(shown(roundRobinAssignor.assign(members, counts({ one: 3, two: 2 })))).toEqual({
    a: ["one/0"],
    b: ["one/1", "two/0", "two/1"],
    c: ["one/2"],
  });
});

test("nobody reads what does not exist", () => {
  const members = [member("a", ["ghosts"]), member("b", [])];
  expect(shown(roundRobinAssignor.assign(members, counts({ one: 3 })))).toEqual({ a: [], b: [] });
});
