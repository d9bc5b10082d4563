/** Work on many things at once, but not on all of them: the disk and its threads are few. */
import { assert } from "./assert.ts";

/** Runs `work` on each item, at most `atOnce` at a time; resolves to the results, in order. */
export async function concurrently<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  assert(atOnce > 0, "something must be allowed to run");
  const results: Result[] = [];
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane));
  return results;
}
