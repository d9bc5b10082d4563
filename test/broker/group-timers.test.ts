import { expect, test } from "bun:test";
import type { GroupTimer } from "../../src/broker/group-event.ts";
import { GroupTimers } from "../../src/broker/group-timers.ts";
import { ManualClock } from "../fake/clock.ts";

function timersWorld(): { clock: ManualClock; timers: GroupTimers; fired: string[] } {
  const clock = new ManualClock();
  const fired: string[] = [];
  const timers = new GroupTimers(clock, (timer: GroupTimer) => {
    fired.push(`${timer} ${clock.monotonic()}`);
  });
  return { clock, timers, fired };
}

test("timers fire at their deadlines, once", () => {
  const { clock, timers, fired } = timersWorld();
  timers.schedule("session b", 200);
  timers.schedule("join", 100);
  clock.advance(1_000);
  expect(fired).toEqual(["join 100", "session b 200"]);
  expect(timers.size).toBe(0);
});

test("a later deadline is kept with the timer that is there", () => {
  const { clock, timers, fired } = timersWorld();
  for (let nowMs = 0; nowMs < 900; nowMs += 10) {
    timers.schedule("session a", nowMs + 100);
    clock.advance(10);
    expect(clock.pending).toBe(1);
  }
  expect(fired).toEqual([]);
  clock.advance(1_000);
  expect(fired).toEqual(["session a 990"]);
});

test("an earlier deadline replaces a later one", () => {
  const { clock, timers, fired } = timersWorld();
  timers.schedule("join", 100);
  timers.schedule("join", 40);
  expect(clock.pending).toBe(1);
  clock.advance(1_000);
  expect(fired).toEqual(["join 40"]);
});

test("a deadline that has passed already fires as soon as it may", () => {
  const { clock, timers, fired } = timersWorld();
  clock.advance(50);
  timers.schedule("join", 20);
  clock.advance(0);
  expect(fired).toEqual(["join 50"]);
});

test("what is cancelled or cleared never fires", () => {
  const { clock, timers, fired } = timersWorld();
  timers.schedule("join", 10);
  timers.schedule("sync", 10);
  timers.schedule("session a", 10);
  timers.cancel("join");
  timers.cancel("session nobody");
  timers.clear();
  clock.advance(100);
  expect(fired).toEqual([]);
  expect(clock.pending).toBe(0);
});
