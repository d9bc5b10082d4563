/**
 * Packed bytes: none of the four codecs makes more of them than it may, holds the event loop, or
 * throws; and what it makes is what another implementation makes of them.
 *
 *     codec · cap · the packed bytes
 */
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Random } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { viewOf } from "../../src/record/batch.ts";
import { type Codec, compress, decompression } from "../../src/record/compression.ts";
import { repetitiveBytes } from "../support/seed.ts";
import { mutated, oneOf } from "./mutate.ts";
import { type Reference, referenceLz4, referenceSnappy } from "./reference-packing.ts";
import { require, type Subject, type Target } from "./target.ts";

const codecs: readonly Codec[] = ["gzip", "snappy", "lz4", "zstd"];
const KiB = 1024;
/** What the content may have. */
const caps = [1, 100, 4 * KiB, 64 * KiB, 1024 * KiB, 16 * 1024 * KiB];
/** Bytes of an input before the packed ones. */
const headBytes = 2;
/** A reference takes no more than this: it is slow. */
const referenceBytesMax = 256 * KiB;
/** What another implementation makes of it; `undefined`: none is asked. */
function referenceOf(codec: Codec, packed: Uint8Array, cap: number): Reference | undefined {
  if (cap > referenceBytesMax && codec !== "gzip" && codec !== "zstd") return undefined;
  if (codec === "snappy") return referenceSnappy(packed, cap);
  if (codec === "lz4") return referenceLz4(packed, cap);
  return undefined;
}

/** The runtime's own functions know no cap, so they are asked only of what has kept it. */
function ownContent(codec: Codec, packed: Uint8Array): Uint8Array | null {
  try {
    const bytes = new Uint8Array(packed);
    return codec === "gzip" ? Bun.gunzipSync(bytes) : Bun.zstdDecompressSync(bytes);
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
}

class PackingSubject implements Subject {
  /** Of one step: others have their turn between two of them. */
  longestMs = 0;

  take(input: Uint8Array): Promise<readonly string[]> {
    const codec = codecs[(input[0] ?? 0) % codecs.length]!;
    const cap = caps[(input[1] ?? 0) % caps.length]!;
    const packed = input.slice(headBytes);
    const before = packed.slice();
    const { longestMs, steps, result } = unpackedIn(codec, packed, cap);
    this.longestMs = longestMs;
    require(Buffer.compare(packed, before) === 0, () => `${codec} changes what it is given`);
    const word = this.#judge(codec, packed, cap, result);
    return Promise.resolve([`${codec} ${cap} ${word}${steps > 1 ? ", in steps" : ""}`]);
  }

  async close(): Promise<void> {}

  #judge(codec: Codec, packed: Uint8Array, cap: number, result: Uint8Array | Refusal): string {
    const expected = referenceOf(codec, packed, cap);
    if (result instanceof Refusal) {
      const isKnown = result.code === "CORRUPT_MESSAGE" || result.code === "MESSAGE_TOO_LARGE";
      require(isKnown, () => `${codec}: ${result.code}`);
      const isRight = !(expected instanceof Uint8Array);
      require(isRight, () => `${codec} refuses what it should unpack: ${result.message}`);
      return result.code;
    }
    require(result.length <= cap, () => `${codec} makes ${result.length} bytes, and may ${cap}`);
    if (expected !== undefined) {
      require(expected instanceof Uint8Array, () => `${codec} unpacks what is ${String(expected)}`);
      require(Buffer.compare(expected as Uint8Array, result) === 0, () =>
        `${codec} unpacks others`);
    } else if (codec === "gzip" || codec === "zstd") {
      // The runtime's own functions stop behind the first member of gzip.
      const own = ownContent(codec, packed);
      const end = codec === "gzip" ? own?.length : result.length;
      const isSame = own !== null && Buffer.compare(own, result.subarray(0, end)) === 0;
      require(isSame, () => `${codec}: ${result.length} bytes, the runtime has ${own?.length}`);
    }
    return result.length === 0 ? "nothing" : "unpacked";
  }
}

interface Unpacked {
  readonly result: Uint8Array | Refusal;
  readonly steps: number;
  /** Processor time of the longest step. */
  readonly longestMs: number;
}

function unpackedIn(codec: Codec, packed: Uint8Array, cap: number): Unpacked {
  const steps = decompression(codec, packed, cap);
  let longestMs = 0;
  for (let count = 1; ; count++) {
    const cpu = process.threadCpuUsage();
    const { done, value } = steps.next();
    const { user, system } = process.threadCpuUsage(cpu);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    if (done === true) return { result: value, steps: count, longestMs };
  }
}

/** Much of very little. */
function bomb(random: Random, codec: Codec): Uint8Array {
  const bytes = oneOf(random, [5 * KiB, 70 * KiB, 1100 * KiB, 3000 * KiB]);
  return compress(codec, new Uint8Array(bytes).fill(random.below(256)));
}

