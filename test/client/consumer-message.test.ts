import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { ConsumerMessage } from "../../src/client/consumer-message.ts";
import { nanosecondHeader } from "../../src/record/nanoseconds.ts";
import { bytesOf, textBytes } from "../support/hex.ts";

const trace = { key: "trace", value: textBytes("1") };

test("a message keeps nanoseconds, and hides the header in which they came", () => {
  const message = new ConsumerMessage("orders", 3, {
    offset: offset(42),
    timestamp: -1_500,
    key: textBytes("k"),
    value: textBytes("grüße"),
    headers: [trace, nanosecondHeader(999_999)],
  });
  expect(message.timestampNs).toBe(-1_499_000_001n);
  expect(message.headers).toEqual([trace]);
  expect([message.topic, message.partition, message.offset]).toEqual(["orders", 3, 42]);
  expect([message.keyText, message.valueText]).toEqual(["k", "grüße"]);
  expect(message.bytes).toBe(1 + 7);
});

test("what is not there is null, and what is no text is shown as such", () => {
  const message = new ConsumerMessage("orders", 0, {
    offset: offset(0),
    timestamp: 5,
    key: null,
    value: bytesOf("61 ff"),
    headers: [],
  });
  expect([message.keyText, message.valueText]).toEqual([null, "a\ufffd"]);
  expect(message.timestampNs).toBe(5_000_000n);
  expect(message.bytes).toBe(2);
});
