import { expect, test } from "bun:test";
import { assert, AssertionError, unreachable } from "../../src/base/assert.ts";

test("a condition that holds is no event", () => {
  expect(assert(1 + 1 === 2, "arithmetic holds")).toBeUndefined();
});

test("a condition that does not hold throws what it was about", () => {
  expect(() => assert(1 + 1 === 3, "arithmetic holds")).toThrow(
    new AssertionError("arithmetic holds"),
  );
});

test("a value that the types rule out is named when it comes all the same", () => {
  const impossible: unknown = "blue";
  expect(() => unreachable(impossible as never)).toThrow("unreachable: blue");
});
