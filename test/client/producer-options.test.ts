import { expect, test } from "bun:test";
import { type ProducerOptions, producerPlan } from "../../src/client/producer-options.ts";
import { producerDeliveryMsMax, producerInFlightMessagesMax } from "../../src/limits.ts";

test("what is left out is the original's port on this machine, and limits.ts", () => {
  expect(producerPlan({})).toMatchObject({
    host: "127.0.0.1",
    port: 8080,
    deliveryTimeoutMs: producerDeliveryMsMax,
    inFlightMessagesMax: producerInFlightMessagesMax,
  });
});

test.each([
  { host: "" },
  { host: 5 },
  { port: 0 },
  { port: 65_536 },
  { port: "8080" },
  { deliveryTimeoutMs: Number.NaN },
  { deliveryTimeoutMs: Infinity },
  { deliveryTimeoutMs: 2 ** 31 },
  { deliveryTimeoutMs: -1 },
  { inFlightBytesMax: 0 },
  { inFlightMessagesMax: 0.5 },
])("%p is refused", (options) => {
  expect(() => producerPlan(options as unknown as ProducerOptions)).toThrow(
    expect.objectContaining({ code: "INVALID" }),
  );
});
