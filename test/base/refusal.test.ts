import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";

test("a refusal reads as its code and what was wrong", () => {
  const refusal = new Refusal("MESSAGE_TOO_LARGE", "a batch of 12 bytes, the limit is 10");
  expect(`${refusal}`).toBe("MESSAGE_TOO_LARGE: a batch of 12 bytes, the limit is 10");
});

test("a refusal is a value, not an error", () => {
  expect(new Refusal("DISK_FULL", "no space")).not.toBeInstanceOf(Error);
});
