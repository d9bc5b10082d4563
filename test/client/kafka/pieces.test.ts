import { expect, test } from "bun:test";
import { piecesOf } from "../../../src/client/kafka/pieces.ts";
import { clientItemsAskedMax } from "../../../src/limits.ts";

test("a long list comes in pieces, in its order, and nothing comes in none", () => {
  const items = Array.from({ length: 2 * clientItemsAskedMax + 1 }, (_, index) => index);
  const pieces = piecesOf(items);
  expect(pieces.map(({ length }) => length)).toEqual([clientItemsAskedMax, clientItemsAskedMax, 1]);
  expect(pieces.flat()).toEqual(items);
  expect(piecesOf([])).toEqual([]);
});

test("what an item names counts, and one that names too much goes alone", () => {
  const half = clientItemsAskedMax / 2;
  const sizes = [half, half, 1, 3 * half, half, half - 1, 1, 1];
  expect(piecesOf(sizes, (size) => size)).toEqual([
    [half, half],
    [1],
    [3 * half],
    [half, half - 1, 1],
    [1],
  ]);
});
