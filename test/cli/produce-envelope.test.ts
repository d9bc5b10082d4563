import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { envelopeReader, type EnvelopeShape } from "../../src/cli/produce-envelope.ts";
import { envelopeLine } from "../../src/cli/read-template.ts";
import type { ProducerRecord } from "../../src/client/kafka/producer-record.ts";
import { jsonLine } from "../../src/reader/lines.ts";
import { nanosecondHeader } from "../../src/record/nanoseconds.ts";
import type { BatchRecord } from "../../src/record/records.ts";
import { textBytes } from "../support/hex.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

const shape: EnvelopeShape = {
  topic: null,
  partition: null,
  key: null,
  headers: [],
  timestamp: null,
  bytesMax: 100,
  tooLarge: "too large",
};

const read = (line: string | object, changes: Partial<EnvelopeShape> = {}) =>
  envelopeReader({ ...shape, ...changes })(
    textBytes(typeof line === "string" ? line : JSON.stringify(line)),
  );

const place = { topic: "orders", partition: 3 };

/** The record that goes out again for one that came in. */
const copyOf = ({ timestamp, key, value, headers }: BatchRecord): ProducerRecord => ({
  ...place,
  ...(headers.length === 0 ? {} : { headers }),
  key,
  value,
  timestamp,
});

const record: BatchRecord = {
  offset: offset(42),
  timestamp: 1_754_705_528_480,
  key: textBytes("user1"),
  value: textBytes("tea\n"),
  headers: [],
};

const changes: readonly [string, Partial<BatchRecord>][] = [
  ["texts", {}],
  ["nothing", { key: null, value: null }],
  ["what is empty", { key: new Uint8Array(0), value: new Uint8Array(0) }],
  ["bytes", { key: Uint8Array.of(0, 0xff), value: Uint8Array.of(0xc3) }],
  ["what controls a terminal", { value: textBytes('\u001b[2J\u202e"\\\u{1f600}') }],
  ["nanoseconds", { headers: [{ key: "a", value: null }, nanosecondHeader(123_456)] }],
  [
    "headers, twice the same and one of bytes",
    {
      headers: [
        { key: "a", value: textBytes("1") },
        { key: "a", value: Uint8Array.of(0xfe) },
        { key: "", value: null },
        { key: "b", value: new Uint8Array(0) },
      ],
    },
  ],
];

describe("what was printed comes back as it was", () => {
  test.each(changes)("%s", (_, change) => {
    const changed = { ...record, ...change };
    expect(read(envelopeLine(place, changed, { isAppendTime: false }))).toEqual(copyOf(changed));
    expect(read(jsonLine(place, changed))).toEqual(copyOf(changed));
  });

  test("whatever bytes there are", () => {
    const random = randomForTest();
    const bytes = (): Uint8Array => randomBytes(random, random.below(9));
    for (let round = 0; round < 300; round++) {
      const headers = [{ key: `h${random.below(10)}`, value: bytes() }];
      const changed = { ...record, key: bytes(), value: bytes(), headers };
      expect(read(envelopeLine(place, changed, { isAppendTime: false }))).toEqual(copyOf(changed));
      expect(read(jsonLine(place, changed))).toEqual(copyOf(changed));
    }
  });
});

describe("the options of the call", () => {
  const line = { topic: "a", partition: 3, payload: "v", ts: 5, headers: ["x", "1"] };

  test("go before what the line says", () => {
    const own = { key: "trace", value: "a1" };
    const given = { topic: "b", partition: 1, timestamp: 7, headers: [own] };
    expect(read(line, given)).toEqual({
      topic: "b",
      partition: 1,
      timestamp: 7,
      key: null,
      value: textBytes("v"),
      headers: [{ key: "x", value: textBytes("1") }, own],
    });
  });

  test("leave the partition to the key with -1", () => {
    expect(read(line, { partition: -1 })).not.toHaveProperty("partition");
  });

  test("give a key to a line that says nothing of one", () => {
    const key = textBytes("all");
    expect(read(line, { key })).toMatchObject({ key });
    expect(read({ ...line, key: null }, { key })).toMatchObject({ key: null });
  });
});

test("a line needs little", () => {
  expect(read({ topic: "t", value: "v" })).toEqual({
    topic: "t",
    key: null,
    value: textBytes("v"),
  });
});

describe("a time", () => {
  test.each([
    [{ timestamp: 1_754_705_528_480 }, 1_754_705_528_480],
    [{ timestamp: "2025-08-09T04:12:08+02:00" }, 1_754_705_528_000],
    [{ timestamp: "2025-08-09T02:12:08.48Z" }, 1_754_705_528_480],
  ])("may be %p", (time, timestamp) => {
    expect(read({ topic: "t", value: "v", ...time })).toMatchObject({ timestamp });
  });
});

describe("a line that is no record says why", () => {
  const good = { topic: "t", payload: "v" };
  test.each([
    ["{", "the line is no JSON"],
    ["[]", "the line is no JSON object"],
    ["null", "the line is no JSON object"],
    [{ topic: "t" }, 'it has no "payload" and no "value"'],
    [{ payload: "v" }, 'it has no "topic", and there is no --topic'],
    [{ ...good, topic: "a b" }, 'no topic can have the name of its "topic": it contains " "'],
    [{ ...good, partition: "0" }, 'its "partition" is no number of a partition'],
    [{ ...good, partition: -1 }, 'its "partition" is no number of a partition'],
    [{ ...good, key: 5 }, 'its "key" is no text and not null'],
    [
      { ...good, key: "k", keyEncoding: "hex" },
      'its "keyEncoding" is not "base64", the only one there is',
    ],
    [{ ...good, payloadEncoding: "base64" }, 'its "payload" is no base64'],
    [{ ...good, headers: {} }, 'its "headers" are no list'],
    [{ ...good, headers: ["a"] }, 'its "headers" have a name without a value'],
    [{ ...good, headers: [1, "a"] }, 'its "headers" have a name that is no text'],
    [{ ...good, ts: 1.5 }, "its time is no whole number of milliseconds since 1970"],
    [{ ...good, ts: 1, tsNanoseconds: 1e6 }, 'its "tsNanoseconds" are no number from 0 to 999999'],
    [
      { ...good, timestamp: "2025-08-09" },
      'its "timestamp" is no time since 1970 as RFC 3339 has it',
    ],
    [{ ...good, payload: "x".repeat(101) }, "too large"],
  ])("%p", (line, reason) => {
    const said = read(line);
    expect(typeof said === "string" && said).toStartWith(reason);
  });

  test("one that is not UTF-8", () => {
    expect(envelopeReader(shape)(Uint8Array.of(0xff))).toBe("the line is not UTF-8");
  });
});
