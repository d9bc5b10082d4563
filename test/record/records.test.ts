import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { AssertionError } from "../../src/base/assert.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { writeVarint } from "../../src/base/varint.ts";
import { decompressedBytesMax, recordHeadersMax } from "../../src/limits.ts";
import { attribute, batchHeaderBytes, seal, viewOf } from "../../src/record/batch.ts";
import { BatchBuilder } from "../../src/record/builder.ts";
import { compress } from "../../src/record/compression.ts";
import { type BatchRecord, openRecords, validateRecords } from "../../src/record/records.ts";
import { bytesOf, readHexGolden, textBytes } from "../support/hex.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";

const golden = readHexGolden("record/batches.txt");
const time = 1754705528480;

type RecordCursor = Exclude<ReturnType<typeof openRecords>, Refusal>;

/** What the golden batches hold. */
const records: readonly BatchRecord[] = [
  {
    offset: offset(0),
    timestamp: time,
    key: textBytes("user-1"),
    value: textBytes('{"event":"login"}'),
    headers: [],
  },
  {
    offset: offset(1),
    timestamp: time + 250,
    key: null,
    value: textBytes("obelisk ".repeat(40)),
    headers: [
      { key: "trace-id", value: textBytes("4bf92f35") },
      { key: "empty", value: null },
      { key: "trace-id", value: textBytes("") },
    ],
  },
  { offset: offset(2), timestamp: time - 1000, key: textBytes(""), value: null, headers: [] },
  {
    offset: offset(3),
    timestamp: time + 5000,
    key: textBytes("schlüssel"),
    value: new Uint8Array(256).map((_, at) => at),
    headers: [],
  },
];

function open(batch: Uint8Array): RecordCursor {
  const cursor = openRecords(batch, viewOf(batch), 0);
  if (cursor instanceof Refusal) throw new Error(cursor.message);
  return cursor;
}

function readAll(cursor: RecordCursor): BatchRecord[] {
  const read: BatchRecord[] = [];
  while (cursor.next()) read.push(cursor.record());
  return read;
}

/** A batch around bytes that may be no records at all, with a checksum that vouches for them. */
function batchAround(body: Uint8Array, recordsCount = 1, attributes = 0): Uint8Array {
  const batch = new Uint8Array(batchHeaderBytes + body.length);
  const view = viewOf(batch);
  view.setInt32(8, batch.length - 12);
  view.setInt8(16, 2);
  view.setInt16(21, attributes);
  view.setInt32(23, 9);
  view.setInt32(57, recordsCount);
  batch.set(body, batchHeaderBytes);
  seal(batch, view, 0);
  return batch;
}

const plain = [...golden.keys()].filter((name) => !/log-append|marker/.test(name));

test.each(plain)("the four records of %s are read as they were produced", (name) => {
  const cursor = open(golden.get(name)!);
  expect(readAll(cursor)).toEqual([...records]);
  expect(cursor.damage).toBeNull();
  expect(cursor.next()).toBe(false);
});

test("with log append time, all records have the time of the batch", () => {
  const batch = golden.get("java-log-append-time")!;
  const read = readAll(open(batch));
  expect(read.map((record) => record.timestamp)).toEqual(Array(4).fill(time + 77));
  expect(read.map((record) => record.offset)).toEqual([1000, 1001, 1002, 1003].map(offset));
  expect(read.map((record) => record.value)).toEqual(records.map((record) => record.value));
});

test("a transaction marker is a control batch, and its key says which marker it is", () => {
  const cursor = open(golden.get("java-commit-marker")!);
  expect(cursor.isControl).toBe(true);
  const [marker] = readAll(cursor);
  expect(marker?.offset).toBe(offset(5000));
  // Version 0, type 1: commit (KIP-98, "Control Messages").
  expect(marker?.key).toEqual(bytesOf("0000 0001"));
  expect(open(golden.get("java-transactional-lz4")!).isControl).toBe(false);
});

