import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import {
  decodeIndexHeader,
  encodeIndexHeader,
  encodeTimeHeader,
  isTimeHeader,
} from "../../src/log/index-file.ts";

const header = {
  base: offset(4182),
  sealed: true,
  durable: true,
  cleaned: false,
  createdMs: 1_754_705_528_480,
  floorOffset: offset(4282),
  floorPosition: 123_456,
  maxTimestamp: -1,
};

test("an index header comes back as it was written", () => {
  expect(decodeIndexHeader(encodeIndexHeader(header), offset(4182))).toEqual(header);
});

test("the bytes of an index header are those that FORMAT.md draws", () => {
  expect(encodeIndexHeader(header).toHex()).toBe(
    "4f42495800010003000000000000105600000198" +
      "8c9986a0000000640001e24000000000ffffffffffffffff84764977",
  );
});

test("every flipped bit and every truncation of an index header is noticed", () => {
  const bytes = encodeIndexHeader(header);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = bytes.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(decodeIndexHeader(damaged, offset(4182))).toBeNull();
  }
  for (let length = 0; length < bytes.length; length++) {
    expect(decodeIndexHeader(bytes.subarray(0, length), offset(4182))).toBeNull();
  }
});

test("the header of another segment is refused", () => {
  expect(decodeIndexHeader(encodeIndexHeader(header), offset(4183))).toBeNull();
  expect(isTimeHeader(encodeTimeHeader(offset(1)), offset(2))).toBe(false);
  expect(isTimeHeader(encodeTimeHeader(offset(1)), offset(1))).toBe(true);
});
