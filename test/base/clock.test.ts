import { expect, test } from "bun:test";
import { systemClock } from "../../src/base/clock.ts";

test("a timer fires once, not before its time", async () => {
  const begun = systemClock.monotonic();
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  expect(systemClock.monotonic() - begun).toBeGreaterThanOrEqual(4);
});

test("a cancelled timer does not fire, and cancelling it again does nothing", async () => {
  let fired = false;
  const cancel = systemClock.after(0, () => {
    fired = true;
  });
  cancel();
  cancel();
  await new Promise<void>((resolve) => systemClock.after(5, resolve));
  expect(fired).toBe(false);
});

test("wall time is in milliseconds since 1970", () => {
  expect(Math.abs(systemClock.now() - new Date().getTime())).toBeLessThan(1000);
});
