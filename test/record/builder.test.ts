import { expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { Refusal } from "../../src/base/refusal.ts";
import {
  batchBytesMax,
  batchRecordsMax,
  builderIdleBytesMax,
  recordHeadersMax,
} from "../../src/limits.ts";
import { checkBatch, compressionNames, readHeader, viewOf } from "../../src/record/batch.ts";
import { BatchBuilder, encodeHeaders, type NewRecord } from "../../src/record/builder.ts";
import { openRecords, validateRecords } from "../../src/record/records.ts";
import { readHexGolden, textBytes } from "../support/hex.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

const golden = readHexGolden("record/batches.txt");
const time = 1754705528480;
/** As far from 1970 as a timestamp may be. */
const timestampMax = 2 ** 51;

/** The records of the golden batches. */
const records: readonly NewRecord[] = [
  { timestamp: time, key: textBytes("user-1"), value: textBytes('{"event":"login"}') },
  {
    timestamp: time + 250,
    key: null,
    value: textBytes("obelisk ".repeat(40)),
    headers: [
      { key: "trace-id", value: textBytes("4bf92f35") },
      { key: "empty", value: null },
      { key: "trace-id", value: textBytes("") },
    ],
  },
  { timestamp: time - 1000, key: textBytes(""), value: null },
  {
    timestamp: time + 5000,
    key: textBytes("schlüssel"),
    value: new Uint8Array(256).map((_, at) => at),
  },
];

function filled(from: readonly NewRecord[] = records): BatchBuilder {
  const builder = new BatchBuilder();
  for (const record of from) expect(builder.append(record)).toBe(true);
  return builder;
}

function readBack(batch: Uint8Array): NewRecord[] {
  const view = viewOf(batch);
  expect(checkBatch(batch, view, 0, batch.length, batchBytesMax)).toBeNull();
  const cursor = openRecords(batch, view, 0);
  if (cursor instanceof Refusal) throw new Error(cursor.message);
  const read: NewRecord[] = [];
  while (cursor.next()) {
    const { timestamp, key, value, headers } = cursor.record();
    read.push({ timestamp, key, value, headers });
  }
  expect(cursor.damage).toBeNull();
  return read;
}

const withHeaders = (record: NewRecord): NewRecord => ({ headers: [], ...record });

test("a batch is byte for byte the one that the Java client makes", () => {
  expect(filled().build()).toEqual(golden.get("java-none")!);
});

test("the producer's fields are written, and absent ones are -1", () => {
  const options = { producerId: 4711, producerEpoch: 3, baseSequence: 42 };
  expect(readHeader(viewOf(filled().build(options)), 0)).toMatchObject(options);
  const absent = { producerId: -1, producerEpoch: -1, baseSequence: -1 };
  expect(readHeader(viewOf(filled().build()), 0)).toMatchObject(absent);
});

test.each([...compressionNames])("records packed with %s are read back", (compression) => {
  const batch = filled().build({ compression });
  expect(readHeader(viewOf(batch), 0).attributes).toBe(compressionNames.indexOf(compression));
  expect(readBack(batch)).toEqual(records.map(withHeaders));
});

test("records that packing would not make smaller stay as they are", () => {
  const value = randomBytes(randomForTest(), 500);
  for (const compression of compressionNames) {
    const batch = filled([{ timestamp: 1, key: null, value }]).build({ compression });
    expect(readHeader(viewOf(batch), 0).attributes).toBe(0);
    expect(readBack(batch)[0]?.value).toEqual(value);
  }
});

test("ranges of one buffer become the same batch as records", () => {
  const ranges = new BatchBuilder();
  for (const { timestamp, key, value, headers = [] } of records) {
    const source = Buffer.concat(
      [Buffer.from("before"), key ?? "", value ?? "", textBytes("!")].map((part) =>
        Buffer.from(part),
      ),
    );
    const keyTo = 6 + (key?.length ?? 0);
    const keyFrom = key === null ? -1 : 6;
    const valueFrom = value === null ? -1 : keyTo;
    const valueTo = keyTo + (value?.length ?? 0);
    const encoded = encodeHeaders(headers);
    ranges.appendRange(
      timestamp,
      source,
      keyFrom,
      key === null ? -1 : keyTo,
      valueFrom,
      value === null ? -1 : valueTo,
      encoded,
    );
  }
  expect(ranges.build()).toEqual(filled().build());
});

test("a range may be all of its buffer, or the first part of a large one", () => {
  const builder = new BatchBuilder();
  const small = textBytes("hello");
  const large = randomBytes(randomForTest(), 5_000);
  expect(builder.appendRange(1, small, 0, 5, 0, 5)).toBe(true);
  expect(builder.appendRange(1, large, 0, 50, 0, 60)).toBe(true);
  const read = readBack(builder.build());
  expect(read.map((record) => record.key)).toEqual([small, large.subarray(0, 50)]);
  expect(read.map((record) => record.value)).toEqual([small, large.subarray(0, 60)]);
});

test("headers encoded once serve many records, their values changed in between", () => {
  const headers = encodeHeaders([{ key: "n", value: new Uint8Array(1) }]);
  const builder = new BatchBuilder();
  for (const n of [1, 2, 3]) {
    headers[headers.length - 1] = n;
    builder.appendRange(n, new Uint8Array(0), -1, -1, 0, 0, headers);
  }
  const values = readBack(builder.build()).map((record) => record.headers?.[0]?.value);
  expect(values).toEqual([1, 2, 3].map((n) => Uint8Array.of(n)));
});

test("the builder knows how large the batch will be", () => {
  const builder = new BatchBuilder();
  for (const [index, record] of records.entries()) {
    builder.append(record);
    expect(builder.recordsCount).toBe(index + 1);
    expect(filled(records.slice(0, index + 1)).build()).toHaveLength(builder.bytes);
  }
});

test("a batch handed out stays as it is, whatever the builder does next", () => {
  const builder = filled();
  const batch = builder.build();
  const before = batch.slice();
  for (let round = 0; round < 50; round++) {
    builder.append({ timestamp: 9, key: null, value: new Uint8Array(300).fill(0xee) });
    if (round % 7 === 0) builder.build({ compression: "lz4" });
  }
  expect(batch).toEqual(before);
  expect(batch.buffer.byteLength).toBe(batch.length);
});

test("the caller's bytes are free once they were appended", () => {
  const value = textBytes("canary".repeat(20));
  const builder = filled([{ timestamp: 1, key: value.subarray(0, 6), value }]);
  value.fill(0);
  expect(readBack(builder.build())[0]?.value).toEqual(textBytes("canary".repeat(20)));
});

test("a builder begins again after a batch, and after being cleared", () => {
  const builder = filled();
  const first = builder.build();
  for (const record of records) builder.append(record);
  expect(builder.build()).toEqual(first);
  builder.append({ timestamp: 99, key: null, value: null });
  builder.clear();
  for (const record of records) builder.append(record);
  expect(builder.build()).toEqual(first);
});

test("a builder serves small batches after one that needed much memory", () => {
  const builder = new BatchBuilder();
  const large = new Uint8Array(2 * builderIdleBytesMax).fill(7);
  builder.append({ timestamp: 1, key: null, value: large });
  expect(readBack(builder.build())[0]?.value).toEqual(large);
  for (const record of records) builder.append(record);
  expect(builder.build()).toEqual(golden.get("java-none")!);
});

test("a batch is full at its number of records; the refused one fits the next batch", () => {
  const builder = new BatchBuilder();
  const record = { timestamp: 1, key: null, value: null };
  for (let count = 0; count < batchRecordsMax; count++) builder.append(record);
  const { bytes } = builder;
  expect(builder.append(record)).toBe(false);
  expect(builder.appendRange(1, new Uint8Array(0), -1, -1, -1, -1)).toBe(false);
  expect([builder.recordsCount, builder.bytes]).toEqual([batchRecordsMax, bytes]);
  expect(readHeader(viewOf(builder.build()), 0).recordsCount).toBe(batchRecordsMax);
  expect(builder.append(record)).toBe(true);
});

test("a batch is full at its bytes, to the byte", () => {
  const builder = filled([{ timestamp: 1, key: null, value: new Uint8Array(100) }]);
  const room = batchBytesMax - builder.bytes;
  // Length (4), attributes, timestamp, offset, no key, value length (4), headers.
  const overheadBytes = 13;
  const value = new Uint8Array(room - overheadBytes + 1);
  expect(builder.append({ timestamp: 1, key: null, value })).toBe(false);
  const fitting = value.subarray(1);
  expect(builder.append({ timestamp: 1, key: null, value: fitting })).toBe(true);
  expect(builder.build()).toHaveLength(batchBytesMax);
});

test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, timestampMax + 1, -timestampMax - 1])(
  "the timestamp %d is a mistake of the caller",
  (timestamp) => {
    const builder = new BatchBuilder();
    expect(() => builder.append({ timestamp, key: null, value: null })).toThrow(AssertionError);
  },
);

