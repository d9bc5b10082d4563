import { describe, expect, test } from "bun:test";
import { ProducerError } from "../../src/client/producer-error.ts";
import { MessageEncoder, type ProducerMessage } from "../../src/client/producer-message.ts";
import type { Message } from "../../src/native/frame.ts";
import { ManualClock } from "../fake/clock.ts";

const encoder = new MessageEncoder(new ManualClock(1234.5));

function encode(given: Partial<ProducerMessage>): Message {
  const message = encoder.encode({ topic: "t", value: "v", ...given });
  if (message instanceof ProducerError) throw message;
  return message;
}

describe("a timestamp", () => {
  test("left out is now, in whole milliseconds", () => {
    expect(encode({})).toMatchObject({ timestamp: 1234, nanoseconds: 0 });
  });

  test.each([
    [1_754_705_528_480_375_000n, 1_754_705_528_480, 375_000],
    [0n, 0, 0],
    [-1n, -1, 999_999],
    [-1_000_000n, -1, 0],
    [2n ** 63n - 1_000_000n * 5000n, 9_223_372_031_854, 775_808],
  ])("of %d nanoseconds is milliseconds and a rest", (timestamp, milliseconds, nanoseconds) => {
    expect(encode({ timestamp })).toMatchObject({ timestamp: milliseconds, nanoseconds });
  });

  test.each([1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e15, -1e15, 2n ** 63n, -(2n ** 64n)])(
    "of %p can't be sent",
    (timestamp) => {
      expect(() => encode({ timestamp })).toThrow("a timestamp is");
    },
  );
});

test("what is neither text nor bytes can't be sent, whatever a program without types gives", () => {
  for (const more of [{ topic: 5 }, { key: 5 }, { value: 5 }, { value: undefined }]) {
    expect(() => encode(more as unknown as Partial<ProducerMessage>)).toThrow(
      "a topic is text, a key and a value are text or bytes",
    );
  }
  const nothing = undefined as unknown as ProducerMessage;
  expect(encoder.encode(nothing)).toMatchObject({ code: "INVALID" });
});

describe("texts", () => {
  test("are UTF-8, also when topics alternate", () => {
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    for (const topic of ["größe", "größe", "t", "größe"]) {
      const message = encode({ topic, key: "k€y", value: "🗿" });
      expect([message.topic, message.key, message.value].map(text)).toEqual([topic, "k€y", "🗿"]);
    }
  });

  test("and bytes together may be 10 MiB, less the 20 of the layout", () => {
    const room = 10 * 1024 * 1024 - 20 - 1 - 3;
    expect(encode({ key: "key", value: new Uint8Array(room) }).value.length).toBe(room);
    expect(() => encode({ key: "key", value: new Uint8Array(room + 1) })).toThrow(
      "a message of 10485761 bytes; the limit is 10485760",
    );
  });
});
