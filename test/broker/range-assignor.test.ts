import { expect, test } from "bun:test";
import { assignRanges, type Subscriber } from "../../src/broker/range-assignor.ts";

const member = (memberId: string, ...topics: readonly string[]): Subscriber => {
  return { memberId, groupInstanceId: null, topics };
};

/** `a: t0 t1, b: t2` */
function assigned(
  members: readonly Subscriber[],
  counts: Readonly<Record<string, number>>,
): string {
  const given = assignRanges(members, (topic) => counts[topic] ?? 0);
  return [...given]
    .map(([id, partitions]) => {
      return `${id}: ${partitions.map(({ topic, partition }) => `${topic}${partition}`).join(" ")}`;
    })
    .join(", ");
}

test.each([
  ["one gets all", [member("a", "t")], { t: 2 }, "a: t0 t1"],
  ["runs, the first longer", [member("b", "t"), member("a", "t")], { t: 3 }, "b: t2, a: t0 t1"],
  ["nothing is left for some", [member("a", "t"), member("b", "t")], { t: 1 }, "a: t0, b: "],
  [
    "each topic by itself",
    [member("a", "t", "u"), member("b", "u")],
    { t: 2, u: 2 },
    "a: t0 t1 u0, b: u1",
  ],
  ["a topic that is not there", [member("a", "t", "x")], { t: 1 }, "a: t0"],
  ["nobody", [], { t: 1 }, ""],
] as const)("%s", (_, members, counts, expected) => {
  expect(assigned(members, counts)).toBe(expected);
});

test("static members go by their instance ids, before the others", () => {
  const members = [
    { memberId: "1", groupInstanceId: null, topics: ["t"] },
    { memberId: "2", groupInstanceId: "z", topics: ["t"] },
    { memberId: "3", groupInstanceId: "y", topics: ["t"] },
  ];
  expect(assigned(members, { t: 3 })).toBe("1: t2, 2: t1, 3: t0");
  expect(assigned(members.toReversed(), { t: 3 })).toBe("3: t0, 2: t1, 1: t2");
});