test.each([
  [2, 1, 0, 0],
  [0, 6, 0, 0],
  [0, 0, 3, 2],
  [0, 0, 0, 6],
])(
  "the ranges %d–%d and %d–%d of five bytes are a mistake of the caller",
  (keyFrom, keyTo, valueFrom, valueTo) => {
    const append = () =>
      new BatchBuilder().appendRange(0, new Uint8Array(5), keyFrom, keyTo, valueFrom, valueTo);
    expect(append).toThrow(AssertionError);
  },
);

test("there is no batch of no records, and no record of too many headers", () => {
  expect(() => new BatchBuilder().build()).toThrow(AssertionError);
  const headers = Array.from({ length: recordHeadersMax + 1 }, () => ({ key: "", value: null }));
  expect(() => encodeHeaders(headers)).toThrow(AssertionError);
});

test("timestamps may lie as far apart as they are allowed to", () => {
  const times = [timestampMax, -timestampMax, 0, -1, timestampMax];
  const batch = filled(times.map((timestamp) => ({ timestamp, key: null, value: null }))).build();
  expect(readBack(batch).map((record) => record.timestamp)).toEqual(times);
  expect(readHeader(viewOf(batch), 0)).toMatchObject({
    baseTimestamp: timestampMax,
    maxTimestamp: timestampMax,
  });
});

