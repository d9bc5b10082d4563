import { expect, test } from "bun:test";
import { HttpError } from "../../../src/http/errors.ts";
import { topicPattern } from "../../../src/http/rest-v2/topic-pattern.ts";

test.each([
  ["t", "t", true],
  ["t", "tt", false],
  ["t.*", "topic", true],
  ["a|b", "b", true],
  ["a|b", "ab", false],
  ["[a-c]+-\\d{2}", "abc-12", true],
  ["[*+{]", "+", true],
  ["orders\\..*\\.v1", "orders.eu.v1", true],
  ["(?:a|b)x", "bx", true],
])("%s, %s: %p", (pattern, name, matches) => {
  expect((topicPattern(pattern) as RegExp).test(name)).toBe(matches);
});

test.each(["(", "a**b", "(a+)+", "(a|aa)*", "(a){9}", "(.)\\1", "a*b*c*d*", "a".repeat(257)])(
  "%s is refused",
  (pattern) => {
    expect(topicPattern(pattern)).toBeInstanceOf(HttpError);
  },
);

test("the slowest one that is taken is quick", () => {
  const pattern = topicPattern(".*.*.*x") as RegExp;
  const from = performance.now();
  pattern.test("a".repeat(249));
  expect(performance.now() - from).toBeLessThan(5_000);
});
