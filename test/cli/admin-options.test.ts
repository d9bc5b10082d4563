import { describe, expect, test } from "bun:test";
import { adminOptions, setting, twiceIn } from "../../src/cli/admin-options.ts";

describe("a setting", () => {
  const option = setting({ help: "One" });

  test.each([
    ["a=b", ["a", "b"]],
    ["a=", ["a", ""]],
    ["a=b=c", ["a", "b=c"]],
  ])("%s", (given, parsed) => {
    expect(option.parse([given])).toEqual(parsed as [string, string]);
  });

  test.each([["a"], ["=b"], [""]])("%p is none", (given) => {
    expect(option.parse([given])).toBeUndefined();
  });
});

test("the first name that is there twice is told", () => {
  expect(twiceIn(["a", "b", "c"])).toBeNull();
  expect(twiceIn(["a", "b", "b", "a"])).toBe("b");
});

test("brokers have one letter", () => {
  expect(adminOptions.broker.short).toBe("b");
});
