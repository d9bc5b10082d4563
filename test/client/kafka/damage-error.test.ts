import { expect, test } from "bun:test";
import { DamageError } from "../../../src/client/kafka/damage-error.ts";

test("says where reading stands, why, and how to go on", () => {
  const where = { topic: "orders", partition: 3 };
  const error = new DamageError("CORRUPT_MESSAGE", where, 7, "the batch is damaged (crc)");
  expect(error).toMatchObject({ ...where, offset: 7, code: "CORRUPT_MESSAGE", retriable: false });
  expect(error.message).toBe(
    "reading orders/3 at offset 7: the batch is damaged (crc) (CORRUPT_MESSAGE). " +
      'skipDamage("orders", 3) goes on behind it',
  );
});
