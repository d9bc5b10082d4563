import { expect, test } from "bun:test";
import {
  readVarint,
  readVarlong,
  varintBytes,
  varlongBytes,
  writeVarint,
  writeVarlong,
} from "../../src/base/varint.ts";
import { bytesOf } from "../support/hex.ts";
import { randomForTest } from "../support/seed.ts";

const sourceOf = (bytes: Uint8Array, at = 0) => ({ bytes, at, end: bytes.length });

function written(write: typeof writeVarint, value: number): Uint8Array {
  const bytes = new Uint8Array(12);
  return bytes.subarray(0, write(bytes, 0, value));
}

// Apache Kafka, org.apache.kafka.common.utils.ByteUtilsTest.
const both: readonly (readonly [number, string])[] = [
  [0, "00"],
  [-1, "01"],
  [1, "02"],
  [63, "7e"],
  [-64, "7f"],
  [64, "8001"],
  [-65, "8101"],
  [8191, "fe7f"],
  [-8192, "ff7f"],
  [8192, "808001"],
  [-8193, "818001"],
  [1048575, "feff7f"],
  [-1048576, "ffff7f"],
  [134217727, "feffff7f"],
  [-134217728, "ffffff7f"],
  [134217728, "8080808001"],
  [-134217729, "8180808001"],
  [2147483647, "feffffff0f"],
  [-2147483648, "ffffffff0f"],
];

test.each(both)("%d is written as %s and read again, as varint and as varlong", (value, hex) => {
  const bytes = bytesOf(hex);
  expect(written(writeVarint, value)).toEqual(bytes);
  expect(written(writeVarlong, value)).toEqual(bytes);
  expect(varintBytes(value)).toBe(bytes.length);
  expect(varlongBytes(value)).toBe(bytes.length);
  for (const read of [readVarint, readVarlong]) {
    const source = sourceOf(bytes);
    expect(read(source)).toBe(value);
    expect(source.at).toBe(bytes.length);
  }
});

test.each([
  [17179869183, "feffffff7f"],
  [-17179869184, "ffffffff7f"],
  [17179869184, "808080808001"],
  [2199023255551, "feffffffff7f"],
  [-281474976710657, "8180808080808001"],
  [2 ** 52 - 1, "feffffffffffff0f"],
  [-(2 ** 52), "ffffffffffffff0f"],
])("%d needs a varlong: %s", (value, hex) => {
  const bytes = bytesOf(hex);
  expect(written(writeVarlong, value)).toEqual(bytes);
  expect(varlongBytes(value)).toBe(bytes.length);
  expect(readVarlong(sourceOf(bytes))).toBe(value);
  expect(readVarint(sourceOf(bytes))).toBeNaN();
});

test("the largest int64 are read as the nearest double", () => {
  expect(readVarlong(sourceOf(bytesOf("feffffffffffffffff01")))).toBe(2 ** 63);
  expect(readVarlong(sourceOf(bytesOf("ffffffffffffffffff01")))).toBe(-(2 ** 63));
});

test("random numbers come back, from wherever they were written", () => {
  const random = randomForTest();
  const bytes = new Uint8Array(40);
  for (let round = 0; round < 2000; round++) {
    const magnitude = Math.floor(random.next() * 2 ** random.below(53));
    const value = random.below(2) === 0 ? magnitude : 0 - magnitude;
    const start = random.below(20);
    const end = writeVarlong(bytes, start, value);
    expect(end - start).toBe(varlongBytes(value));
    const source = sourceOf(bytes, start);
    expect(readVarlong(source)).toBe(value);
    expect(source.at).toBe(end);
  }
});

test("what stops within a number is none, and nothing is read", () => {
  for (const hex of ["ffffffff0f", "ffffffffffffffffff01"]) {
    const bytes = bytesOf(hex);
    for (let end = 0; end < bytes.length; end++) {
      const source = { bytes, at: 0, end };
      expect(readVarlong(source)).toBeNaN();
      expect(source.at).toBe(0);
      expect(readVarint({ bytes, at: 0, end: Math.min(end, 4) })).toBeNaN();
    }
  }
});

test.each([
  [readVarint, "ffffffff10"],
  [readVarint, "808080808000"],
  [readVarlong, "ffffffffffffffffff02"],
  [readVarlong, "8080808080808080808000"],
])("%p refuses %s, which has more bits than its type", (read, hex) => {
  expect(read(sourceOf(bytesOf(hex)))).toBeNaN();
});
