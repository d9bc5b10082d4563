import { expect, test } from "bun:test";
import { ConsumerError } from "../../src/client/consumer-error.ts";

test("an error has a name for people, a code for programs, and says what is damaged", () => {
  const damaged = { topic: "orders", partition: 0, fromOffset: 2, toOffset: 4 };
  const error = new ConsumerError("RECORDS_DAMAGED", "offsets 2 to 3 are damaged", damaged);
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).toBe("ConsumerError: offsets 2 to 3 are damaged");
  expect(error).toMatchObject({ code: "RECORDS_DAMAGED", damaged });
  expect(new ConsumerError("CLOSED", "closed").damaged).toBeUndefined();
});
