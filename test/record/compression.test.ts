import { describe, expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { finish } from "../../src/base/steps.ts";
import { unpackStepBytes } from "../../src/limits.ts";
import { type Codec, compress, decompress, decompression } from "../../src/record/compression.ts";
import { readHexGolden, textBytes } from "../support/hex.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest, repetitiveBytes } from "../support/seed.ts";

const codecs: readonly Codec[] = ["gzip", "snappy", "lz4", "zstd"];
const streams = readHexGolden("record/streams.txt");
const batches = readHexGolden("record/batches.txt");
const content = textBytes(
  Array.from({ length: 90 }, (_, n) => `${n}: ${"obelisk ".repeat(100)}`).join(""),
);
const bytesMax = 1 << 20;

const codecOf = (name: string): Codec => codecs.find((codec) => name.includes(codec))!;
const codeOf = (result: Uint8Array | Refusal): string =>
  result instanceof Refusal ? result.code : `${result.length} bytes`;

test.each([...streams.keys()])("%s unpacks to what its maker packed", (name) => {
  expect(decompress(codecOf(name), streams.get(name)!, bytesMax)).toEqual(content);
});

test.each([...codecs])("%s gives back bytes of every kind and size", (codec) => {
  const random = randomForTest();
  const lengths = [
    0, 1, 2, 4, 5, 11, 12, 13, 14, 64, 255, 256, 257, 300, 32767, 32768, 32769, 65535, 65536,
  ];
  for (const length of [...lengths, 65537, 200_000]) {
    const kinds: readonly Uint8Array[] = [
      new Uint8Array(length),
      repetitiveBytes(random, length),
      randomBytes(random, length),
    ];
    for (const bytes of kinds) {
      expect(decompress(codec, compress(codec, bytes), bytesMax)).toEqual(bytes);
    }
  }
});

test.each([...codecs])("%s makes records smaller", (codec) => {
  expect(compress(codec, content).length * 10).toBeLessThan(content.length);
});

test.each([...codecs])("%s does not touch the bytes that it packs", (codec) => {
  const bytes: Uint8Array = content.slice();
  compress(codec, bytes);
  expect(bytes).toEqual(content);
});

test.each([...streams.keys()])("the cap on %s holds to the byte", (name) => {
  const packed = streams.get(name)!;
  const codec = codecOf(name);
  expect(codeOf(decompress(codec, packed, content.length))).toBe("72350 bytes");
  expect(codeOf(decompress(codec, packed, content.length - 1))).toBe("MESSAGE_TOO_LARGE");
  expect(codeOf(decompress(codec, packed, 1))).toBe("MESSAGE_TOO_LARGE");
});

test.each([...codecs])("a bomb of %s is refused", (codec) => {
  const bomb = compress(codec, new Uint8Array(64 * bytesMax));
  expect(codeOf(decompress(codec, bomb, bytesMax))).toBe("MESSAGE_TOO_LARGE");
});

test.each([...streams.keys()])("%s that stops anywhere is damaged", (name) => {
  const packed = streams.get(name)!;
  // A Java Snappy stream has no end: cut between two blocks, it is only shorter.
  const whole = name === "java-snappy" ? javaSnappyEnds(packed) : [];
  for (let stop = 0; stop < packed.length; stop++) {
    const result = decompress(codecOf(name), packed.subarray(0, stop), bytesMax);
    if (whole.includes(stop)) expect(result).toBeInstanceOf(Uint8Array);
    else expect(codeOf(result)).toBe("CORRUPT_MESSAGE");
  }
});

function javaSnappyEnds(packed: Uint8Array): number[] {
  const view = new DataView(packed.buffer, packed.byteOffset);
  const ends = [16];
  for (let at = 16; at < packed.length; at += 4 + view.getInt32(at)) ends.push(at);
  return ends;
}

test.each([...streams.keys()])("%s with a byte behind it is damaged", (name) => {
  const packed = Buffer.concat([streams.get(name)!, Uint8Array.of(1)]);
  expect(codeOf(decompress(codecOf(name), packed, bytesMax))).toBe("CORRUPT_MESSAGE");
});

test("bytes that are no stream of any kind are damaged", () => {
  const random = randomForTest();
  for (const codec of codecs) {
    const garbage = randomBytes(random, 100);
    garbage[0] = 0xff;
    expect(codeOf(decompress(codec, garbage, bytesMax))).toBe("CORRUPT_MESSAGE");
    expect(codeOf(decompress(codec, new Uint8Array(0), bytesMax))).toBe("CORRUPT_MESSAGE");
  }
});

test("room for nothing is a mistake of the caller", () => {
  expect(() => decompress("lz4", compress("lz4", new Uint8Array(0)), 0)).toThrow(AssertionError);
});

test("whatever the bytes are, unpacking ends in bytes below the cap or a refusal", () => {
  const random = randomForTest();
  const packed = [...streams, ...batches]
    .filter(([name]) => codecs.some((codec) => name.includes(codec)))
    .map(([name, bytes]) => {
      const stream = streams.has(name) ? bytes : bytes.subarray(61);
      return { codec: codecOf(name), stream };
    });
  const outcomes = new Set<string>();
  for (let round = 0; round < rounds(3_000, 50_000); round++) {
    const { codec, stream } = packed[random.below(packed.length)]!;
    const bytes = stream.slice();
    for (let change = random.below(5); change >= 0; change--) {
      bytes[random.below(bytes.length)] = random.below(3) === 0 ? 0xff : random.below(256);
    }
    const cap = 1 + random.below(100_000);
    const result = decompress(codec, bytes, cap);
    if (result instanceof Uint8Array) expect(result.length).toBeLessThanOrEqual(cap);
    outcomes.add(result instanceof Refusal ? result.code : "bytes");
  }
  expect([...outcomes].sort()).toEqual(["CORRUPT_MESSAGE", "MESSAGE_TOO_LARGE", "bytes"]);
});

describe("what is large is unpacked in steps", () => {
  const large = new Uint8Array(4 * unpackStepBytes).map((_, at) => (at * 31) >>> (at % 7));

  test.each([
    ["gzip", 0],
    ["zstd", 0],
    ["snappy", 3],
    ["lz4", 3],
  ] as const)("by %s in more than %d", (codec, stepsMin) => {
    const steps = decompression(codec, compress(codec, large), large.length);
    let count = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) count += 1;
    expect(Buffer.compare(step.value as Uint8Array, large)).toBe(0);
    expect(count).toBeGreaterThanOrEqual(stepsMin);
    expect(count).toBeLessThan(20);
  });

  test("also one block of Snappy, as librdkafka packs", () => {
    const bytes = 2 * unpackStepBytes;
    const matches = (bytes - 64) / 64;
    const packed = new Uint8Array(4 + 2 + 60 + 3 * matches + 8);
    let at = 0;
    for (let rest = bytes; ; rest >>>= 7) {
      packed[at++] = rest < 0x80 ? rest : (rest & 0x7f) | 0x80;
      if (rest < 0x80) break;
    }
    packed.set([60 << 2, 63], at);
    at += 2;
    packed.fill(7, at, at + 64);
    at += 64;
    for (let count = 0; count < matches; count++, at += 3) packed.set([(63 << 2) | 2, 64, 0], at);
    const steps = decompression("snappy", packed.subarray(0, at), bytes);
    expect(steps.next().done).toBe(false);
    const unpacked = finish(steps);
    expect(unpacked).toBeInstanceOf(Uint8Array);
    expect((unpacked as Uint8Array).every((byte) => byte === 7)).toBe(true);
    const cut = decompression("snappy", packed.subarray(0, at - 3), bytes);
    expect(finish(cut)).toMatchObject({ code: "CORRUPT_MESSAGE" });
  });
});
