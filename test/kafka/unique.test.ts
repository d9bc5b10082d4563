import { expect, test } from "bun:test";
import { unique } from "../../src/kafka/unique.ts";

test("who asks twice is answered once, where it asked first", () => {
  expect(unique(["b", "a", "b", "c", "a"], (item) => item)).toEqual(["b", "a", "c"]);
});
