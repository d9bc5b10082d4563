import { expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { roundedInt64, uuidAt } from "../../src/wire/reader.ts";
import {
  Writer,
  int16,
  int32,
  int8,
  putInt64,
  putRoundedInt64,
  putUuid,
  refuseNull,
  uint16,
} from "../../src/wire/writer.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

/** The frame that `write` writes, in pieces. */
function piecesOf(writer: Writer, write: (writer: Writer) => void): Uint8Array[] {
  writer.begin();
  write(writer);
  return writer.finish();
}

const join = (pieces: readonly Uint8Array[]): string =>
  new Uint8Array(Buffer.concat(pieces)).toHex();

const frameOf = (write: (writer: Writer) => void): string => join(piecesOf(new Writer(), write));

test("a frame begins with its length, which does not count itself", () => {
  expect(frameOf(() => {})).toBe("00000000");
  expect(frameOf((writer) => writer.int16String("ab"))).toBe("0000000400026162");
});

test("large bytes go out where they lie, small ones are copied", () => {
  const small = new Uint8Array(4095).fill(1);
  const large = new Uint8Array(4096).fill(2);
  const pieces = piecesOf(new Writer(), (writer) => {
    writer.int32Bytes(small);
    writer.int32Batches([large, small, large]);
    writer.int16Length(-1);
  });
  expect(pieces.map(({ length }) => length)).toEqual([4 + 4 + 4095 + 4, 4096, 4095, 4096, 2]);
  expect(pieces[1]).toBe(large);
  expect(pieces[3]).toBe(large);
  expect(join(pieces.slice(0, 1)).slice(0, 16)).toBe("0000400800000fff");
});

test("the length of a frame counts the pieces that were not copied", () => {
  const pieces = piecesOf(new Writer(), (writer) => writer.compactBytes(new Uint8Array(100_000)));
  expect(join(pieces).slice(0, 8)).toBe((100_003).toString(16).padStart(8, "0"));
  expect(join(pieces).length).toBe(2 * (4 + 3 + 100_000));
});

test("what was handed out does not change when the next frames are written", () => {
  const random = randomForTest();
  const writer = new Writer();
  const written: { pieces: Uint8Array[]; text: string }[] = [];
  for (let frame = 0; frame < 200; frame++) {
    const bytes = randomBytes(random, random.below(2000));
    const pieces = piecesOf(writer, (each) => each.compactBytes(bytes));
    written.push({ pieces, text: join(pieces) });
  }
  for (const { pieces, text } of written) expect(join(pieces)).toBe(text);
});

/** One of everything that a writer can write. */
function everything(writer: Writer): void {
  writer.int16Length(-1);
  writer.int32Length(77);
  writer.compactLength(300);
  writer.uvarint(0xffff_ffff);
  writer.isNull(true);
  writer.int16String("a café");
  writer.compactString("a café");
  writer.compactString("long ".repeat(60));
  writer.int32Bytes(new Uint8Array(50).fill(5));
  writer.compactBatches([new Uint8Array(5000).fill(6), Uint8Array.of(7)]);
  const nested = writer.beginTag();
  nested.compactString("tagged ".repeat(100));
  writer.endTag(3);
  const at = writer.take(4);
  writer.view.setInt32(at, 0x01020304);
}

test("a frame is the same wherever the end of a slab falls within it", () => {
  const expected = frameOf(everything);
  for (let slabBytes = 1; slabBytes < 1500; slabBytes++) {
    const frame = join(piecesOf(new Writer(slabBytes), everything));
    if (frame !== expected) expect([slabBytes, frame]).toEqual([slabBytes, expected]);
  }
  expect(expected.length).toBeGreaterThan(2 * 5000);
});

test("a frame that was given up leaves nothing behind", () => {
  const writer = new Writer();
  writer.begin();
  writer.int32Bytes(new Uint8Array(5000));
  writer.int16String("half");
  expect(join(piecesOf(writer, (each) => each.int16String("whole")))).toBe(
    frameOf((each) => each.int16String("whole")),
  );
});

test("a varint takes as few bytes as it can", () => {
  const cases: [value: number, bytes: string][] = [
    [0, "00"],
    [127, "7f"],
    [128, "8001"],
    [16_383, "ff7f"],
    [16_384, "808001"],
    [0x7fff_ffff, "ffffffff07"],
    [0xffff_ffff, "ffffffff0f"],
  ];
  for (const [value, bytes] of cases) {
    expect(frameOf((writer) => writer.uvarint(value)).slice(8)).toBe(bytes);
  }
});

test("a string has at most 32767 bytes of UTF-8, in flexible versions as well", () => {
  const longest = "é".repeat(16_383) + "a";
  expect(frameOf((writer) => writer.int16String(longest)).slice(8, 12)).toBe("7fff");
  expect(frameOf((writer) => writer.compactString(longest)).slice(8, 14)).toBe("808002");
  for (const text of [`${longest}a`, "a".repeat(32_768)]) {
    const refused = `a string of ${text.length} characters, at most 32767 bytes`;
    expect(() => frameOf((writer) => writer.int16String(text))).toThrow(refused);
    expect(() => frameOf((writer) => writer.compactString(text))).toThrow(refused);
  }
});

test("half a surrogate pair is written as the replacement character", () => {
  expect(frameOf((writer) => writer.compactString("a\ud800")).slice(8)).toBe("0561efbfbd");
});

test("a number that does not fit its type is refused, where it would wrap around unseen", () => {
  expect([int8(-128), int8(127), int16(-32_768), int16(32_767)]).toEqual([
    -128, 127, -32_768, 32_767,
  ]);
  expect([uint16(65_535), int32(-(2 ** 31)), int32(2 ** 31 - 1)]).toEqual([
    65_535,
    -(2 ** 31),
    2 ** 31 - 1,
  ]);
  for (const refused of [
    () => int8(128),
    () => int16(-32_769),
    () => uint16(-1),
    () => uint16(65_536),
    () => int32(2 ** 31),
    () => int32(1.5),
    () => int32(Number.NaN),
    () => refuseNull("topics"),
  ]) {
    expect(refused).toThrow(AssertionError);
  }
});

test("an exact int64 is a safe integer; a rounded one is any, and the largest stays the largest", () => {
  const view = new DataView(new ArrayBuffer(8));
  const text = (): string => new Uint8Array(view.buffer).toHex();
  for (const value of [0, -1, 1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, 1 - 2 ** 53]) {
    putInt64(view, 0, value);
    expect(view.getBigInt64(0)).toBe(BigInt(value));
    putRoundedInt64(view, 0, value);
    expect(roundedInt64(view, 0)).toBe(value);
  }
  putRoundedInt64(view, 0, 2 ** 63);
  expect(text()).toBe("7fffffffffffffff");
  expect(roundedInt64(view, 0)).toBe(2 ** 63);
  putRoundedInt64(view, 0, -(2 ** 63));
  expect(text()).toBe("8000000000000000");
  putRoundedInt64(view, 0, 2 ** 60);
  expect(view.getBigInt64(0)).toBe(2n ** 60n);
  for (const value of [2 ** 53, -(2 ** 53), 0.5, Number.NaN]) {
    expect(() => putInt64(view, 0, value)).toThrow("is no exact int64");
  }
  for (const value of [2 ** 64, 0.5, Number.NaN, Infinity]) {
    expect(() => putRoundedInt64(view, 0, value)).toThrow("is no int64");
  }
});

test("a UUID is written from the text that reading gives, and from no other", () => {
  const view = new DataView(new ArrayBuffer(20));
  const text = "01234567-89ab-cdef-0123-456789abcdef";
  putUuid(view, 2, text);
  expect(new Uint8Array(view.buffer, 2, 16).toHex()).toBe("0123456789abcdef0123456789abcdef");
  expect(uuidAt(view, 2)).toBe(text);
  for (const wrong of ["", text.slice(1), `${text}0`, text.toUpperCase(), text.replace("4", "g")]) {
    expect(() => putUuid(view, 0, wrong)).toThrow("is no uuid");
  }
});
