/**
 * The four codecs that a batch's records may be packed with. What comes from outside is unpacked
 * under a cap that holds while it is unpacked, so that a few bytes can't ask for gigabytes; and
 * whatever is wrong with it is a refusal, never an exception.
 *
 * gzip and zstd go through node:zlib: Bun's own functions for them know no cap. It is loaded when
 * it is first needed, since it brings all of node:stream along. LZ4 and Snappy are ours (`lz4.ts`,
 * `snappy.ts`).
 */
import { assert } from "../base/assert.ts";
import { Refusal } from "../base/refusal.ts";
import { finish, type Steps } from "../base/steps.ts";
import type { Compression } from "./batch.ts";
import { compressLz4, decompressLz4 } from "./lz4.ts";
import type { DecompressFault } from "./match.ts";
import { compressSnappy, decompressSnappy } from "./snappy.ts";
import { areWholeFrames } from "./zstd.ts";

/** A codec that changes something. */
export type Codec = Exclude<Compression, "none">;

/**
 * Packs bytes, as Kafka's own producer would.
 * @param level how hard to try, for gzip and zstd; the codec's default where it is left out
 */
export function compress(codec: Codec, bytes: Uint8Array, level?: number): Uint8Array {
  return codecs[codec].compress(bytes, level);
}

/**
 * Unpacks to at most `bytesMax` bytes. CORRUPT_MESSAGE: the bytes are damaged, cut short or
 * followed by others. MESSAGE_TOO_LARGE: they hold more than that; what was unpacked is dropped.
 */
export const decompress = (
  codec: Codec,
  packed: Uint8Array,
  bytesMax: number,
): Uint8Array | Refusal => finish(decompression(codec, packed, bytesMax));

/** The same in steps: LZ4 and Snappy take several for what is large, gzip and zstd do not. */
export function* decompression(
  codec: Codec,
  packed: Uint8Array,
  bytesMax: number,
): Steps<Uint8Array | Refusal> {
  assert(bytesMax > 0, "decompress: there is room for a byte");
  const unpacked = codecs[codec].decompress(packed, bytesMax);
  const isDone = typeof unpacked === "string" || unpacked instanceof Uint8Array;
  const content = isDone ? unpacked : yield* unpacked;
  if (content === "damaged") {
    const message = `${packed.length} bytes are not whole, undamaged ${codec}`;
    return new Refusal("CORRUPT_MESSAGE", message);
  }
  if (content === "too large") {
    const message = `${packed.length} bytes of ${codec} unpack to more than ${bytesMax}`;
    return new Refusal("MESSAGE_TOO_LARGE", message);
  }
  return content;
}

type Unpacked = Uint8Array | DecompressFault;

interface CodecFunctions {
  compress(bytes: Uint8Array, level?: number): Uint8Array;
  decompress(packed: Uint8Array, bytesMax: number): Unpacked | Steps<Unpacked>;
}

const codecs: Readonly<Record<Codec, CodecFunctions>> = {
  gzip: {
    compress: (bytes, level) => zlib().gzipSync(bytes, level === undefined ? {} : { level }),
    decompress: (packed, bytesMax) => inflate(zlib().gunzipSync, packed, bytesMax),
  },
  snappy: { compress: (bytes) => compressSnappy(bytes), decompress: decompressSnappy },
  lz4: {
    compress: (bytes) => compressLz4(bytes),
    decompress: (packed, bytesMax) => decompressLz4(packed, bytesMax, hash32),
  },
  zstd: {
    compress: (bytes, level) =>
      zlib().zstdCompressSync(
        bytes,
        level === undefined ? {} : { params: { [compressionLevel()]: level } },
      ),
    decompress: (packed, bytesMax) =>
      areWholeFrames(packed) ? inflate(zlib().zstdDecompressSync, packed, bytesMax) : "damaged",
  },
};

const zlib = () => process.getBuiltinModule("node:zlib");
const compressionLevel = (): number => zlib().constants.ZSTD_c_compressionLevel;

const hash32 = (bytes: Uint8Array): number => Bun.hash.xxHash32(bytes);

/** Runs a function of node:zlib, and turns what it throws into what it means. */
function inflate(
  inflateSync: (packed: Uint8Array, options: { maxOutputLength: number }) => Uint8Array,
  packed: Uint8Array,
  bytesMax: number,
): Unpacked {
  try {
    return inflateSync(packed, { maxOutputLength: bytesMax });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === tooLargeCode) return "too large";
    if (damageCode.test(code)) return "damaged";
    throw error;
  }
}

const tooLargeCode = "ERR_BUFFER_TOO_LARGE";
/** What zlib and zstd call their errors; anything else is not about the bytes. */
const damageCode = /^Z(STD_error)?_/;
