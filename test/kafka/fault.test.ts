import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { Fault, faultOf } from "../../src/kafka/fault.ts";

test("a refusal of the broker keeps its reason under Kafka's code", () => {
  const { code, message } = faultOf(new Refusal("DISK_FULL", "free some space"));
  expect([code, message]).toEqual([56, "free some space"]);
});

test("a fault without a reason has Kafka's own words", () => {
  const { code, message } = Fault.plain("UNKNOWN_TOPIC_ID");
  expect([code, message]).toEqual([100, "there is no topic with this id here"]);
});
