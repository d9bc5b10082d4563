import { expect, test } from "bun:test";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { areWholeFrames } from "../../src/record/zstd.ts";
import { bytesOf, textBytes } from "../support/hex.ts";

const text = textBytes("obelisk ".repeat(50));

const frames: readonly (readonly [string, Uint8Array])[] = [
  ["a frame", zstdCompressSync(text)],
  // Zstandard 1.5.7 through Python's zstandard 0.25.0: `write_checksum=True`, and
  // `write_content_size=False` with it.
  [
    "a frame with a checksum",
    bytesOf("28b52ffd6490007d0000406f62656c69736b20010085530b179d2d8c6c"),
  ],
  [
    "a frame that does not know its size",
    bytesOf("28b52ffd04007d0000406f62656c69736b20010085530b179d2d8c6c"),
  ],
  ["a frame of nothing", zstdCompressSync(new Uint8Array(0))],
  ["a frame of several blocks", zstdCompressSync(new Uint8Array(300_000).fill(7))],
  // RFC 8878, §3.1.1.2: a stored block of "abc", then a repeated one of five "d".
  ["a frame of stored and repeated blocks", bytesOf("28b52ffd 0000 180000 616263 2b0000 64")],
];

test.each(frames)("%s is whole, and is not when it stops anywhere or goes on", (_, frame) => {
  expect(areWholeFrames(frame)).toBe(true);
  expect(areWholeFrames(Buffer.concat([frame, frame]))).toBe(true);
  for (let stop = 0; stop < frame.length; stop++) {
    expect(areWholeFrames(frame.subarray(0, stop))).toBe(false);
  }
  expect(areWholeFrames(Buffer.concat([frame, Uint8Array.of(0x28)]))).toBe(false);
});

test.each([
  // Window byte, dictionary id and content size of every size, in front of one stored block.
  ["00", "00"],
  ["01", "00 11"],
  ["02", "00 1122"],
  ["03", "00 11223344"],
  ["20", "03"],
  ["40", "00 0300"],
  ["80", "00 03000000"],
  ["c0", "00 0300000000000000"],
  ["e3", "11223344 0300000000000000"],
])("the fields that descriptor %s announces are passed over", (descriptor, fields) => {
  expect(areWholeFrames(bytesOf(`28b52ffd ${descriptor} ${fields} 190000 616263`))).toBe(true);
});

test("the runtime takes a frame cut short for a whole one: why the shape is checked here", () => {
  const cut = zstdCompressSync(text).subarray(0, -1);
  expect(zstdDecompressSync(cut, { maxOutputLength: 1000 })).toHaveLength(0);
});
