import { expect, test } from "bun:test";
import { TrustedTime } from "../../src/broker/trusted-time.ts";
import { clockDoubtMs } from "../../src/limits.ts";
import { JumpingClock } from "../fake/jumping-clock.ts";
import { MemoryLogger } from "../fake/logger.ts";

const hour = 3600 * 1000;
const year = 365 * 24 * hour;
const stepped = "the clock has stepped ahead: records are deleted by the time before";

function started(newestAgoMs: number | null = 0) {
  const [clock, logger] = [new JumpingClock(), new MemoryLogger()];
  const newest = newestAgoMs === null ? null : clock.now() - newestAgoMs;
  return { clock, logger, time: new TrustedTime(clock, logger, newest) };
}

test("a clock that goes as time does is believed", () => {
  const { clock, logger, time } = started();
  for (let i = 0; i < 100; i++) {
    clock.advance(5 * hour);
    expect(time.now()).toBe(clock.now());
  }
  expect(logger.events).toEqual([]);
});

test("one that is corrected a little, either way, is followed", () => {
  const { clock, time } = started();
  for (const step of [5000, -5000, 60_000, -600_000, 0]) {
    clock.stepMs = step;
    clock.advance(60_000);
    expect(time.now()).toBe(clock.now());
  }
});

test("one that jumps ten years is not believed for a day, and time goes on meanwhile", () => {
  const { clock, logger, time } = started();
  const before = clock.now();
  clock.stepMs = 10 * year;
  clock.advance(hour / 2);
  expect(time.now()).toBe(before + hour / 2);
  clock.advance(hour);
  expect(time.now()).toBe(before + 1.5 * hour);
  expect(logger.named(stepped)[0]?.fields).toMatchObject({ stepMs: 10 * year });
  clock.advance(clockDoubtMs);
  expect(time.now()).toBe(clock.now());
});

test("one that jumps back and forth is not believed as long as it does", () => {
  const { clock, time } = started();
  const start = clock.now();
  for (let i = 1; i < 500; i++) {
    clock.stepMs = (1 + (i % 3)) * year;
    clock.advance(hour);
    expect(time.now()).toBe(start + i * hour);
  }
});

test("one that comes back from its jump is believed at once", () => {
  const { clock, logger, time } = started();
  clock.stepMs = 10 * year;
  expect(time.now()).toBeLessThan(clock.now());
  clock.stepMs = 0;
  clock.advance(hour);
  expect(time.now()).toBe(clock.now());
  expect(logger.named("the clock is believed again").length).toBe(1);
});

test("one that was set back by years is followed, and so is its coming back", () => {
  const { clock, logger, time } = started();
  clock.stepMs = -10 * year;
  clock.advance(clockDoubtMs * 3);
  expect(time.now()).toBe(clock.now());
  clock.stepMs = 0;
  expect(time.now()).toBe(clock.now());
  expect(logger.events).toEqual([]);
});

test("that it is not believed is said each hour, not each time", () => {
  const { clock, logger, time } = started();
  clock.stepMs = 10 * year;
  for (let i = 0; i < 60; i++) {
    time.now();
    clock.advance(3 * 60_000);
  }
  expect(logger.named(stepped).length).toBe(3);
});

test("at the start, one that is years ahead of all records is doubted", () => {
  const { clock, logger, time } = started(3 * year);
  expect(time.now()).toBe(clock.now() - 3 * year);
  expect(logger.named(stepped).length).toBe(1);
  clock.advance(clockDoubtMs + 1);
  expect(time.now()).toBe(clock.now());
});

test.each([null, 0, 12 * hour])("at the start with records of %p ms ago, it is believed", (ago) => {
  const { clock, time } = started(ago);
  expect(time.now()).toBe(clock.now());
});
