import { expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { crc32c } from "../../src/base/crc32c.ts";
import { bytesOf, textBytes } from "../support/hex.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

/** The definition, bit by bit. */
function slowly(bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes.subarray(from, to)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return ~crc >>> 0;
}

const vectors: readonly (readonly [string, Uint8Array, number])[] = [
  ["the check value of CRC catalogues", textBytes("123456789"), 0xe306_9283],
  ["nothing", new Uint8Array(0), 0],
  ["RFC 3720 B.4: 32 zeros", new Uint8Array(32), 0x8a91_36aa],
  ["RFC 3720 B.4: 32 ones", new Uint8Array(32).fill(0xff), 0x62a8_ab43],
  ["RFC 3720 B.4: 32 rising", new Uint8Array(32).map((_, at) => at), 0x46dd_794e],
  ["RFC 3720 B.4: 32 falling", new Uint8Array(32).map((_, at) => 31 - at), 0x113f_db5c],
  [
    "RFC 3720 B.4: an iSCSI read command",
    bytesOf(
      "01c00000 00000000 00000000 00000000 14000000 00000400" +
        "00000014 00000018 28000000 00000000 02000000 00000000",
    ),
    0xd996_3a56,
  ],
];

test.each(vectors)("known answer: %s", (_, bytes, expected) => {
  expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
});

test("every range of every alignment has the checksum of the definition", () => {
  const bytes = randomBytes(randomForTest(), 80);
  for (let from = 0; from <= 20; from++) {
    for (let to = from; to <= bytes.length; to++) {
      expect(crc32c(bytes, from, to)).toBe(slowly(bytes, from, to));
    }
  }
});

test("a view into a larger buffer is checked from its own start", () => {
  const random = randomForTest();
  const whole = randomBytes(random, 5000);
  for (let round = 0; round < 20; round++) {
    const view = whole.subarray(random.below(2000), 2000 + random.below(3000));
    const from = random.below(view.length);
    expect(crc32c(view, from, view.length)).toBe(slowly(view, from, view.length));
  }
});

test.each([
  [-1, 4],
  [3, 2],
  [0, 11],
])("the range %d to %d of ten bytes is a mistake of the caller", (from, to) => {
  expect(() => crc32c(new Uint8Array(10), from, to)).toThrow(AssertionError);
});