test("a step leaves where key and value lie, without making a record", () => {
  const cursor = open(golden.get("java-none")!);
  for (const expected of records) {
    expect(cursor.next()).toBe(true);
    const { keyFrom, keyTo, valueFrom, valueTo } = cursor;
    expect(cursor.offset).toBe(expected.offset);
    expect(cursor.timestamp).toBe(expected.timestamp);
    expect(cursor.headersCount).toBe(expected.headers.length);
    expect([keyFrom < 0, valueFrom < 0]).toEqual([expected.key === null, expected.value === null]);
    expect(keyTo - keyFrom).toBe(expected.key?.length ?? 0);
    expect(valueTo - valueFrom).toBe(expected.value?.length ?? 0);
  }
});

test("the bytes of a record are views of the batch, not copies", () => {
  const batch = golden.get("java-none")!;
  const [, record] = readAll(open(batch));
  expect(record?.value?.buffer).toBe(batch.buffer);
  expect(record?.headers[0]?.value?.buffer).toBe(batch.buffer);
});

test("a batch in the middle of a chunk is read where it lies", () => {
  const batch = golden.get("librdkafka-none")!;
  const chunk = Buffer.concat([golden.get("java-gzip")!, batch, golden.get("java-lz4")!]);
  const cursor = openRecords(chunk, viewOf(chunk), golden.get("java-gzip")!.length);
  expect(readAll(cursor as RecordCursor)).toEqual([...records]);
});

test("a batch whose records were all compacted away is empty, not damaged", () => {
  const batch = batchAround(new Uint8Array(0), 0);
  expect(open(batch).next()).toBe(false);
  expect(validateRecords(batch, viewOf(batch), 0)).toBeNull();
});

test("offsets may have gaps, as compaction leaves them", () => {
  const batch = batchAround(bytesOf("0c 00 00 02 01 01 00  0c 00 00 10 01 01 00"), 2);
  expect(readAll(open(batch)).map((record) => record.offset)).toEqual([offset(1), offset(8)]);
});

test("a header's name may begin with a byte order mark", () => {
  const builder = new BatchBuilder();
  builder.append({
    timestamp: 1,
    key: null,
    value: null,
    headers: [{ key: "\ufeffa", value: null }],
  });
  expect(readAll(open(builder.build()))[0]?.headers[0]?.key).toBe("\ufeffa");
});

// The whole record is `0c 00 00 00 01 01 00`: length 6, attributes, timestamp 0, offset 0, no key,
// no value, no headers.
const damages: readonly (readonly [string, string, string])[] = [
  ["a length beyond the batch", "0e 00 00 00 01 01 00", "record length"],
  ["a length of nothing", "00 00 00 00 01 01 00", "record length"],
  ["a negative length", "01 00 00 00 01 01 00", "record length"],
  ["a length that does not end", "80 80 80 80 80 80 80", "record length"],
  ["a timestamp beyond the record", "04 00 80 00 01 01 00", "timestamp"],
  ["a negative offset", "0c 00 00 01 01 01 00", "offset"],
  ["an offset beyond the batch's last", "0c 00 00 14 01 01 00", "offset"],
  ["a key length below none", "0c 00 00 00 03 01 00", "key length"],
  ["a key beyond the record", "0c 00 00 00 06 01 00", "key length"],
  ["a value length below none", "0c 00 00 00 01 03 00", "value length"],
  ["a value beyond the record", "0c 00 00 00 01 04 00", "value length"],
  ["a negative number of headers", "0c 00 00 00 01 01 01", "headers"],
  ["more headers than there are", "0e 00 00 00 01 01 04 00", "headers"],
  ["a header without a name", "10 00 00 00 01 01 02 01 01", "headers"],
  ["a header's name beyond the record", "10 00 00 00 01 01 02 04 01", "headers"],
  ["a header's value length below none", "10 00 00 00 01 01 02 00 03", "headers"],
  ["a header's value beyond the record", "10 00 00 00 01 01 02 00 02", "headers"],
  ["a record longer than its fields", "0e 00 00 00 01 01 00 00", "bytes after the headers"],
  ["more after the last record", "0c 00 00 00 01 01 00 00", "bytes after the last record"],
];

test.each(damages)("%s is damage", (_, hex, what) => {
  const batch = batchAround(bytesOf(hex));
  const refusal = validateRecords(batch, viewOf(batch), 0);
  expect(refusal?.code).toBe("CORRUPT_MESSAGE");
  expect(refusal?.message).toContain(`: ${what},`);
});

test("the record that the damages start from is sound", () => {
  const batch = batchAround(bytesOf("0c 00 00 00 01 01 00"));
  expect(validateRecords(batch, viewOf(batch), 0)).toBeNull();
});

