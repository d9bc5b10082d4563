import { describe, expect, test } from "bun:test";
import {
  decodePayload,
  encodeFrame,
  frameBytes,
  frameHeaderBytes,
  payloadBytesMin,
  putFrame,
  type Message,
} from "../../src/native/frame.ts";
import { millisecondsOf, nanosecondRemainder } from "../../src/record/nanoseconds.ts";
import { bytesOf, textBytes } from "../support/hex.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

/** The worked frame of PROTOCOL.md. */
const workedFrame = bytesOf(`
  39000000 d8a07c9e61f75918 07000000 746f7069632d30 0b000000 62617463682d7573657230
  13000000 53697a652074657374206d6573736167652030`);

const workedMessage: Message = {
  timestamp: Date.parse("2025-08-09T02:12:08.480Z"),
  nanoseconds: 375_000,
  topic: textBytes("topic-0"),
  key: textBytes("batch-user0"),
  value: textBytes("Size test message 0"),
};

/** The payload in `bytes`, with its parts as text; `null` if it does not parse. */
function read(bytes: Uint8Array, start = 0, end = bytes.length) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ranges = decodePayload(view, start, end);
  if (ranges === null) return null;
  const text = (from: number, to: number): string =>
    new TextDecoder().decode(bytes.subarray(from, to));
  const { timestampHigh: high, timestampLow: low } = ranges;
  return {
    timestamp: millisecondsOf(high, low),
    nanoseconds: nanosecondRemainder(high, low),
    topic: text(ranges.topicFrom, ranges.topicTo),
    key: text(ranges.keyFrom, ranges.keyTo),
    value: text(ranges.valueFrom, ranges.valueTo),
  };
}

describe("the worked frame", () => {
  test("is what its message is encoded to", () => {
    expect(encodeFrame(workedMessage).toHex()).toBe(workedFrame.toHex());
    expect(frameBytes(workedMessage)).toBe(61);
  });

  test("is read where it lies, among other bytes", () => {
    const around = new Uint8Array(100).fill(0xee);
    around.set(workedFrame, 10);
    expect(read(around.subarray(3), 11, 11 + 57)).toEqual({
      timestamp: 1_754_705_528_480,
      nanoseconds: 375_000,
      topic: "topic-0",
      key: "batch-user0",
      value: "Size test message 0",
    });
  });

  test("does not parse if anything is cut off its end", () => {
    const payload = workedFrame.subarray(frameHeaderBytes);
    for (let length = 0; length < payload.length; length++) {
      expect([length, read(payload.subarray(0, length))]).toEqual([length, null]);
    }
  });

  test("does not parse if anything follows its value", () => {
    expect(read(Buffer.concat([workedFrame.subarray(frameHeaderBytes), Uint8Array.of(0)]))).toBe(
      null,
    );
  });

  test.each([
    ["topic", 8],
    ["key", 19],
    ["value", 34],
  ])("does not parse with a %s length of 2^32 - 1, of one more, of one less", (_part, at) => {
    for (const change of [() => 0xffff_ffff, (was: number) => was + 1, (was: number) => was - 1]) {
      const payload = workedFrame.slice(frameHeaderBytes);
      const view = new DataView(payload.buffer);
      view.setUint32(at, change(view.getUint32(at, true)), true);
      expect(read(payload)).toBeNull();
    }
  });
});

test("the smallest payload is a timestamp and three empty parts", () => {
  const nothing = new Uint8Array(0);
  const frame = encodeFrame({
    timestamp: -1,
    nanoseconds: 999_999,
    topic: nothing,
    key: nothing,
    value: nothing,
  });
  expect(frame.length).toBe(frameHeaderBytes + payloadBytesMin);
  expect(read(frame.subarray(frameHeaderBytes))).toEqual({
    timestamp: -1,
    nanoseconds: 999_999,
    topic: "",
    key: "",
    value: "",
  });
});

test("messages of any size follow each other in one buffer and are read back", () => {
  const random = randomForTest();
  for (let round = rounds(200, 5000); round > 0; round--) {
    const messages = Array.from({ length: 1 + random.below(5) }, (): Message => ({
      timestamp: random.below(2 ** 32),
      nanoseconds: random.below(1_000_000),
      topic: randomBytes(random, random.below(20)),
      key: randomBytes(random, random.below(20)),
      value: randomBytes(random, random.below(200)),
    }));
    const into = new Uint8Array(messages.reduce((sum, each) => sum + frameBytes(each), 0));
    const view = new DataView(into.buffer);
    let at = 0;
    for (const message of messages) at = putFrame(into, view, at, message);
    expect(at).toBe(into.length);
    at = 0;
    for (const message of messages) {
      const end = at + frameBytes(message);
      const ranges = decodePayload(view, at + frameHeaderBytes, end);
      expect(ranges).not.toBeNull();
      expect(into.slice(ranges!.topicFrom, ranges!.topicTo).toHex()).toBe(message.topic.toHex());
      expect(into.slice(ranges!.keyFrom, ranges!.keyTo).toHex()).toBe(message.key.toHex());
      expect(into.slice(ranges!.valueFrom, ranges!.valueTo).toHex()).toBe(message.value.toHex());
      at = end;
    }
  }
});

test("no mutation makes a part reach outside its payload", () => {
  const random = randomForTest();
  let parsed = 0;
  for (let round = rounds(20_000, 200_000); round > 0; round--) {
    const payload = workedFrame.slice(frameHeaderBytes);
    for (let flips = 1 + random.below(4); flips > 0; flips--) {
      payload[random.below(payload.length)] = random.below(256);
    }
    const end = random.below(3) === 0 ? random.below(payload.length + 1) : payload.length;
    const ranges = decodePayload(new DataView(payload.buffer), 0, end);
    if (ranges === null) continue;
    parsed += 1;
    const { topicFrom, topicTo, keyFrom, keyTo, valueFrom, valueTo } = ranges;
    const inOrder = [12, topicFrom, topicTo, keyFrom, keyTo, valueFrom, valueTo];
    expect(inOrder.toSorted((a, b) => a - b)).toEqual(inOrder);
    expect(valueTo).toBe(end);
  }
  // Most mutations hit the texts.
  expect(parsed).toBeGreaterThan(100);
});
