import { expect, test } from "bun:test";
import { finish } from "../../src/base/steps.ts";
import { compressLz4, decompressLz4 } from "../../src/record/lz4.ts";
import { bytesOf, textBytes } from "../support/hex.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

const hash32 = (bytes: Uint8Array): number => Bun.hash.xxHash32(bytes);
const unpack = (frame: Uint8Array, bytesMax = 1 << 23) =>
  finish(decompressLz4(frame, bytesMax, hash32));
const independent = 0x60;
const linked = 0x40;

interface FrameShape {
  readonly flags?: number;
  readonly blockSize?: number;
  /** Between BD and the check byte. */
  readonly contentSize?: string;
  /** From the first block to the end of the frame. */
  readonly rest: string;
}

/** A frame with a check byte that is right. */
function frameOf(shape: FrameShape): Uint8Array {
  const { flags = independent, blockSize = 0x40, contentSize = "", rest } = shape;
  const descriptor = Buffer.concat([Uint8Array.of(flags, blockSize), bytesOf(contentSize)]);
  const check = (hash32(descriptor) >>> 8) & 0xff;
  return Buffer.concat([bytesOf("04224d18"), descriptor, Uint8Array.of(check), bytesOf(rest)]);
}

const hashHex = (text: string): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(hash32(textBytes(text)));
  return bytes.toString("hex");
};

// "abcd", then seven bytes from four back, then "e".
const repeating = "09000000 43 61626364 0400 10 65";
const storedAbc = "03000080 616263";
const end = "00000000";

test("literals, a match that overlaps itself, and literals again", () => {
  expect(unpack(frameOf({ rest: `${repeating} ${end}` }))).toEqual(textBytes("abcdabcdabce"));
});

test("a run of one byte is a match from one back, its length in many bytes", () => {
  // One literal, a match of 4 + 15 + 255 + 255 + 6, no literals.
  const frame = frameOf({ rest: `08000000 1f 61 0100 ffff06 00 ${end}` });
  expect(unpack(frame)).toEqual(textBytes("a".repeat(536)));
});

test("an empty frame is no bytes, and that is what nothing is packed as", () => {
  expect(unpack(frameOf({ rest: end }))).toEqual(new Uint8Array(0));
  expect(compressLz4(new Uint8Array(0))).toEqual(frameOf({ rest: end }));
});

test("a match may reach into the block before only where blocks are linked", () => {
  const rest = `${storedAbc} 05000000 00 0300 10 64 ${end}`;
  expect(unpack(frameOf({ flags: linked, rest }))).toEqual(textBytes("abcabcad"));
  expect(unpack(frameOf({ flags: independent, rest }))).toBe("damaged");
});

test("checksums of blocks and content, and the content's size, are believed only if right", () => {
  const checked = independent | 0x1c;
  const frame = (size: string, block: string, content: string): Uint8Array =>
    frameOf({ flags: checked, contentSize: size, rest: `${storedAbc} ${block} ${end} ${content}` });
  const size = "03000000 00000000";
  const hash = hashHex("abc");
  expect(unpack(frame(size, hash, hash))).toEqual(textBytes("abc"));
  expect(unpack(frame(size, hashHex("abd"), hash))).toBe("damaged");
  expect(unpack(frame(size, hash, hashHex("abd")))).toBe("damaged");
  expect(unpack(frame("04000000 00000000", hash, hash))).toBe("damaged");
  expect(unpack(frame("03000000 01000000", hash, hash))).toBe("damaged");
});

test("a frame may check its blocks without its content, and its content without them", () => {
  const hash = hashHex("abc");
  const blocks = `${storedAbc} ${hash} ${end}`;
  expect(unpack(frameOf({ flags: independent | 0x10, rest: blocks }))).toEqual(textBytes("abc"));
  const content = `${storedAbc} ${end} ${hash}`;
  expect(unpack(frameOf({ flags: independent | 0x04, rest: content }))).toEqual(textBytes("abc"));
});

