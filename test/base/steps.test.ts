import { expect, test } from "bun:test";
import { finish, type Steps } from "../../src/base/steps.ts";

function* counting(to: number, taken: number[]): Steps<string> {
  for (let at = 0; at < to; at++) {
    taken.push(at);
    yield;
  }
  return "done";
}

test("all steps are taken at once, or those that are left", () => {
  const taken: number[] = [];
  expect(finish(counting(3, taken))).toBe("done");
  expect(taken).toEqual([0, 1, 2]);
  const steps = counting(3, taken);
  steps.next();
  steps.next();
  expect(taken.splice(3)).toEqual([0, 1]);
  expect(finish(steps)).toBe("done");
  expect(taken.splice(3)).toEqual([2]);
});

test("what a step throws comes out", () => {
  function* failing(): Steps<never> {
    yield;
    throw new Error("no");
  }
  expect(() => finish(failing())).toThrow("no");
});
