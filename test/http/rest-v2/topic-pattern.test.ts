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
  ["(?:eu|us)-.*?-v\\d?", "us-orders-v1", true],
  [Array.from({ length: 40 }, (_, at) => `t${at}`).join("|"), "t39", true],
])("%s, %s: %p", (pattern, name, matches) => {
  expect((topicPattern(pattern) as RegExp).test(name)).toBe(matches);
});

test.each([
  ...["(", "a**b", "(a+)+", "(a|aa)*", "(a){9}", "(.)\\1", "a*b*c*d*", "a".repeat(257)],
  // Years, each of them.
  `${"(a|a)".repeat(40)}x`,
  `${"a?".repeat(60)}${"a".repeat(60)}`,
  `.*.*.*${"(a|a)".repeat(9)}x`,
])("%s is refused", (pattern) => {
  expect(topicPattern(pattern)).toBeInstanceOf(HttpError);
});

test.each([".*.*.*x", `${"(a|a)".repeat(12)}x`, ".*.*(a|a)(a|a)(a|a)(a|a)x"])(
  "the slowest ones that are taken are quick: %s",
  (given) => {
    const pattern = topicPattern(given) as RegExp;
    const from = performance.now();
    pattern.test("a".repeat(249));
    expect(performance.now() - from).toBeLessThan(5_000);
  },
);