test("whatever goes in comes out", () => {
  const random = randomForTest();
  const lengths = [0, 1, 39, 40, 41, 63, 64, 65, 300, 8191, 8192];
  const some = (): Uint8Array | null => {
    const length = lengths[random.below(lengths.length)]!;
    return random.below(5) === 0 ? null : new Uint8Array(length).fill(random.below(256));
  };
  const builder = new BatchBuilder();
  for (let round = 0; round < rounds(60, 1_000); round++) {
    const put = Array.from({ length: 1 + random.below(60) }, (): NewRecord => {
      const timestamp = Math.floor((random.next() - 0.3) * 2 ** random.below(51));
      const headers = Array.from({ length: random.below(3) }, () => ({
        key: "ключ".slice(random.below(4)),
        value: some(),
      }));
      return { timestamp, key: some(), value: some(), headers };
    });
    for (const record of put) expect(builder.append(record)).toBe(true);
    const compression = compressionNames[random.below(compressionNames.length)]!;
    const batch = builder.build({ compression });
    expect(validateRecords(batch, viewOf(batch), 0)).toBeNull();
    expect(readBack(batch)).toEqual(put);
    const largest = Math.max(...put.map((record) => record.timestamp));
    expect(readHeader(viewOf(batch), 0).maxTimestamp).toBe(largest);
  }
});
