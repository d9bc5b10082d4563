import { expect, test } from "bun:test";
import { betterOf, pairsOf, ratioOf, thereAndBack } from "../../../scripts/bench/pairing.ts";

test("a round goes there and back", () => {
  expect(thereAndBack(["a", "b"])).toEqual(["a", "b", "b", "a"]);
  expect(thereAndBack(["a", "b", "c"])).toEqual(["a", "b", "c", "c", "b", "a"]);
});

test("the nth is paired with the nth, and what has no opponent with nobody", () => {
  expect(pairsOf([1, 2, 3], [4, NaN])).toEqual([{ a: 1, b: 4 }]);
});

test("rates are to be high, times and sizes low", () => {
  expect(["records/s", "MB/s", "accepted/s"].map(betterOf)).toEqual(["more", "more", "more"]);
  expect(["p99 µs", "start ms", "idle MiB"].map(betterOf)).toEqual(["less", "less", "less"]);
});

test("a ratio above one means that the first is better, whatever better means", () => {
  const pairs = [
    { a: 20, b: 10 },
    { a: 30, b: 10 },
    { a: 25, b: 10 },
  ];
  expect(ratioOf(pairs, "more", 1)).toMatchObject({ median: 2.5, pairs: 3 });
  expect(ratioOf(pairs, "less", 1).median).toBeCloseTo(0.4, 12);
});

test("a drift that is steady falls out of a round", () => {
  // Both are equally fast on a machine that loses a tenth of its speed with each run.
  const speed = (run: number): number => 100 * 0.9 ** run;
  const order = thereAndBack(["a", "b", "c"]);
  const valuesOf = (name: string): number[] =>
    order.flatMap((each, run) => (each === name ? [speed(run)] : []));
  const { low, high } = ratioOf(pairsOf(valuesOf("a"), valuesOf("c")), "more", 1);
  expect(low * high).toBeCloseTo(1, 12);
});
