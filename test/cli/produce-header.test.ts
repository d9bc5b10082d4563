import { expect, test } from "bun:test";
import { header } from "../../src/cli/produce-header.ts";

const option = header({ help: "A header" });

test.each([
  ["trace=a1", { key: "trace", value: "a1" }],
  ["query=a=b", { key: "query", value: "a=b" }],
  ["empty=", { key: "empty", value: "" }],
])("%s is a header", (given, expected) => {
  expect(option.parse([given])).toEqual(expected);
});

test.each(["trace", "=a1", ""])("%p is none", (given) => {
  expect(option.parse([given])).toBeUndefined();
});
