import { expect, test } from "bun:test";
import { RequestStats } from "../../src/base/request-stats.ts";

test("durations are kept by kind, errors by name", () => {
  const stats = new RequestStats();
  stats.answered("Produce", 0.3);
  stats.answered("Produce", 40_000);
  stats.answered("Fetch", 5);
  stats.failed("CORRUPT_MESSAGE");
  stats.failed("CORRUPTED", 3);
  stats.failed("CORRUPT_MESSAGE");
  expect([...stats.durations.keys()]).toEqual(["Produce", "Fetch"]);
  expect(stats.durations.get("Produce")?.sum).toBe(40_000.3);
  expect([...stats.errors]).toEqual([
    ["CORRUPT_MESSAGE", 2],
    ["CORRUPTED", 3],
  ]);
});
