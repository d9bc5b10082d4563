/**
 * The long lists of a request, at a pace that leaves everybody else their turns: what was asked of
 * many topics, groups or resources goes on in later turns of the event loop once this one is spent.
 */
import { concurrently } from "../broker/concurrently.ts";
import { kafkaPacedPerTurnMax } from "../limits.ts";
import type { Services } from "./handler.ts";

/**
 * Runs `work` on each item, `atOnce` at a time; the results, in order.
 *
 * Time is counted up to the first wait of a piece of work, and what follows may be as long: so
 * there is a count beside it.
 */
export async function paced<Item, Result>(
  items: readonly Item[],
  { share }: Pick<Services, "share">,
  work: (item: Item) => Result | Promise<Result>,
  atOnce = 1,
): Promise<Result[]> {
  let inTurn = 0;
  return await concurrently(items, atOnce, async (item) => {
    if (share.isSpent || inTurn === kafkaPacedPerTurnMax) {
      await share.laterTurn();
      inTurn = 0;
    }
    inTurn += 1;
    return await share.run(() => work(item));
  });
}

/** Without those that have the key of an earlier one: who asks twice is answered once. */
export const unique = <Item>(items: readonly Item[], keyOf: (item: Item) => unknown): Item[] => {
  const seen = new Set<unknown>();
  return items.filter((item) => seen.size < seen.add(keyOf(item)).size);
};
