import { expect, test } from "bun:test";
import { rangeAssignor } from "../../../src/client/kafka/range-assignor.ts";
import { counts, member, shown } from "./assigned-members.ts";

// The cases and their outcomes are those of Kafka's RangeAssignor.

test("one member has everything", () => {
  const plan = rangeAssignor.assign([member("a", ["one"])], counts({ one: 3 }));
  expect(shown(plan)).toEqual({ a: ["one/0", "one/1", "one/2"] });
});

test("the first members have one more of each topic", () => {
  const members = [member("b", ["one", "two"]), member("a", ["one", "two"])];
  expect(shown(rangeAssignor.assign(members, counts({ one: 3, two: 3 })))).toEqual({
    b: ["one/2", "two/2"],
    a: ["one/0", "one/1", "two/0", "two/1"],
  });
});

test("who does not read a topic has none of it", () => {
  const members = [member("a", ["one"]), member("b", ["one", "two"]), member("c", ["one"])];
  expect(shown(rangeAssignor.assign(members, counts({ one: 3, two: 2 })))).toEqual({
    a: ["one/0"],
    b: ["one/1", "two/0", "two/1"],
    c: ["one/2"],
  });
});

test("members without a partition are told so, as are those whose topics don't exist", () => {
  const members = [member("a", ["one"]), member("b", ["one"]), member("c", ["ghosts"])];
  expect(shown(rangeAssignor.assign(members, counts({ one: 1 })))).toEqual({
    a: ["one/0"],
    b: [],
    c: [],
  });
});

test("a static member that comes back under another member id has what it had", () => {
  const before = [member("m1", ["one"], { instance: "x" }), member("m2", ["one"])];
  const after = [member("m2", ["one"]), member("m9", ["one"], { instance: "x" })];
  const known = counts({ one: 3 });
  expect(shown(rangeAssignor.assign(before, known))).toEqual({
    m1: ["one/0", "one/1"],
    m2: ["one/2"],
  });
  expect(shown(rangeAssignor.assign(after, known))).toEqual({
    m9: ["one/0", "one/1"],
    m2: ["one/2"],
  });
});
