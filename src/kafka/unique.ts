/** Lists of a request in which something is named twice. */

/** Without those that have the key of an earlier one: who asks twice is answered once. */
export const unique = <Item>(items: readonly Item[], keyOf: (item: Item) => unknown): Item[] => {
  const seen = new Set<unknown>();
  return items.filter((item) => seen.size < seen.add(keyOf(item)).size);
};
