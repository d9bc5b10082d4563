import { expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { parentOf, partsOf } from "../../src/disk/path.ts";

test("the root has no parts, with or without the leading dot of others", () => {
  expect(partsOf(".")).toEqual([]);
  expect(partsOf("./a")).toEqual(["a"]);
  expect(partsOf("a/b.log")).toEqual(["a", "b.log"]);
});

test("the parent of a name in the root is the root", () => {
  expect(parentOf("a")).toBe(".");
  expect(parentOf("./a")).toBe(".");
  expect(parentOf("a/b/c")).toBe("a/b");
  expect(() => parentOf(".")).toThrow(AssertionError);
});

test("nothing leads out of the root", () => {
  for (const path of ["..", "a/..", "/a", "", "a//b", "a/", "a/./b", "././a", "a\0"]) {
    expect(() => partsOf(path)).toThrow(AssertionError);
  }
});
