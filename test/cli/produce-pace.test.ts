import { expect, test } from "bun:test";
import { Pace } from "../../src/cli/produce-pace.ts";
import { produceBurstMs } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";

test("without a rate everything may go at any time", () => {
  const pace = new Pace(null, new ManualClock());
  pace.take(1_000_000);
  expect(pace.allowed).toBe(Infinity);
});

test("the first record goes at once, the next ones when their time has come", () => {
  const clock = new ManualClock();
  const pace = new Pace(10, clock);
  expect(pace.allowed).toBe(1);
  pace.take(1);
  expect(pace.allowed).toBe(0);
  clock.advance(99);
  expect(pace.allowed).toBe(0);
  clock.advance(1);
  expect(pace.allowed).toBe(1);
});

test("many a second go many at a time", () => {
  const clock = new ManualClock();
  const pace = new Pace(100_000, clock);
  pace.take(pace.allowed);
  clock.advance(2);
  expect(pace.allowed).toBe(200);
});

test("over a second, as many go as were asked for", () => {
  const clock = new ManualClock();
  const pace = new Pace(300, clock);
  let sent = 0;
  for (let ms = 0; ms < 1_000; ms++) {
    sent += pace.allowed;
    pace.take(pace.allowed);
    clock.advance(1);
  }
  expect(sent).toBe(300);
});

test("a pause is not made up for, but for a moment", () => {
  const clock = new ManualClock();
  const pace = new Pace(1_000, clock);
  pace.take(1);
  clock.advance(60_000);
  expect(pace.allowed).toBe(produceBurstMs + 1);
});

test("who waits is woken when the next record may go", async () => {
  const clock = new ManualClock();
  const pace = new Pace(10, clock);
  pace.take(1);
  let isAwake = false;
  const waited = pace.wait().then(() => (isAwake = true));
  clock.advance(99);
  await Promise.resolve();
  expect(isAwake).toBeFalse();
  clock.advance(1);
  await waited;
  expect(pace.allowed).toBe(1);
});
