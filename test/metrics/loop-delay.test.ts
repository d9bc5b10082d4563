import { expect, test } from "bun:test";
import { loopDelayIdleMs, loopDelayProbeMs } from "../../src/limits.ts";
import { LoopDelay } from "../../src/metrics/loop-delay.ts";
import { ManualClock } from "../fake/clock.ts";

/** Its timers fire late by so much. */
class LateClock extends ManualClock {
  lateMs = 0;

  override after(delayMs: number, action: () => void): () => void {
    return super.after(delayMs + this.lateMs, action);
  }
}

test("it counts how late its timer fires", () => {
  const clock = new LateClock();
  clock.lateMs = 7;
  const delay = new LoopDelay(clock);
  delay.look();
  clock.advance(3 * (loopDelayProbeMs + 7));
  expect([delay.delaysMs.count, delay.delaysMs.sum]).toEqual([3, 21]);
  delay.close();
});

test("it sleeps until somebody looks, and some time after nobody does any more", () => {
  const clock = new ManualClock();
  const delay = new LoopDelay(clock);
  expect(clock.pending).toBe(0);
  delay.look();
  delay.look();
  expect(clock.pending).toBe(1);
  clock.advance(loopDelayIdleMs + loopDelayProbeMs);
  expect(clock.pending).toBe(0);
  const { count } = delay.delaysMs;
  delay.look();
  clock.advance(loopDelayProbeMs);
  expect(delay.delaysMs.count).toBe(count + 1);
  delay.close();
});

test("once it is closed nothing starts it again", () => {
  const clock = new ManualClock();
  const delay = new LoopDelay(clock);
  delay.look();
  delay.close();
  delay.look();
  expect(clock.pending).toBe(0);
});
