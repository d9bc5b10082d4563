/**
 * Long lists of a request, in pieces: brokers read and answer a request in one go, and refuse one
 * that names too much. Kafka has no such limit, and takes pieces as well.
 */
import { clientItemsAskedMax } from "../../limits.ts";

/**
 * In the order of the items. A piece that has more than one has no more than a request may name.
 * @param sizeOf what an item names, itself included
 */
export function piecesOf<Item>(
  items: readonly Item[],
  sizeOf: (item: Item) => number = () => 1,
): readonly (readonly Item[])[] {
  const pieces: Item[][] = [];
  let room = 0;
  for (const item of items) {
    const size = sizeOf(item);
    const last = pieces.at(-1);
    if (last === undefined || size > room) {
      pieces.push([item]);
      room = clientItemsAskedMax - size;
    } else {
      last.push(item);
      room -= size;
    }
  }
  return pieces;
}
