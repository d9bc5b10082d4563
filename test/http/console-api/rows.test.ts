import { expect, test } from "bun:test";
import { inSlices, inTurns, pieceOf } from "../../../src/http/console-api/rows.ts";
import { consoleTurnRows, consoleTurnWaits } from "../../../src/limits.ts";
import { ManualClock } from "../../fake/clock.ts";

const names = ["orders", "order-events", "payments", "orders-eu"].map((name, at) => ({ name, at }));
const nameOf = ({ name }: (typeof names)[number]): string => name;

test("a piece has the rows from one place on, and says how many fit", () => {
  const piece = pieceOf(names, { search: "ORD", from: 1, limit: 1 }, nameOf, null);
  expect(piece).toEqual({ found: 3, rows: [{ name: "order-events", at: 1 }] });
});

test("each word has to be in the name, wherever it stands", () => {
  expect(pieceOf(names, { search: "eu order" }, nameOf, null).rows).toEqual([names[3]!]);
});

test("rows are ordered by what is asked for, and by nothing else where that is equal", () => {
  const byLength = ({ name }: (typeof names)[number]): number => name.length;
  const upward = pieceOf(names, {}, nameOf, byLength).rows.map(({ at }) => at);
  expect(upward).toEqual([0, 2, 3, 1]);
  const downward = pieceOf(names, { down: true }, nameOf, byLength).rows.map(({ at }) => at);
  expect(downward).toEqual([1, 3, 2, 0]);
});

test("what is not known counts as the least", () => {
  const known = ({ at }: (typeof names)[number]): number | null => (at === 2 ? null : at);
  expect(pieceOf(names, {}, nameOf, known).rows.map(({ at }) => at)).toEqual([2, 0, 1, 3]);
});

test("a list over many turns misses none and keeps its order, whether or not its work waits", async () => {
  const clock = new ManualClock();
  const count = 3 * Math.max(consoleTurnRows, consoleTurnWaits) + 1;
  const all = Array.from({ length: count }, (_, at) => at);
  for (const through of [inSlices, inTurns]) {
    const seen: number[] = [];
    const work = (item: number): Promise<void> => Promise.resolve(void seen.push(item));
    let isDone = false;
    const done = through(all, { clock }, work as (item: number) => Promise<void> & void).then(
      () => {
        isDone = true;
      },
    );
    while (!isDone) {
      clock.advance(1);
      await Promise.resolve();
    }
    await done;
    expect(seen).toEqual(all);
  }
});
