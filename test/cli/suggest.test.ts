import { expect, test } from "bun:test";
import { nearest, suggestion } from "../../src/cli/suggest.ts";

const words = ["serve", "produce", "consume", "topics", "import", "check", "read", "version"];

test.each([
  ["a missing letter", "prduce", "produce"],
  ["a letter too many", "servee", "serve"],
  ["another letter", "topixs", "topics"],
  ["two letters swapped", "raed", "read"],
  ["the first letters", "ver", "version"],
  ["nothing alike", "kubernetes", null],
  ["too short to tell", "x", null],
  ["nothing at all", "", null],
])("%s: %p → %p", (_, wrong, expected) => {
  expect(nearest(wrong, words)).toBe(expected);
});

test("first letters that several words share are compared as a whole", () => {
  expect(nearest("--max", ["--max-connections", "--max-connections-per-address"])).toBe(null);
});

test("a text of any length is compared quickly", () => {
  expect(nearest("x".repeat(1_000_000), words)).toBe(null);
});

test("a suggestion is a sentence, or nothing", () => {
  expect(suggestion("chekc", words)).toBe(" Did you mean check?");
  expect(suggestion("kubernetes", words)).toBe("");
});