/** A raw Snappy block, or one in the Java framing, from elements of chance. */
function snappyElements(random: Random): Uint8Array {
  const parts: number[] = [];
  for (let left = 1 + random.below(12); left > 0; left--) {
    const kind = random.below(4);
    const upper = random.below(64);
    parts.push((upper << 2) | kind);
    const extra = kind === 0 ? Math.max(upper - 59, 0) : kind === 3 ? 4 : kind;
    for (let at = 0; at < extra; at++) parts.push(at === 0 ? random.below(80) : 0);
    if (kind !== 0) continue;
    for (let at = upper < 60 ? upper + 1 : 3; at > 0; at--) parts.push(random.below(256));
  }
  const length = random.below(400);
  const block = Uint8Array.from([(length & 0x7f) | 0x80, length >> 7, ...parts]);
  if (random.below(2) === 0) return block;
  const stream = new Uint8Array(20 + block.length);
  stream.set(Uint8Array.fromHex("82534e41505059000000000100000001"));
  viewOf(stream).setInt32(16, random.below(6) === 0 ? random.below(90) : block.length);
  stream.set(block, 20);
  return stream;
}

/** An LZ4 frame whose header holds, of blocks of chance. */
function lz4Blocks(random: Random): Uint8Array {
  const flags = 0x40 | (random.below(4) === 0 ? random.below(64) & 0x3c : 0x20);
  const head = [flags, oneOf(random, [0x40, 0x50, 0x60, 0x70])];
  if ((flags & 8) !== 0) head.push(random.below(60), 0, 0, 0, 0, 0, 0, 0);
  const check = (Bun.hash.xxHash32(Uint8Array.from(head)) >>> 8) & 0xff;
  const parts: number[] = [0x04, 0x22, 0x4d, 0x18, ...head, check];
  for (let left = random.below(4); left > 0; left--) {
    const block = Array.from({ length: 1 + random.below(30) }, () =>
      random.below(3) === 0 ? random.below(16) : random.below(256),
    );
    const size = block.length + (random.below(8) === 0 ? random.below(20) : 0);
    parts.push(size, 0, 0, random.below(4) === 0 ? 0x80 : 0, ...block);
    const sum = Bun.hash.xxHash32(Uint8Array.from(block));
    if ((flags & 0x10) !== 0)
      parts.push(sum & 255, (sum >> 8) & 255, (sum >> 16) & 255, sum >>> 24);
  }
  return Uint8Array.from([...parts, 0, 0, 0, 0]);
}

/** Several members, or frames, one after another. */
function several(codec: Codec, content: Uint8Array): Uint8Array {
  const half = content.length >> 1;
  const pack = codec === "gzip" ? gzipSync : zstdCompressSync;
  return Buffer.concat([pack(content.subarray(0, half)), pack(content.subarray(half))]);
}

function packedBytes(random: Random, codec: Codec, kept: readonly Uint8Array[]): Uint8Array {
  const way = random.below(10);
  if (way === 0 && random.below(6) === 0) return bomb(random, codec);
  if (way < 3 && codec === "snappy") return snappyElements(random);
  if (way < 3 && codec === "lz4") return lz4Blocks(random);
  if (way < 5 && kept.length > 0) return mutated(oneOf(random, kept).subarray(headBytes), random);
  const content = repetitiveBytes(random, random.below(300));
  const isSeveral = random.below(8) === 0 && (codec === "gzip" || codec === "zstd");
  const packed = isSeveral ? several(codec, content) : compress(codec, content);
  return random.below(6) === 0 ? packed : mutated(packed, random, kept);
}

function generate(random: Random, kept: readonly Uint8Array[]): Uint8Array {
  const codec = random.below(codecs.length);
  const cap = random.below(caps.length);
  const packed = packedBytes(random, codecs[codec]!, kept);
  return new Uint8Array(Buffer.concat([Uint8Array.of(codec, cap), packed]));
}

/** For each codec something small, cut off at each byte, and with each of its bits wrong. */
function* systematic(): Generator<Uint8Array> {
  const content = Buffer.from("again and again and again, and once more; again and again");
  for (const [at, codec] of codecs.entries()) {
    const packed = compress(codec, content);
    const whole = new Uint8Array(Buffer.concat([Uint8Array.of(at, 2), packed]));
    for (let end = headBytes; end <= whole.length; end++) yield whole.slice(0, end);
    for (let bit = headBytes * 8; bit < whole.length * 8; bit++) {
      const copy = whole.slice();
      copy[bit >> 3]! ^= 1 << (bit & 7);
      yield copy;
    }
    for (let cap = 0; cap < caps.length; cap++) {
      const zeros = compress(codec, new Uint8Array(caps[cap]! + 1));
      yield new Uint8Array(Buffer.concat([Uint8Array.of(at, cap), zeros]));
    }
  }
}

/** The target; see the head of this file. */
export function compressed(): Promise<Target> {
  return Promise.resolve({
    name: "compressed",
    inputsPerSubject: 1_000,
    // The largest cap, for each of the attempts that a slow machine has made, and the reference.
    allocatedBytesMax: 20 * 1024 * KiB,
    systematic,
    generate,
    open: () => Promise.resolve(new PackingSubject()),
  });
}
