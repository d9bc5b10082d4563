import { expect, test } from "bun:test";
import { messageElementsMax } from "../../src/limits.ts";
import { Malformed, Reader, roundedInt64, uuidAt } from "../../src/wire/reader.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";
import { bytesOf } from "../support/hex.ts";

const readerOf = (hex: string): Reader => Reader.of(bytesOf(hex));

/** What `read` returns, or why it could not. */
function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return error.toString();
    throw error;
  }
}

/** A varint of that many bits set, by seven a byte. */
const uvarint = (hex: string): number | string => {
  const reader = readerOf(hex);
  return outcome(() => reader.uvarint());
};

test("a varint has up to five bytes, of which the last has four bits", () => {
  expect(uvarint("00")).toBe(0);
  expect(uvarint("7f")).toBe(127);
  expect(uvarint("8001")).toBe(128);
  expect(uvarint("ffffffff07")).toBe(0x7fff_ffff);
  expect(uvarint("ffffffff0f")).toBe(0xffff_ffff);
  // Longer than it needs to be, as some writers have it.
  expect(uvarint("8000")).toBe(0);
  expect(uvarint("ffffffff10")).toBe("a varint over 32 bits, at byte 0");
  expect(uvarint("ffffffff8f01")).toBe("a varint over 32 bits, at byte 0");
  expect(uvarint("ffff")).toBe("the frame ends within a varint, at byte 0");
  expect(uvarint("")).toBe("the frame ends within a varint, at byte 0");
});

test("a frame within a larger chunk is read to its own end and no further", () => {
  const chunk = bytesOf("aaaa 00000001 bbbbbbbbbbbbbbbb");
  const reader = new Reader(chunk, new DataView(chunk.buffer), 2, 6);
  expect(reader.int32Length()).toBe(1);
  expect(outcome(() => reader.int16Length())).toBe("2 bytes wanted, 0 left, at byte 4");
  expect(outcome(() => reader.uvarint())).toBe("the frame ends within a varint, at byte 4");
  expect(outcome(() => reader.bytes(1))).toBe("1 bytes wanted, 0 left, at byte 4");
});

test("bytes are views of the frame", () => {
  const frame = bytesOf("0102030405");
  const reader = Reader.of(frame);
  reader.take(1);
  const bytes = reader.bytes(3);
  expect(bytes).toEqual(Uint8Array.of(2, 3, 4));
  frame[2] = 9;
  expect(bytes[1]).toBe(9);
  expect(reader.at).toBe(4);
});

test("null is malformed where a value must be", () => {
  const reader = readerOf("00000000");
  expect(outcome(() => reader.string(-1))).toContain("a string is null");
  expect(outcome(() => reader.bytes(-1))).toContain("bytes are null");
  expect(outcome(() => reader.batches(-1))).toContain("bytes are null");
  expect(outcome(() => reader.expect(-1, 1))).toContain("a list is null");
  expect(reader.at).toBe(0);
});

test("a string is UTF-8, its mark of byte order kept, and what is none is replaced", () => {
  expect(readerOf("63 61 66 c3a9").string(5)).toBe("café");
  expect(readerOf("f09f9880").string(4)).toBe("😀");
  expect(readerOf("efbbbf 61").string(4)).toBe("\ufeffa");
  expect(readerOf("4d fc 6c").string(3)).toBe("M\ufffdl");
  expect(readerOf("").string(0)).toBe("");
});

test("a string that could not be written again is malformed", () => {
  const long = Reader.of(new Uint8Array(0x8000).fill(0x61));
  expect(outcome(() => long.string(0x8000))).toBe("a string of 32768 bytes, at byte 0");
  expect(long.string(0x7fff)).toBe("a".repeat(0x7fff));
  // Each of these bytes comes out as three.
  const latin = Reader.of(new Uint8Array(0x7fff).fill(0xff));
  expect(outcome(() => latin.string(0x7fff))).toContain("not UTF-8");
  latin.at = 0;
  expect(latin.string(10_922)).toBe("\ufffd".repeat(10_922));
});

test("an exact int64 is a safe integer, and any other malformed", () => {
  const cases: [hex: string, exact: number | null, rounded: number][] = [
    ["0000000000000000", 0, 0],
    ["ffffffffffffffff", -1, -1],
    ["001fffffffffffff", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ["ffe0000000000001", Number.MIN_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
    ["0020000000000000", null, 2 ** 53],
    ["0020000000000001", null, 2 ** 53],
    ["ffe0000000000000", null, -(2 ** 53)],
    ["7fffffffffffffff", null, 2 ** 63],
    ["8000000000000000", null, -(2 ** 63)],
  ];
  for (const [hex, exact, rounded] of cases) {
    const reader = readerOf(hex);
    const read = outcome(() => reader.int64(0));
    expect([hex, read]).toEqual([
      hex,
      exact ?? "an int64 that must be exact and is not, at byte 0",
    ]);
    expect([hex, roundedInt64(reader.view, 0)]).toEqual([hex, rounded]);
  }
});

test("UUIDs are text, also when many of them have passed", () => {
  const random = randomForTest();
  const bytes = randomBytes(random, 16 * 5000);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += 16) {
    // Every second one has been seen before.
    for (const place of [at, 16 * random.below(at / 16 + 1)]) {
      const hex = bytes.subarray(place, place + 16).toHex();
      const text = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
      expect(uuidAt(view, place)).toBe(text);
    }
  }
});

test("a count that the bytes can't bear out is malformed before anything is read", () => {
  const reader = Reader.of(new Uint8Array(100));
  expect(outcome(() => reader.expect(26, 4))).toBe(
    "a list of 26 elements, 100 bytes left, at byte 0",
  );
  expect(outcome(() => reader.expectFixed(0x7fff_ffff, 8))).toContain("a list of 2147483647");
  expect(reader.elements).toBe(0);
  reader.expect(25, 4);
  expect(reader.elements).toBe(25);
});

test("a message has a limited number of elements, all its lists together", () => {
  const reader = Reader.of(new Uint8Array(messageElementsMax));
  reader.expect(messageElementsMax - 1, 1);
  reader.expect(1, 1);
  const refused = `more than ${messageElementsMax} elements`;
  expect(outcome(() => reader.expect(1, 1))).toContain(refused);
  const numbers = Reader.of(new Uint8Array(8 * messageElementsMax + 8));
  numbers.expectFixed(8 * messageElementsMax + 7, 1);
  expect(outcome(() => numbers.expectFixed(8, 1))).toContain(refused);
});

test("tagged fields that nobody knows are left out, whatever is in them", () => {
  const reader = readerOf("02 00 03 aabbcc 8001 00 77");
  reader.skipTags();
  expect(reader.at).toBe(reader.end - 1);
  const endless = readerOf("ffffffff0f 00 00 01 00");
  expect(outcome(() => endless.skipTags())).toContain("the frame ends within a varint");
  const large = readerOf("01 00 7f 00");
  expect(outcome(() => large.skipTags())).toContain("a tagged field of 127 bytes");
});
