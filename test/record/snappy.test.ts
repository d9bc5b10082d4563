import { expect, test } from "bun:test";
import { finish } from "../../src/base/steps.ts";
import { compressSnappy, decompressSnappy } from "../../src/record/snappy.ts";
import { bytesOf, textBytes } from "../support/hex.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

const unpack = (hex: string, bytesMax = 1 << 20) =>
  finish(decompressSnappy(bytesOf(hex), bytesMax));
const javaHeader = "82 534e41505059 00 00000001 00000001";

/** An unsigned length as a raw block begins with. */
function lengthHex(length: number): string {
  const bytes: number[] = [];
  let rest = length;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]).toString("hex");
}

// "Snappy compressed format description", §2.1 and §2.2: every spelling of both elements.
const spellings: readonly (readonly [string, string, string])[] = [
  ["literals, length in the tag", "03 08 616263", "abc"],
  ["literals, length in one byte", `64 f0 63 ${"61".repeat(100)}`, "a".repeat(100)],
  ["literals, length in two bytes", "03 f4 0200 616263", "abc"],
  ["literals, length in three bytes", "03 f8 020000 616263", "abc"],
  ["literals, length in four bytes", "03 fc 02000000 616263", "abc"],
  ["a match of eleven bits", "0a 04 6162 11 02", "ababababab"],
  ["a match of two bytes", "0a 04 6162 1e 0200", "ababababab"],
  ["a match of four bytes", "0a 04 6162 1f 02000000", "ababababab"],
  ["a match that repeats one byte", `41 00 61 fe 0100`, "a".repeat(65)],
  ["nothing", "00", ""],
];

test.each(spellings)("%s", (_, hex, text) => {
  expect(unpack(hex)).toEqual(textBytes(text));
  const block = bytesOf(hex);
  const size = block.length.toString(16).padStart(8, "0");
  const twice = `${javaHeader} ${size} ${hex} ${size} ${hex}`;
  expect(unpack(twice)).toEqual(textBytes(text + text));
});

test("the upper bits of a short match's distance are in its tag", () => {
  const literals = "00".repeat(0x123 - 1);
  const hex = `${lengthHex(0x123 + 4)} f4 2201 61 ${literals} 21 23`;
  const expected = new Uint8Array(0x123 + 4);
  expected[0] = expected[0x123] = 0x61;
  expect(unpack(hex)).toEqual(expected);
});

const damages: readonly (readonly [string, string])[] = [
  ["nothing at all", ""],
  ["a length that does not end", "ffffffffffff01"],
  ["a length that its bytes can't fill", "ffffff7f 00 61"],
  ["less than it says", "04 08 616263"],
  ["literals for more than it says", "02 08 616263"],
  ["a match for more than it says", "05 00 61 15 01"],
  ["literals beyond the end", "04 0c 616263"],
  ["a literal length beyond the end", "04 f4 03"],
  ["a literal length above 2^31", "04 fc ffffffff 616263"],
  ["a match without its distance", "05 00 61 01"],
  ["a match with half of its distance", "05 00 61 0e 01"],
  ["a distance of nothing", "05 00 61 01 00"],
  ["a distance before the beginning", "05 00 61 01 02"],
  ["a distance above 2^31", "05 00 61 0f ffffffff"],
  ["a Java block without its size", `${javaHeader} 000000`],
  ["a Java block beyond the end", `${javaHeader} 00000006 03 08 616263`],
  ["a Java block of a negative size", `${javaHeader} ffffffff 03 08 616263`],
  ["a Java block of nothing", `${javaHeader} 00000000`],
  ["a Java header cut short", "82 534e41505059 00 00000001 000000"],
  [
    "a match into the Java block before",
    `${javaHeader} 00000005 03 08 616263 00000005 05 00 61 01 02`,
  ],
];

test.each(damages)("%s is damage", (_, hex) => {
  expect(unpack(hex)).toBe("damaged");
});

test("the cap on a raw block holds to the byte", () => {
  expect(unpack("03 08 616263", 3)).toEqual(textBytes("abc"));
  expect(unpack("03 08 616263", 2)).toBe("too large");
});

test("blocks of the Java framing share one cap", () => {
  const block = "00000005 03 08 616263";
  expect(unpack(`${javaHeader} ${block} ${block}`, 6)).toEqual(textBytes("abcabc"));
  expect(unpack(`${javaHeader} ${block} ${block}`, 5)).toBe("too large");
});

test("the Java framing without blocks is no bytes, and that is what nothing is packed as", () => {
  expect(unpack(javaHeader)).toEqual(new Uint8Array(0));
  expect(compressSnappy(new Uint8Array(0))).toEqual(bytesOf(javaHeader));
});

test("bytes in which nothing repeats cost little more than themselves", () => {
  const bytes = randomBytes(randomForTest(), 100_000);
  const packed = compressSnappy(bytes);
  expect(packed.length).toBeLessThan(bytes.length + 100);
  expect(finish(decompressSnappy(packed, bytes.length))).toEqual(bytes);
});

test("runs of every length come back, also where they are cut into elements", () => {
  for (let length = 1; length < 300; length++) {
    const bytes = textBytes(`begin${"x".repeat(length)}0123456789abcdef`);
    expect(finish(decompressSnappy(compressSnappy(bytes), bytes.length))).toEqual(bytes);
  }
});