test("a block may unpack to nothing", () => {
  expect(unpack(frameOf({ rest: `01000000 00 ${end}` }))).toEqual(new Uint8Array(0));
});

test.each([
  [0x40, 64 * 1024],
  [0x50, 256 * 1024],
  [0x60, 1024 * 1024],
  [0x70, 4 * 1024 * 1024],
])("block size %d allows %d bytes in a block, and no more", (blockSize, bytes) => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(0x8000_0000 + bytes);
  const stored = (hex: string): string => `${size.toString("hex")} ${hex}`;
  const whole = frameOf({ blockSize, rest: `${stored("61".repeat(bytes))} ${end}` });
  expect(unpack(whole)).toEqual(new Uint8Array(bytes).fill(0x61));
  size.writeUInt32LE(0x8000_0001 + bytes);
  const above = frameOf({ blockSize, rest: `${stored("61".repeat(bytes + 1))} ${end}` });
  expect(unpack(above)).toBe("damaged");
});

const damages: readonly (readonly [string, Uint8Array])[] = [
  ["another magic", frameOf({ rest: end }).fill(0x05, 0, 1)],
  ["a wrong check byte", frameOf({ rest: end }).fill(0, 6, 7)],
  ["an unknown version", frameOf({ flags: 0xa0, rest: end })],
  ["a reserved flag", frameOf({ flags: 0x62, rest: end })],
  ["a dictionary", frameOf({ flags: 0x61, contentSize: "00000001", rest: end })],
  ["an unknown block size", frameOf({ blockSize: 0x30, rest: end })],
  ["a reserved bit of the block size", frameOf({ blockSize: 0xc0, rest: end })],
  ["a reserved bit beside the block size", frameOf({ blockSize: 0x41, rest: end })],
  ["no end", frameOf({ rest: storedAbc })],
  ["bytes behind the end", frameOf({ rest: `${end} 00` })],
  ["a stored block of nothing", frameOf({ rest: `00000080 ${end}` })],
  ["a block beyond the frame", frameOf({ rest: "ff000080 6162" })],
  ["a block without its literals", frameOf({ rest: `02000000 30 61 ${end}` })],
  ["a literal length that does not end", frameOf({ rest: `03000000 f0 ff ff ${end}` })],
  ["a match length that does not end", frameOf({ rest: `05000000 1f 61 0100 ff ${end}` })],
  ["half a distance", frameOf({ rest: `03000000 10 61 01 ${end}` })],
  ["a block that ends with a match", frameOf({ rest: `04000000 10 61 0100 ${end}` })],
  ["a distance of nothing", frameOf({ rest: `05000000 10 61 0000 00 ${end}` })],
  ["a distance before the beginning", frameOf({ rest: `05000000 10 61 0200 00 ${end}` })],
];

test.each(damages)("%s is damage", (_, frame) => {
  expect(unpack(frame)).toBe("damaged");
});

test("a block may unpack to its size and not a byte beyond, however little it says", () => {
  // One literal and a match of 4 + 15 + 256 * 255 + 236: 64 KiB.
  const block = (last: string): string => `06010000 1f 61 0100 ${"ff".repeat(256)} ${last} 00`;
  const whole = frameOf({ rest: `${block("ec")} ${end}` });
  expect(unpack(whole)).toEqual(textBytes("a".repeat(65_536)));
  expect(unpack(frameOf({ rest: `${block("ed")} ${end}` }))).toBe("damaged");
});

test("bytes in which nothing repeats are stored, and cost little more than themselves", () => {
  const bytes = randomBytes(randomForTest(), 150_000);
  const frame = compressLz4(bytes);
  expect(frame).toHaveLength(bytes.length + 7 + 3 * 4 + 4);
  expect(unpack(frame)).toEqual(bytes);
});

test("what was packed is one frame of 64 KiB independent blocks, as Kafka writes it", () => {
  const frame = compressLz4(new Uint8Array(100_000));
  expect(frame.subarray(0, 7)).toEqual(bytesOf("04224d18 60 40 82"));
});
