import { expect, test } from "bun:test";
import { Periodic } from "../../src/broker/periodic.ts";
import { ManualClock } from "../fake/clock.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("it is done first after one time, then after the other, counted from its end", async () => {
  const clock = new ManualClock();
  const begun: number[] = [];
  const periodic = new Periodic(clock, 10, 100, async () => {
    begun.push(clock.monotonic());
    await new Promise<void>((resolve) => clock.after(7, resolve));
  });
  for (let i = 0; i < 300; i++) {
    clock.advance(1);
    await turn();
  }
  expect(begun).toEqual([10, 117, 224]);
  await periodic.close();
  expect(clock.pending).toBe(0);
});

test("closing waits for what is under way, and nothing begins afterwards", async () => {
  const clock = new ManualClock();
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const periodic = new Periodic(clock, 1, 1, () => {
    count += 1;
    return promise;
  });
  clock.advance(1);
  let isClosed = false;
  const closing = periodic.close().then(() => (isClosed = true));
  await turn();
  expect([isClosed, periodic.isClosed]).toEqual([false, true]);
  resolve();
  await closing;
  clock.advance(1000);
  expect(count).toBe(1);
  expect(clock.pending).toBe(0);
});
