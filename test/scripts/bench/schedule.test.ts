import { expect, test } from "bun:test";
import { holdAll, type Rounds } from "../../../scripts/bench/schedule.ts";

/** A contest that makes a pair in each round and writes its name down. */
function contest(name: string, diary: string[], pairsAtMost = Infinity): Rounds {
  let pairs = 0;
  return {
    isOpen: () => true,
    pairs: () => pairs,
    async round() {
      diary.push(name);
      if (pairs < pairsAtMost) pairs++;
    },
  };
}

const later = (): number => performance.now() + 3_600_000;

test("everything has a pair before anything has two", async () => {
  const diary: string[] = [];
  await holdAll([contest("a", diary), contest("b", diary)], { pairs: 2, deadline: later() });
  expect(diary).toEqual(["a", "b", "a", "b"]);
});

test("who can't go on is not asked again, and the others are", async () => {
  const diary: string[] = [];
  const closed = { ...contest("closed", diary), isOpen: () => false };
  await holdAll([closed, contest("b", diary)], { pairs: 2, deadline: later() });
  expect(diary).toEqual(["b", "b"]);
});

test("a pass in which nobody got on is the last", async () => {
  const diary: string[] = [];
  await holdAll([contest("stuck", diary, 1)], { pairs: 5, deadline: later() });
  expect(diary).toEqual(["stuck", "stuck"]);
});

test("nothing begins when the time is over", async () => {
  const diary: string[] = [];
  await holdAll([contest("a", diary)], { pairs: 2, deadline: performance.now() });
  expect(diary).toEqual([]);
});
