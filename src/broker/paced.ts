/**
 * Long lists, at a pace that leaves everybody else their turns: what is done with many topics,
 * groups or partitions goes on in later turns of the event loop once this one is spent.
 */
import { concurrently } from "../base/concurrently.ts";
import type { LoopShare } from "../base/loop-share.ts";
import { pacedPerTurnMax } from "../limits.ts";

/**
 * Runs `work` on each item, `atOnce` at a time; the results, in order.
 *
 * Time is counted up to the first wait of a piece of work, and what follows may be as long: so
 * there is a count beside it.
 */
export async function paced<Item, Result>(
  items: readonly Item[],
  { share }: { readonly share: LoopShare },
  work: (item: Item) => Result | Promise<Result>,
  atOnce = 1,
): Promise<Result[]> {
  let inTurn = 0;
  return await concurrently(items, atOnce, async (item) => {
    if (share.isSpent || inTurn === pacedPerTurnMax) {
      await share.laterTurn();
      inTurn = 0;
    }
    inTurn += 1;
    return await share.run(() => work(item));
  });
}
