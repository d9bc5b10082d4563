import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { nanosecondHeader } from "../../src/record/nanoseconds.ts";
import type { BatchRecord } from "../../src/record/records.ts";
import type { FoundPartition } from "../../src/reader/directory.ts";
import { damageText, jsonLine, remarkJson, remarkText, textLine } from "../../src/reader/lines.ts";
import type { Remark } from "../../src/reader/lines.ts";
import { bytesOf, textBytes } from "../support/hex.ts";

const found: FoundPartition = {
  topic: "orders",
  partition: 3,
  source: { kind: "own", directory: "topics/orders/3" },
};

const record: BatchRecord = {
  offset: offset(42),
  timestamp: 1_754_705_528_480,
  key: textBytes("user123"),
  value: textBytes('said "hi"\n'),
  headers: [nanosecondHeader(123_456), { key: "trace", value: textBytes("a b") }],
};

const damage = {
  path: "topics/orders/3/00000000000000000000.log",
  fault: "crc",
  fromPosition: 100,
  toPosition: 200,
  fromOffset: offset(7),
  toOffset: offset(9),
} as const;

test("a line of text has six columns between tabs, the last only with headers", () => {
  expect(textLine(found, record)).toBe(
    'orders/3\t42\t2025-08-09T02:12:08.480123456Z\tuser123\tsaid "hi"\\n\ttrace=a b',
  );
  const bare = { ...record, key: null, value: bytesOf("ff00"), headers: [], timestamp: -1 };
  expect(textLine(found, bare)).toBe("orders/3\t42\t-\t-\t\\xff\\x00");
});

test("a line of JSON gives back every byte", () => {
  const binary = { ...record, key: bytesOf("ff"), headers: [{ key: "h", value: bytesOf("fe") }] };
  expect(JSON.parse(jsonLine(found, record))).toEqual({
    topic: "orders",
    partition: 3,
    offset: 42,
    timestamp: "2025-08-09T02:12:08.480123456Z",
    key: "user123",
    value: 'said "hi"\n',
    headers: [{ key: "trace", value: "a b" }],
  });
  expect(jsonLine(found, binary)).toBe(
    '{"topic":"orders","partition":3,"offset":42,"timestamp":"2025-08-09T02:12:08.480Z",' +
      '"key":"/w==","keyEncoding":"base64","value":"said \\"hi\\"\\n",' +
      '"headers":[{"key":"h","value":"/g==","valueEncoding":"base64"}]}',
  );
  const empty = { ...record, key: null, value: new Uint8Array(0), headers: [], timestamp: -1 };
  expect(JSON.parse(jsonLine(found, empty))).toMatchObject({
    key: null,
    value: "",
    timestamp: null,
  });
});

test("every character of a topic's bytes comes back from JSON, and none reaches a terminal", () => {
  for (let code = 0; code < 0x3000; code++) {
    const text = `a${String.fromCodePoint(code)}b`;
    const line = jsonLine(found, { ...record, value: textBytes(text) });
    expect(JSON.parse(line).value).toBe(text);
    expect(/[\p{Cc}\u2028\u2029\u202e]/u.test(line)).toBeFalse();
  }
});

const remarks: [remark: Remark, text: string, json: object][] = [
  [
    { kind: "damage", found, damage },
    `orders/3: can't be read (crc): offsets 7 to 8, bytes 100 to 199 of ${damage.path}`,
    {
      kind: "damage",
      topic: "orders",
      partition: 3,
      fault: "crc",
      fromOffset: 7,
      toOffset: 9,
      path: damage.path,
      fromPosition: 100,
      toPosition: 200,
    },
  ],
  [
    { kind: "trimmed", found, fromOffset: offset(0), toOffset: offset(1) },
    "orders/3: deleted: offset 0",
    { kind: "trimmed", topic: "orders", partition: 3, fromOffset: 0, toOffset: 1 },
  ],
  [
    { kind: "replaced", found },
    "orders/3: the topic was deleted and created again; reading goes on at its start",
    { kind: "replaced", topic: "orders", partition: 3 },
  ],
  [
    { kind: "stopped", found: null, refusal: new Refusal("KAFKA_STORAGE_ERROR", "no\nluck") },
    "no\\nluck",
    { kind: "stopped", code: "KAFKA_STORAGE_ERROR", message: "no\nluck" },
  ],
];

test.each(remarks)("a remark is a sentence and an object: %#", (remark, text, json) => {
  expect(remarkText(remark)).toBe(text);
  expect(JSON.parse(remarkJson(remark))).toEqual(json);
});

test("what is missing has no bytes, and stray bytes have no offsets", () => {
  const missing = { ...damage, fault: "missing", fromPosition: 0, toPosition: 0 } as const;
  expect(damageText(missing)).toBe(`missing: offsets 7 to 8, ${damage.path}`);
  expect(damageText({ ...damage, toOffset: offset(7) })).toBe(
    `no records (crc): bytes 100 to 199 of ${damage.path}`,
  );
});
