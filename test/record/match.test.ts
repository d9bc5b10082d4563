import { expect, test } from "bun:test";
import { copyLiterals, copyMatch, findMatches, matchBytesMin } from "../../src/record/match.ts";
import { textBytes } from "../support/hex.ts";
import { randomForTest, repetitiveBytes } from "../support/seed.ts";

/** What a decoder would make of the sequences; fails where a promise of the search is broken. */
function replay(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const out = new Uint8Array(to - from);
  let at = 0;
  let next = from;
  const sequence = (start: number, end: number, distance: number, length: number): void => {
    expect(start).toBe(next);
    expect(length).toBeGreaterThanOrEqual(matchBytesMin);
    copyLiterals(bytes, start, out, at, end - start);
    at += end - start;
    expect(distance).toBeLessThanOrEqual(at);
    copyMatch(out, at, distance, length);
    at += length;
    next = end + length;
  };
  const tail = findMatches(bytes, from, to, { sequence });
  expect(tail).toBe(next);
  expect(to - tail).toBeGreaterThanOrEqual(Math.min(5, to - from));
  copyLiterals(bytes, tail, out, at, to - tail);
  return out;
}

test("literals and matches together are the bytes, from wherever they are taken", () => {
  const random = randomForTest();
  for (let round = 0; round < 100; round++) {
    const bytes = repetitiveBytes(random, random.below(3000));
    const from = random.below(bytes.length + 1);
    const to = from + random.below(bytes.length - from + 1);
    expect(replay(bytes, from, to)).toEqual(bytes.slice(from, to));
  }
});

test("what was searched before leaves no trace", () => {
  const first = textBytes("the quick brown fox jumps over the quick brown dog, over and over");
  expect(replay(first, 0, first.length)).toEqual(first);
  const other = first.toReversed();
  expect(replay(other, 0, other.length)).toEqual(other);
});

test("a match of any distance and length repeats as byte after byte would", () => {
  for (const distance of [1, 2, 3, 7, 39, 40, 41, 100, 200]) {
    for (const length of [0, 1, 39, 40, 41, 99, 200, 777]) {
      const bytes = new Uint8Array(1000).map((_, at) => (at < 200 ? at : 0));
      const expected = bytes.slice();
      for (let at = 200; at < 200 + length; at++) expected[at] = expected[at - distance]!;
      copyMatch(bytes, 200, distance, length);
      expect(bytes).toEqual(expected);
    }
  }
});
