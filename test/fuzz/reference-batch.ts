/**
 * What a record batch of a client is, said a second time: plainly, without regard to speed, and
 * from Kafka's description of the format alone. Production code is held against it.
 */
import { crc32c } from "../../src/base/crc32c.ts";
import type { Codec } from "../../src/record/compression.ts";
import { viewOf } from "../../src/record/batch.ts";

/** A record, as text, so that two can be compared. */
export interface ReferenceRecord {
  readonly content: string;
  readonly timestamp: bigint;
  readonly hasKey: boolean;
  readonly headers: number;
}

/** How the records of a packed batch are had; `null`: they can't be. */
export type Unpack = (codec: Codec, packed: Uint8Array) => Uint8Array | null;

const codecs = [null, "gzip", "snappy", "lz4", "zstd"] as const;

/** The records of a batch that a broker may take; a text says why it may not. */
export function referenceRecords(batch: Uint8Array, unpack: Unpack): ReferenceRecord[] | string {
  if (batch.length < 61) return "too short";
  const view = viewOf(batch);
  if (view.getInt32(8) !== batch.length - 12) return "length";
  if (view.getInt8(16) !== 2) return "magic";
  if (view.getUint32(17) !== crc32c(batch, 21, batch.length)) return "checksum";
  if (view.getBigInt64(0) !== 0n) return "base offset";
  const attributes = view.getInt16(21);
  const codec = codecs[attributes & 7];
  if (codec === undefined) return "codec";
  if ((attributes & 0x70) !== 0) return "attributes";
  const count = view.getInt32(57);
  if (count <= 0 || view.getInt32(23) !== count - 1) return "count";
  const producerId = view.getBigInt64(43);
  if (producerId < -1n || producerId > BigInt(Number.MAX_SAFE_INTEGER)) return "producer id";
  const [epoch, sequence] = [view.getInt16(51), view.getInt32(53)];
  if (producerId >= 0n && (epoch < 0 || sequence < 0)) return "producer";
  const body = batch.subarray(61);
  const content = codec === null ? body : unpack(codec, body);
  if (content === null) return "packing";
  return recordsIn(content, count, view.getBigInt64(27));
}

function recordsIn(bytes: Uint8Array, count: number, base: bigint): ReferenceRecord[] | string {
  const source = new Source(bytes);
  const records: ReferenceRecord[] = [];
  for (let at = 0; at < count; at++) {
    const length = source.varint();
    const body = length === null || length < 0 ? null : source.take(length);
    const record = body === null ? null : recordIn(new Source(body), at, base);
    if (record === null) return `record ${at}`;
    records.push(record);
  }
  return source.left === 0 ? records : "more bytes than records";
}

function recordIn(source: Source, offsetDelta: number, base: bigint): ReferenceRecord | null {
  if (source.take(1) === null) return null;
  const timestampDelta = source.varlong();
  if (timestampDelta === null || source.varint() !== offsetDelta) return null;
  const key = source.sized();
  const value = key === undefined ? undefined : source.sized();
  const headers = value === undefined ? null : source.varint();
  if (key === undefined || value === undefined || headers === null || headers < 0) return null;
  let content = `${key?.toHex() ?? "-"}=${value?.toHex() ?? "-"}`;
  for (let left = headers; left > 0; left--) {
    const name = source.sized();
    if (name === undefined || name === null) return null;
    const held = source.sized();
    if (held === undefined) return null;
    content += ` ${name.toHex()}=${held?.toHex() ?? "-"}`;
  }
  if (source.left > 0) return null;
  return { content, timestamp: base + timestampDelta, hasKey: key !== null, headers };
}

/** Bytes that are read from their start; `null`: they are not there. */
class Source {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  take(count: number): Uint8Array | null {
    if (count > this.left) return null;
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }

  varint(): number | null {
    const value = this.#zigzag(5, 32);
    return value === null ? null : Number(value);
  }

  varlong(): bigint | null {
    return this.#zigzag(10, 64);
  }

  /** A length, then as many bytes; `null`: -1; `undefined`: neither. */
  sized(): Uint8Array | null | undefined {
    const length = this.varint();
    if (length === null || length < -1) return undefined;
    return length === -1 ? null : (this.take(length) ?? undefined);
  }

  #zigzag(bytesMax: number, bits: number): bigint | null {
    let value = 0n;
    for (let count = 0; count < bytesMax; count++) {
      const byte = this.take(1)?.[0];
      if (byte === undefined) return null;
      value |= BigInt(byte & 0x7f) << BigInt(7 * count);
      if (byte >= 0x80) continue;
      if (value >> BigInt(bits) !== 0n) return null;
      return BigInt.asIntN(bits, (value >> 1n) ^ -(value & 1n));
    }
    return null;
  }
}
