import { describe, expect, test } from "bun:test";
import { isAfter, sequenceAfter } from "../../src/record/sequence.ts";

const last = 0x7fff_ffff;

describe("a number after another", () => {
  test.each([
    [0, 0, 0],
    [last, 0, last],
    [last, 1, 0],
    [last - 5, 5, last],
    [last - 5, 6, 0],
    [last, last, last - 1],
  ])("%p and %p more is %p", (sequence, count, expected) => {
    expect(sequenceAfter(sequence, count)).toBe(expected);
  });
});

test.each([
  [1, 0, true],
  [0, 0, false],
  [0, 1, false],
  [0, last, true],
  [last, 0, false],
  [5, last - 5, true],
  [last - 5, 5, false],
])("that a batch at %p comes after one at %p is %p", (sequence, other, expected) => {
  expect(isAfter(sequence, other)).toBe(expected);
});
