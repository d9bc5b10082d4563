import { expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { DeliveryError } from "../../../src/client/kafka/delivery-error.ts";

test("says where the record was to go, whether it may be there, and which of several it is", () => {
  const place = { topic: "orders", partition: 3, mayBeStored: true };
  const error = new DeliveryError("TIMED_OUT", "no answer", place);
  expect(error).toBeInstanceOf(ClientError);
  expect(error).toMatchObject({ code: "TIMED_OUT", ...place, index: undefined });
  expect(error.at(7)).toMatchObject({ ...place, index: 7, message: "record 7: no answer" });
});
