import { expect, test } from "bun:test";
import { concurrently } from "../../src/base/concurrently.ts";

test("all items are worked on, at most so many at once, and results keep their order", async () => {
  const open: (() => void)[] = [];
  let most = 0;
  let running = 0;
  const results = concurrently([0, 1, 2, 3, 4, 5, 6], 3, async (item) => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => open.push(resolve));
    running -= 1;
    return item * 10;
  });
  // The newest first, so that later items end before earlier ones.
  for (let done = 0; done < 7; done++) {
    open.pop()?.();
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }
  expect(await results).toEqual([0, 10, 20, 30, 40, 50, 60]);
  expect(most).toBe(3);
});

test("no items are no work", async () => {
  expect(await concurrently([], 3, () => Promise.reject(new Error("never called")))).toEqual([]);
});
