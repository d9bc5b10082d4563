/**
 * Makes record batches: records go in one by one, a whole sealed batch comes out. This is the path
 * of every frame of the original protocol, so a record costs a copy of its bytes and no object.
 *
 * The builder owns one buffer, laid out as the batch will be: room for the header, then the
 * records. What `build` hands out is a copy: a batch may be on its way to the disk while the next
 * one is being written here.
 */
import { assert } from "../base/assert.ts";
import { varintBytes, varlongBytes, writeVarint, writeVarlong } from "../base/varint.ts";
import {
  batchBytesMax,
  batchRecordsMax,
  builderIdleBytesMax,
  recordHeadersMax,
} from "../limits.ts";
import { batchHeaderBytes, batchPrefixBytes, compressionNames, putInt64 } from "./batch.ts";
import { seal, viewOf, type Compression } from "./batch.ts";
import { compress } from "./compression.ts";
import type { RecordHeader } from "./records.ts";

/** A record to append. */
export interface NewRecord {
  /** Milliseconds since 1970; a whole number. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly RecordHeader[];
}

/** What a batch says beside its records. The producer's fields belong together (KIP-98). */
export interface BatchOptions {
  /** How to pack the records; they stay as they are where that would not make them smaller. */
  readonly compression?: Compression;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  /** The sequence number of the first record. */
  readonly baseSequence?: number;
}

/**
 * Timestamps keep this far from 1970 on either side (the year 73,000), so that the difference of
 * two is an exact double when it is written. The original's nanoseconds can't come near.
 */
const timestampMax = 2 ** 51;

/**
 * Headers as they stand in a record, their count first. Who appends the same ones again and again
 * makes them once, and may change bytes of a value in them between two appends.
 */
export function encodeHeaders(headers: readonly RecordHeader[]): Uint8Array {
  assert(headers.length <= recordHeadersMax, "encodeHeaders: as many as a record may have");
  const parts = headers.flatMap((header) => [utf8.encode(header.key), header.value]);
  let bytes = varintBytes(headers.length);
  for (const part of parts) bytes += varintBytes(part?.length ?? -1) + (part?.length ?? 0);
  const encoded = new Uint8Array(bytes);
  let at = writeVarint(encoded, 0, headers.length);
  for (const part of parts) {
    at = writeVarint(encoded, at, part?.length ?? -1);
    if (part === null) continue;
    encoded.set(part, at);
    at += part.length;
  }
  assert(at === bytes, "encodeHeaders: written as measured");
  return encoded;
}

/** Collects records. `append` says false, and changes nothing, when the batch is full. */
export class BatchBuilder {
  /** Records since the last `build`. */
  recordsCount = 0;
  /** Bytes of the batch if it were built now, not packed. */
  bytes = batchHeaderBytes;
  /** What `bytes` may come to; above it `append` says false. At most `batchBytesMax`. */
  bytesMax = batchBytesMax;

  private buffer = new Uint8Array(initialBytes);
  private view = viewOf(this.buffer);
  private baseTimestamp = 0;
  private maxTimestamp = 0;

  /**
   * Appends a record whose key and value lie in `source`: its [keyFrom, keyTo) and
   * [valueFrom, valueTo); `keyFrom` -1 for no key, `valueFrom` -1 for no value.
   * @param headers as {@link encodeHeaders} makes them
   */
  appendRange(
    timestamp: number,
    source: Uint8Array,
    keyFrom: number,
    keyTo: number,
    valueFrom: number,
    valueTo: number,
    headers: Uint8Array = noHeaders,
  ): boolean {
    assert(keyFrom <= keyTo, "appendRange: the key has a direction");
    assert(keyTo <= source.length, "appendRange: the key lies in the source");
    assert(valueFrom <= valueTo, "appendRange: the value has a direction");
    assert(valueTo <= source.length, "appendRange: the value lies in the source");
    const keyBytes = keyFrom < 0 ? -1 : keyTo - keyFrom;
    const valueBytes = valueFrom < 0 ? -1 : valueTo - valueFrom;
    if (!this.begin(timestamp, keyBytes, valueBytes, headers.length)) return false;
    this.putSized(source, keyFrom, keyBytes);
    this.putSized(source, valueFrom, valueBytes);
    this.put(headers, 0, headers.length);
    this.recordsCount++;
    return true;
  }

  /** Appends a record. */
  append(record: NewRecord): boolean {
    const key = record.key ?? nothing;
    const value = record.value ?? nothing;
    const keyBytes = record.key === null ? -1 : key.length;
    const valueBytes = record.value === null ? -1 : value.length;
    const headers = record.headers === undefined ? noHeaders : encodeHeaders(record.headers);
    if (!this.begin(record.timestamp, keyBytes, valueBytes, headers.length)) return false;
    this.putSized(key, 0, keyBytes);
    this.putSized(value, 0, valueBytes);
    this.put(headers, 0, headers.length);
    this.recordsCount++;
    return true;
  }