test("an offset that does not rise is damage; the records before it were read", () => {
  const batch = batchAround(bytesOf("0c 00 00 04 01 01 00  0c 00 00 04 01 01 00"), 2);
  const cursor = open(batch);
  expect(readAll(cursor)).toHaveLength(1);
  expect(cursor.damage?.message).toContain("offset");
  expect(cursor.next()).toBe(false);
  expect(cursor.damage?.code).toBe("CORRUPT_MESSAGE");
});

test("a count that its bytes can't hold is refused before anything is read", () => {
  const batch = batchAround(bytesOf("0c 00 00 00 01 01 00"), 0x7fff_ffff);
  const refusal = openRecords(batch, viewOf(batch), 0);
  expect(refusal).toBeInstanceOf(Refusal);
});

test("a codec that Kafka has not given away is refused", () => {
  const batch = batchAround(bytesOf("0c 00 00 00 01 01 00"), 1, 5);
  expect(validateRecords(batch, viewOf(batch), 0)?.message).toContain("unknown compression");
});

test("a batch that reaches past its bytes is a mistake of the caller", () => {
  const batch = golden.get("java-none")!;
  const part = batch.subarray(0, batch.length - 1);
  expect(() => openRecords(part, viewOf(part), 0)).toThrow(AssertionError);
});

test("records that were cut anywhere are damage", () => {
  const whole = golden.get("java-none")!;
  for (let stop = batchHeaderBytes; stop < whole.length; stop++) {
    const batch = batchAround(whole.subarray(batchHeaderBytes, stop), 4);
    expect(validateRecords(batch, viewOf(batch), 0)?.code).toBe("CORRUPT_MESSAGE");
  }
});

test("headers have a limit where batches come in", () => {
  const headers = Array.from({ length: recordHeadersMax }, () => ({ key: "", value: null }));
  const builder = new BatchBuilder();
  builder.append({ timestamp: 0, key: null, value: null, headers });
  const allowed = builder.build();
  expect(validateRecords(allowed, viewOf(allowed), 0)).toBeNull();

  const body = new Uint8Array(20 + 2 * (recordHeadersMax + 1));
  let at = writeVarint(body, 0, 7 + 2 * (recordHeadersMax + 1));
  body.set(bytesOf("00 00 00 01 01"), at);
  at = writeVarint(body, at + 5, recordHeadersMax + 1);
  for (let header = 0; header <= recordHeadersMax; header++) {
    body.set(bytesOf("00 01"), at);
    at += 2;
  }
  const batch = batchAround(body.subarray(0, at));
  expect(validateRecords(batch, viewOf(batch), 0)?.code).toBe("INVALID_RECORD");
});

test("a batch that would unpack beyond the limit is refused", () => {
  const bomb = compress("zstd", new Uint8Array(decompressedBytesMax + 1));
  const batch = batchAround(bomb, 1, 4);
  expect(validateRecords(batch, viewOf(batch), 0)?.code).toBe("MESSAGE_TOO_LARGE");
});

test("whatever the bytes are, reading ends, and what it yields lies within them", () => {
  const random = randomForTest();
  const names = [...golden.keys()];
  for (let round = 0; round < rounds(3_000, 30_000); round++) {
    const batch = golden.get(names[random.below(names.length)]!)!.slice();
    const view = viewOf(batch);
    for (let change = random.below(4); change >= 0; change--) {
      const at = batchHeaderBytes + random.below(batch.length - batchHeaderBytes);
      batch[at] = random.below(3) === 0 ? 0xff : random.below(256);
    }
    if (random.below(4) === 0) view.setInt16(21, random.below(8) | attribute.logAppendTime);
    const cursor = openRecords(batch, view, 0);
    if (cursor instanceof Refusal) continue;
    let count = 0;
    for (; cursor.next(); count++) {
      const record = cursor.record();
      expect(cursor.keyTo).toBeLessThanOrEqual(cursor.bytes.length);
      expect(cursor.valueTo).toBeLessThanOrEqual(cursor.bytes.length);
      expect(record.headers).toHaveLength(cursor.headersCount);
    }
    if (cursor.damage === null) expect(count).toBe(cursor.header.recordsCount);
  }
});
