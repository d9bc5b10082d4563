import { expect, test } from "bun:test";
import { pauseAfter } from "../../src/cli/follow-pace.ts";

test("what has brought something is soon tried again, however long it took", () => {
  expect(pauseAfter(3_000, true)).toBe(100);
});

test("what has brought nothing is tried again the later the longer it took, within bounds", () => {
  expect([0, 1, 6, 15, 500].map((lookMs) => pauseAfter(lookMs, false))).toEqual([
    100, 100, 300, 750, 1_000,
  ]);
});
