import { expect, test } from "bun:test";
import { groupColumns, sorted, topicColumns } from "../../src/cli/top-columns.ts";
import type { GroupReading } from "../../src/cli/top-reading.ts";

const group = (name: string, lag: number | null, lagSeconds: number | null): GroupReading => ({
  group: name,
  members: 1,
  lag,
  lagSeconds,
  committed: null,
});
const groups = [group("b", 5, 2), group("none", null, null), group("c", 9, 1), group("a", 5, 0)];
const order = (by: number, isReversed = false): string[] =>
  sorted(groups, groupColumns, by, isReversed).map((row) => row.group);

test("the largest comes first, then by name; what is not known comes last", () => {
  expect(order(0)).toEqual(["c", "a", "b", "none"]);
  expect(order(1)).toEqual(["b", "c", "a", "none"]);
});

test("the other way round the smallest comes first, and names stay in their order", () => {
  expect(order(0, true)).toEqual(["none", "a", "b", "c"]);
});

test("a group that has committed nothing has no lag, rather than none", () => {
  const [lag, behind] = groupColumns.columns;
  expect(lag!.text(group("a", null, null))).toBe("-");
  expect(lag!.text(group("a", 1_234, 0))).toBe("1,234");
  expect(behind!.text(group("a", 1, 2.5))).toBe("2.5 s");
});

test("each column goes at a time of its own where there is little room", () => {
  for (const { columns } of [topicColumns, groupColumns]) {
    expect(new Set(columns.map(({ droppedAt }) => droppedAt)).size).toBe(columns.length);
  }
});
