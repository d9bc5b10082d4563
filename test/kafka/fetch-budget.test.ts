import { expect, test } from "bun:test";
import { FetchBudget } from "../../src/kafka/fetch-budget.ts";

test("an answer may have what is left, and a batch even if nothing is", () => {
  const budget = new FetchBudget(1_000);
  expect(budget.grant(600)).toBe(600);
  budget.take(600);
  expect(budget.grant(600)).toBe(400);
  budget.take(700);
  expect(budget.grant(600)).toBe(1);
  budget.give(1_300);
  expect(budget.grant(5_000)).toBe(1_000);
});

test("no more is given back than was taken", () => {
  const budget = new FetchBudget(1_000);
  budget.take(5);
  expect(() => budget.give(6)).toThrow("no more is given back");
});
