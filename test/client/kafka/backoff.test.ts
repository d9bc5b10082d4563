import { expect, test } from "bun:test";
import { seededRandom } from "../../../src/base/random.ts";
import { backoffMs } from "../../../src/client/kafka/backoff.ts";

const backoff = { firstMs: 100, longestMs: 1_000 };

test("pauses double up to the longest", () => {
  const middle = { ...seededRandom(1), next: () => 0.5 };
  const pauses = [1, 2, 3, 4, 5, 60].map((failures) => backoffMs(backoff, failures, middle));
  expect(pauses).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test("chance makes a pause up to a fifth shorter or longer", () => {
  const shortest = { ...seededRandom(1), next: () => 0 };
  const longest = { ...seededRandom(1), next: () => 1 };
  expect(backoffMs(backoff, 1, shortest)).toBe(80);
  expect(backoffMs(backoff, 1, longest)).toBe(120);
});
