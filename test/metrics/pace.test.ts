import { expect, test } from "bun:test";
import { metricsSliceMs } from "../../src/limits.ts";
import { Pace } from "../../src/metrics/pace.ts";
import { ManualClock } from "../fake/clock.ts";

test("a slice is due after its time, and a rest begins a new one in a later turn", async () => {
  const clock = new ManualClock();
  const pace = new Pace(clock);
  clock.advance(metricsSliceMs - 1);
  expect(pace.isDue).toBeFalse();
  clock.advance(1);
  expect(pace.isDue).toBeTrue();
  let isRested = false;
  const rest = pace.rest().then(() => (isRested = true));
  await Promise.resolve();
  expect([isRested, clock.pending]).toEqual([false, 1]);
  clock.advance(0);
  await rest;
  expect(pace.isDue).toBeFalse();
});
