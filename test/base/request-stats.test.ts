import { expect, test } from "bun:test";
import { RequestStats } from "../../src/base/request-stats.ts";

test("kinds and errors appear when they happen first, and add up", () => {
  const stats = new RequestStats();
  stats.answered("Fetch", 3);
  stats.answered("Fetch", 4);
  stats.failed("NOT_COORDINATOR");
  stats.failed("NOT_COORDINATOR", 2);
  expect([...stats.durations.keys()]).toEqual(["Fetch"]);
  expect(stats.durations.get("Fetch")?.sum).toBe(7);
  expect([...stats.errors]).toEqual([["NOT_COORDINATOR", 3]]);
});
