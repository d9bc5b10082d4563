import { expect, test } from "bun:test";
import { Budget } from "../../src/net/budget.ts";

test("a budget is exceeded above its bound, and not at it", () => {
  const budget = new Budget(100);
  budget.reserve(100);
  expect(budget.exceeded).toBe(false);
  budget.reserve(1);
  expect(budget.exceeded).toBe(true);
  expect(budget.used).toBe(101);
});

test("whoever waits is called once, when a quarter of the room is free", () => {
  const budget = new Budget(100);
  let calls = 0;
  budget.reserve(120);
  budget.wait({ roomAgain: () => (calls += 1) });
  budget.release(44);
  expect(calls).toBe(0);
  budget.release(1);
  expect(calls).toBe(1);
  budget.release(75);
  expect(calls).toBe(1);
});

test("one who waits again from within its call is called at the next release", () => {
  const budget = new Budget(100);
  let calls = 0;
  const waiter = {
    roomAgain() {
      calls += 1;
      if (calls === 1) budget.wait(waiter);
    },
  };
  budget.reserve(50);
  budget.wait(waiter);
  budget.release(1);
  expect(calls).toBe(1);
  budget.release(1);
  expect(calls).toBe(2);
});

test("one that has left is not called", () => {
  const budget = new Budget(100);
  let calls = 0;
  const waiter = { roomAgain: () => (calls += 1) };
  budget.reserve(120);
  budget.wait(waiter);
  budget.leave(waiter);
  budget.release(120);
  expect(calls).toBe(0);
});

test("releasing more than was reserved is a programmer's error", () => {
  const budget = new Budget(100);
  budget.reserve(1);
  expect(() => budget.release(2)).toThrow("no more is released than was reserved");
});
