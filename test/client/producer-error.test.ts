import { expect, test } from "bun:test";
import { ProducerError } from "../../src/client/producer-error.ts";

test("a program tells refusals apart by code and the broker's word, a person by the text", () => {
  const error = new ProducerError("NACK", "the broker refused: CORRUPTED", {
    reason: "CORRUPTED",
    index: 3,
  });
  expect(`${error}`).toBe("ProducerError: the broker refused: CORRUPTED");
  expect([error.code, error.reason, error.index]).toEqual(["NACK", "CORRUPTED", 3]);
  expect(error.mayBeStored).toBe(false);
});
