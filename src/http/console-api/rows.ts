/**
 * Long lists of the console: made in slices, so that clients of the broker get their turns of the
 * event loop in between, and answered in pieces: those rows that are seen, in the order that is
 * asked for.
 */
import type { Clock } from "../../base/clock.ts";
import { LoopShare } from "../../base/loop-share.ts";
import {
  consoleRowsMax,
  consoleTurnMsMax,
  consoleTurnRows,
  consoleTurnWaits,
} from "../../limits.ts";
import { flag, oneOf, optional, text, whole } from "../schema.ts";

/** By clock, of which there is one for each broker. */
const shares = new WeakMap<Clock, LoopShare>();

function shareOf(clock: Clock): LoopShare {
  let share = shares.get(clock);
  if (share === undefined) {
    share = new LoopShare(clock, consoleTurnMsMax);
    shares.set(clock, share);
  }
  return share;
}

/** Calls `work` with each item in order, over as many turns as that needs. */
export async function inSlices<Item>(
  items: readonly Item[],
  { clock }: { readonly clock: Clock },
  work: (item: Item) => void,
  itemsAtOnce = consoleTurnRows,
): Promise<void> {
  await shareOf(clock).each(items, work, itemsAtOnce);
}

/**
 * The same for work that waits. Time is counted up to its first wait, and what follows may be as
 * long: so there is a count beside it.
 */
export async function inTurns<Item>(
  items: readonly Item[],
  { clock }: { readonly clock: Clock },
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const share = shareOf(clock);
  for (const [at, item] of items.entries()) {
    const isMany = at % consoleTurnWaits === consoleTurnWaits - 1;
    if (share.isSpent || isMany) await share.laterTurn();
    await share.run(() => work(item));
  }
}

/** What a list is ordered by: a text, or a number; `null` is the least. */
export type KeyOf<Row> = (row: Row) => string | number | null;

/** All that a list can be ordered by; the first, `null`, is how it is made, and the default. */
export type Keys<Row, By extends string> = Readonly<Record<By, KeyOf<Row> | null>>;

/** The parameters of every list. @param keys what it can be ordered by */
export function rowsQuery<By extends string>(keys: Readonly<Record<By, unknown>>) {
  const names = Object.keys(keys) as By[];
  return {
    search: optional(text({ doc: "Only those whose names have all of these words in them." })),
    order: optional(oneOf(names, { doc: `By ${names[0]} by default.` })),
    down: optional(flag({ doc: "The largest first." })),
    from: optional(whole({ min: 0, doc: "Rows that are left out before." })),
    limit: optional(whole({ min: 0, max: consoleRowsMax, doc: "The most rows, 100 by default." })),
  };
}

/** What {@link rowsQuery} gave. */
export interface RowsAsked<By extends string> {
  readonly search?: string;
  readonly order?: By;
  readonly down?: boolean;
  readonly from?: number;
  readonly limit?: number;
}

/** What was asked of a list, and how much of it fits. */
export interface Piece<Row> {
  readonly found: number;
  readonly rows: readonly Row[];
}

/**
 * The rows that are asked for. Sorts what fits at once: of `partitionsMax` rows that takes some
 * tens of milliseconds, of 10,000 a few.
 */
export function pieceOf<Row, By extends string>(
  rows: readonly Row[],
  { search = "", order, down = false, from = 0, limit = 100 }: RowsAsked<By>,
  nameOf: (row: Row) => string,
  keys: Keys<Row, By>,
): Piece<Row> {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const fits = (row: Row): boolean => {
    const name = nameOf(row).toLowerCase();
    return words.every((word) => name.includes(word));
  };
  const found = words.length === 0 ? rows : rows.filter(fits);
  if (limit === 0) return { found: found.length, rows: [] };
  const keyOf = order === undefined ? null : keys[order];
  const inOrder = keyOf === null && !down ? found : sorted(found, keyOf, down);
  return { found: found.length, rows: inOrder.slice(from, from + limit) };
}

function sorted<Row>(rows: readonly Row[], keyOf: KeyOf<Row> | null, isDown: boolean): Row[] {
  if (keyOf === null) return rows.toReversed();
  const keyed = rows.map((row) => ({ row, key: keyOf(row) ?? -1 }));
  const sign = isDown ? -1 : 1;
  keyed.sort((one, other) => {
    if (one.key === other.key) return 0;
    return one.key < other.key ? -sign : sign;
  });
  return keyed.map(({ row }) => row);
}
