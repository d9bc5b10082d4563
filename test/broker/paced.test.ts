import { expect, test } from "bun:test";
import { LoopShare } from "../../src/base/loop-share.ts";
import { paced } from "../../src/broker/paced.ts";
import { pacedPerTurnMax } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { turns } from "../support/until.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test("results come in the order of the items", async () => {
  const share = new LoopShare(new ManualClock(), 8);
  const doubled = await paced([1, 2, 3], { share }, (item) => Promise.resolve(2 * item), 2);
  expect(doubled).toEqual([2, 4, 6]);
});

test("a list that would take too long goes on in later turns", async () => {
  const clock = new ManualClock();
  let workedMs = 0;
  clock.monotonic = () => workedMs;
  const share = new LoopShare(clock, 8);
  const done: number[] = [];
  const all = paced(numbers(40), { share }, (item) => {
    workedMs += 1;
    done.push(item);
  });
  const perTurn: number[] = [];
  for (let seen = 0; seen < 40; seen = done.length) {
    await turns(2);
    perTurn.push(done.length - seen);
    clock.advance(0);
  }
  await all;
  expect(perTurn).toEqual([8, 8, 8, 8, 8]);
});

test("and so does one whose time is not seen", async () => {
  const clock = new ManualClock();
  const share = new LoopShare(clock, 8);
  const count = 2 * pacedPerTurnMax + 1;
  let done = 0;
  const all = paced(numbers(count), { share }, () => void (done += 1));
  await turns(2);
  expect(done).toBe(pacedPerTurnMax);
  clock.advance(0);
  await turns(2);
  expect(done).toBe(2 * pacedPerTurnMax);
  clock.advance(0);
  expect(await all).toHaveLength(count);
});
