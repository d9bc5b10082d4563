import { expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { encodeRecord, type ProducerRecord } from "../../../src/client/kafka/producer-record.ts";
import { recordHeadersMax } from "../../../src/limits.ts";
import { batchHeaderBytes } from "../../../src/record/batch.ts";
import { BatchBuilder } from "../../../src/record/builder.ts";
import { ManualClock } from "../../fake/clock.ts";

const clock = new ManualClock();
const utf8 = new TextEncoder();

const encode = (more: Partial<ProducerRecord> = {}, batchBytesMax = 1000) =>
  encodeRecord({ topic: "orders", value: "wörld", ...more }, clock, batchBytesMax);

test("text becomes UTF-8, bytes stay, and what is left out has its default", () => {
  expect(encode()).toMatchObject({
    topic: "orders",
    partition: -1,
    timestamp: clock.now(),
    key: null,
    value: utf8.encode("wörld"),
  });
  const key = Uint8Array.of(1, 2);
  expect(encode({ key, value: null, partition: 3, timestamp: 5 })).toMatchObject({
    key,
    value: null,
    partition: 3,
    timestamp: 5,
  });
});

test("a record takes no more than was reckoned", () => {
  const headers = [
    { key: "ключ", value: "значение" },
    { key: "", value: null },
  ];
  for (const more of [{}, { key: "k".repeat(300) }, { headers }, { timestamp: 2 ** 51 }]) {
    const encoded = encode(more);
    if (encoded instanceof ClientError) throw encoded;
    const builder = new BatchBuilder();
    builder.append({ timestamp: 0, key: null, value: null });
    const before = builder.bytes;
    builder.append(encoded);
    expect(builder.bytes - before).toBeLessThanOrEqual(encoded.bytes);
  }
});

test("what no batch can carry is refused, and the message says what it is", () => {
  const headers = Array.from({ length: recordHeadersMax + 1 }, () => ({ key: "", value: null }));
  const refused: [Partial<ProducerRecord>, code: string, word: string][] = [
    [{ timestamp: 0.5 }, "INVALID", "0.5"],
    [{ timestamp: -1 }, "INVALID", "-1"],
    [{ timestamp: 2 ** 51 + 1 }, "INVALID", "timestamp"],
    [{ partition: -1 }, "INVALID", "-1"],
    [{ partition: 2 ** 31 }, "INVALID", "partition"],
    [{ headers }, "INVALID", "1001 headers"],
    [{ value: "x".repeat(1000) }, "MESSAGE_TOO_LARGE", `${1000 - batchHeaderBytes}`],
  ];
  for (const [more, code, word] of refused) {
    const error = encode(more);
    if (!(error instanceof ClientError)) throw new Error(`${code} was taken`);
    expect(error.code as string).toBe(code);
    expect(error.message).toContain(word);
    expect(error.message).toContain("orders");
  }
});

test("programs without types may give anything, and are told what a record is of", () => {
  const value = 5 as unknown as Uint8Array;
  const headers = [{ key: "size", value }];
  const key = undefined as unknown as null;
  const nothing = undefined as unknown as null;
  expect(encode({ key })).toMatchObject({ key: null });
  const noHeaders = { size: "5" } as unknown as [];
  const topic = 5 as unknown as string;
  const name = 5 as unknown as string;
  for (const [more, message] of [
    [{ topic }, "a record has a topic, which is text"],
    [{ topic: "x".repeat(250) }, 'a record for topic "xxx'],
    [{ headers: noHeaders }, "headers are a list of { key, value }, and a key is text"],
    [{ headers: [null as unknown as { key: string; value: null }] }, "headers are a list of"],
    [{ headers: [{ key: name, value: null }] }, "headers are a list of"],
  ] as const) {
    const refused = encode(more);
    expect(refused).toMatchObject({ code: "INVALID", message: expect.stringContaining(message) });
    expect(String(refused).length).toBeLessThan(250);
  }
  for (const more of [{ value }, { value: nothing }, { key: value }, { headers }]) {
    expect(encode(more)).toMatchObject({
      code: "INVALID",
      message: expect.stringMatching(/^a record for topic orders: .* is text, bytes or null$/),
    });
  }
});