  /**
   * The batch of all records since the last call: base offset 0, sealed, in memory of its own.
   * The builder is empty afterwards.
   */
  build(options: BatchOptions = {}): Uint8Array {
    const batch = this.buildInPlace(options).slice();
    this.clear();
    return batch;
  }

  /**
   * The same as a view of the builder's memory: for callers who copy it at once anyway, as a log
   * does. They call {@link clear} when they have; the builder takes no record before.
   */
  buildInPlace(options: BatchOptions = {}): Uint8Array {
    assert(this.recordsCount > 0, "build: there is a record");
    const { buffer } = this;
    let compression = options.compression ?? "none";
    if (compression !== "none") {
      const packed = compress(compression, buffer.subarray(batchHeaderBytes, this.bytes));
      if (batchHeaderBytes + packed.length < this.bytes) {
        buffer.set(packed, batchHeaderBytes);
        this.bytes = batchHeaderBytes + packed.length;
      } else {
        compression = "none";
      }
    }
    this.putHeader(compressionNames.indexOf(compression), options);
    seal(buffer, this.view, 0);
    return buffer.subarray(0, this.bytes);
  }

  /** Forgets all records since the last `build`, and memory that one large batch has needed. */
  clear(): void {
    this.recordsCount = 0;
    this.bytes = batchHeaderBytes;
    if (this.buffer.length > builderIdleBytesMax) {
      this.buffer = new Uint8Array(initialBytes);
      this.view = viewOf(this.buffer);
    }
  }

  /** Makes room for a record and writes what comes before its key; false if the batch is full. */
  private begin(
    timestamp: number,
    keyBytes: number,
    valueBytes: number,
    headersBytes: number,
  ): boolean {
    assert(Number.isInteger(timestamp), "append: whole milliseconds");
    assert(Math.abs(timestamp) <= timestampMax, "append: a timestamp in range");
    const first = this.recordsCount === 0;
    const timestampDelta = first ? 0 : timestamp - this.baseTimestamp;
    const length =
      1 +
      varlongBytes(timestampDelta) +
      varintBytes(this.recordsCount) +
      varintBytes(keyBytes) +
      Math.max(keyBytes, 0) +
      varintBytes(valueBytes) +
      Math.max(valueBytes, 0) +
      headersBytes;
    const needed = this.bytes + varintBytes(length) + length;
    if (needed > this.bytesMax || this.recordsCount === batchRecordsMax) return false;
    if (needed > this.buffer.length) this.grow(needed);
    if (first) this.baseTimestamp = timestamp;
    this.maxTimestamp = first ? timestamp : Math.max(timestamp, this.maxTimestamp);
    const { buffer } = this;
    let at = writeVarint(buffer, this.bytes, length);
    buffer[at++] = 0;
    at = writeVarlong(buffer, at, timestampDelta);
    this.bytes = writeVarint(buffer, at, this.recordsCount);
    return true;
  }

  /** Writes a length and that many bytes of `source`; the length alone where it is -1. */
  private putSized(source: Uint8Array, from: number, length: number): void {
    this.bytes = writeVarint(this.buffer, this.bytes, length);
    if (length > 0) this.put(source, from, length);
  }

  private put(source: Uint8Array, from: number, length: number): void {
    const { buffer, bytes: at } = this;
    if (length > loopBytesMax) {
      const whole = from === 0 && length === source.length;
      buffer.set(whole ? source : source.subarray(from, from + length), at);
    } else {
      for (let index = 0; index < length; index++) buffer[at + index] = source[from + index]!;
    }
    this.bytes = at + length;
  }

  private grow(needed: number): void {
    const grown = new Uint8Array(Math.min(batchBytesMax, Math.max(needed, 2 * this.buffer.length)));
    grown.set(this.buffer.subarray(0, this.bytes));
    this.buffer = grown;
    this.view = viewOf(grown);
  }

  private putHeader(attributes: number, options: BatchOptions): void {
    const { view } = this;
    putInt64(view, 0, 0);
    view.setInt32(8, this.bytes - batchPrefixBytes);
    view.setInt32(12, noLeaderEpoch);
    view.setInt8(16, 2);
    view.setInt16(21, attributes);
    view.setInt32(23, this.recordsCount - 1);
    putInt64(view, 27, this.baseTimestamp);
    putInt64(view, 35, this.maxTimestamp);
    putInt64(view, 43, options.producerId ?? -1);
    view.setInt16(51, options.producerEpoch ?? -1);
    view.setInt32(53, options.baseSequence ?? -1);
    view.setInt32(57, this.recordsCount);
  }
}

/** A new builder's room; it doubles as records come. */
const initialBytes = 1024;
/** Up to here a loop copies sooner than a view for `set` is made (25 ns). */
const loopBytesMax = 40;
/** What producers write; the broker stamps its own. */
const noLeaderEpoch = -1;
const nothing = new Uint8Array(0);
/** A count of 0. */
const noHeaders = Uint8Array.of(0);
const utf8 = new TextEncoder();
