import { expect, test } from "bun:test";
import { Pace } from "../../src/base/pace.ts";
import { ManualClock } from "../fake/clock.ts";

const paced = (bytesPerSecond: number) => {
  const clock = new ManualClock();
  return { clock, pace: new Pace(clock, { sliceMs: 2, restMs: 3, bytesPerSecond }) };
};

/** Whether a promise is settled by now. */
async function isSettled(promise: Promise<void> | null): Promise<boolean> {
  let settled = false;
  void promise?.then(() => (settled = true));
  for (let i = 0; i < 5; i++) await Promise.resolve();
  return settled;
}

test("within a slice work goes on; then it rests", async () => {
  const { clock, pace } = paced(Infinity);
  expect(pace.spend(1000)).toBeNull();
  clock.advance(1);
  expect(pace.spend(1000)).toBeNull();
  clock.advance(1);
  const rest = pace.spend(1000);
  expect(await isSettled(rest)).toBe(false);
  clock.advance(3);
  expect(await isSettled(rest)).toBe(true);
  expect(pace.spend(1000)).toBeNull();
});

test("bytes come at their rate, whatever the work costs", async () => {
  const { clock, pace } = paced(1000);
  let bytes = 0;
  while (clock.monotonic() < 10_000) {
    const rest = pace.spend(50);
    bytes += 50;
    while (rest !== null && !(await isSettled(rest))) clock.advance(1);
    if (rest === null) clock.advance(1);
  }
  expect(bytes).toBeGreaterThan(9_900);
  expect(bytes).toBeLessThan(10_200);
});

test("time in which nothing was done is not saved up", () => {
  const { clock, pace } = paced(1000);
  clock.advance(60_000);
  expect(pace.spend(1)).not.toBeNull();
  expect(pace.spend(1000)).not.toBeNull();
});

test("who is in a hurry rests no more, and wakes from the rest under way", async () => {
  const { clock, pace } = paced(1000);
  const rest = pace.spend(100_000);
  expect(await isSettled(rest)).toBe(false);
  pace.hurry();
  expect(await isSettled(rest)).toBe(true);
  expect(pace.spend(100_000)).toBeNull();
  expect(clock.pending).toBe(0);
});

test("a long rest ends early once nobody wants the work any more", async () => {
  const { clock, pace } = paced(1000);
  let isWanted = true;
  const rest = pace.spend(100_000, () => isWanted);
  clock.advance(1_000);
  expect(await isSettled(rest)).toBe(false);
  isWanted = false;
  clock.advance(1_000);
  expect(await isSettled(rest)).toBe(true);
  expect(clock.pending).toBe(0);
});

test("after a pause it begins with a whole slice", async () => {
  const { clock, pace } = paced(Infinity);
  clock.advance(60_000);
  pace.begin();
  expect(pace.spend(1000)).toBeNull();
  clock.advance(2);
  expect(pace.spend(1000)).not.toBeNull();
});
