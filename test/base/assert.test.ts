import { expect, test } from "bun:test";
import { assert, AssertionError } from "../../src/base/assert.ts";

test("a condition that holds is no event", () => {
  expect(assert(1 + 1 === 2, "arithmetic holds")).toBeUndefined();
});

test("a condition that does not hold throws what it was about", () => {
  expect(() => assert(1 + 1 === 3, "arithmetic holds")).toThrow(
    new AssertionError("arithmetic holds"),
  );
});
