/**
 * The records inside a batch, read one after another where they lie. Nothing is copied but what a
 * codec has to unpack; a record's bytes are views that live as long as the batch's memory does.
 *
 *     length          varint    bytes of the record after this field
 *     attributes      int8      unused
 *     timestampDelta  varlong   to the batch's baseTimestamp
 *     offsetDelta     varint    to its baseOffset
 *     keyLength       varint    -1: no key          key
 *     valueLength     varint    -1: no value        value
 *     headersCount    varint
 *       keyLength     varint                        key, UTF-8
 *       valueLength   varint    -1: no value        value
 *
 * Every length is checked against the bytes that are left before it is believed: the checksum says
 * that the bytes are those that were sent, not that their sender was sane.
 *
 * Source: Apache Kafka, "Message Format" > "Record" (magic 2, KIP-98).
 */
import { assert } from "../base/assert.ts";
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import type { Steps } from "../base/steps.ts";
import { readVarint, readVarlong, type ByteSource } from "../base/varint.ts";
import { decompressedBytesMax, recordHeadersMax, unpackStepBytes } from "../limits.ts";
import { attribute, batchHeaderBytes, compressionOf, readHeader } from "./batch.ts";
import type { BatchHeader, Compression } from "./batch.ts";
import { decompress, decompression } from "./compression.ts";

/** A header of a record: names may repeat, order counts. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** One record as a value. Its bytes are views: never store into them. */
export interface BatchRecord {
  readonly offset: Offset;
  /** Milliseconds since 1970; -1 if its producer gave none. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}

/**
 * Opens the records of the whole batch at `at`, which `checkBatch` has found sound.
 * CORRUPT_MESSAGE: they can't be unpacked, or can't be as many as the header says.
 * MESSAGE_TOO_LARGE: unpacked, they pass `unpackedBytesMax`.
 */
export function openRecords(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  unpackedBytesMax = decompressedBytesMax,
): RecordCursor | Refusal {
  const inside = insideOf(bytes, view, at);
  if (inside instanceof Refusal) return inside;
  const { header, codec, content } = inside;
  const records = codec === "none" ? content : decompress(codec, content, unpackedBytesMax);
  return records instanceof Refusal ? records : cursorOver(header, records);
}

/**
 * The same in steps. Before the second one nothing is held but the batch: what is large is unpacked
 * up to `unpackStepBytes`, found to be, and unpacked anew in the steps that follow.
 */
export function* recordsOpening(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  unpackedBytesMax: number,
): Steps<RecordCursor | Refusal> {
  const inside = insideOf(bytes, view, at);
  if (inside instanceof Refusal) return inside;
  const { header, codec, content } = inside;
  if (codec === "none") return cursorOver(header, content);
  const small = decompress(codec, content, Math.min(unpackStepBytes, unpackedBytesMax));
  if (!(small instanceof Refusal)) return cursorOver(header, small);
  if (small.code !== "MESSAGE_TOO_LARGE") return small;
  yield;
  const large = yield* decompression(codec, content, unpackedBytesMax);
  if (large instanceof Refusal) return large;
  yield;
  return cursorOver(header, large);
}

/** A batch with the bytes of its records, packed as they are. */
interface Inside {
  readonly header: BatchHeader;
  readonly codec: Compression;
  readonly content: Uint8Array;
}

function insideOf(bytes: Uint8Array, view: DataView, at: number): Inside | Refusal {
  const header = readHeader(view, at);
  const codec = compressionOf(header.attributes);
  if (codec === undefined) return corrupt(header, "unknown compression");
  const end = at + header.bytes;
  assert(end <= bytes.length, "openRecords: the whole batch is there");
  return { header, codec, content: bytes.subarray(at + batchHeaderBytes, end) };
}

/**
 * Checks that the batch holds exactly the records that its header counts, each one whole, their
 * offsets rising. For batches from outside, before they are believed; costs a walk over them.
 * INVALID_RECORD: a record has more than `recordHeadersMax` headers.
 */
export function validateRecords(bytes: Uint8Array, view: DataView, at: number): Refusal | null {
  const cursor = openRecords(bytes, view, at);
  if (cursor instanceof Refusal) return cursor;
  while (cursor.next()) {
    if (cursor.headersCount > recordHeadersMax) {
      const message = `a record of ${cursor.headersCount} headers, at most ${recordHeadersMax}`;
      return new Refusal("INVALID_RECORD", message);
    }
  }
  return cursor.damage;
}

/** The smallest record: each of its seven fields takes a byte. */
const recordBytesMin = 7;

function cursorOver(header: BatchHeader, bytes: Uint8Array): RecordCursor | Refusal {
  const { recordsCount } = header;
  if (recordsCount < 0) return corrupt(header, "a negative number of records");
  if (recordsCount * recordBytesMin > bytes.length) return corrupt(header, "too few bytes");
  return new RecordCursor(header, bytes);
}

function corrupt(header: BatchHeader, what: string): Refusal {
  const message = `batch at offset ${header.baseOffset}, ${header.recordsCount} records: ${what}`;
  return new Refusal("CORRUPT_MESSAGE", message);
}

const noHeaders: readonly RecordHeader[] = [];
/** A header's name may begin with a byte order mark: it belongs to the name. */
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Walks the records: `next` steps to one and leaves its fields here, without making an object;
 * `record` makes one. Stops after the last record or at damage; `damage` tells which.
 */
export class RecordCursor {
  offset: Offset;
  /** The record's own, or the batch's if its log was to count the time of appending. */
  timestamp = -1;
  /** `bytes[keyFrom, keyTo)`; both -1 if there is no key. Likewise the value. */
  keyFrom = -1;
  keyTo = -1;
  valueFrom = -1;
  valueTo = -1;
  headersCount = 0;
  /** The whole record is `bytes[recordFrom, recordTo)`; from `tailFrom` on, behind its time. */
  recordFrom = 0;
  tailFrom = 0;
  recordTo = 0;
  /** These are transaction markers: for the broker, never for a consumer. */
  readonly isControl: boolean;
  /** Why the walk stopped early; `null` while all is well, and after the last record. */
  damage: Refusal | null = null;

  /** Use: `at` moves through the records, `end` is what the step under way may read up to. */
  private readonly source: { readonly bytes: Uint8Array; at: number; end: number };
  private readonly end: number;
  private recordsLeft: number;
  /** Invariant: rises with every record, and stays within the header's lastOffsetDelta. */
  private offsetDelta = -1;
  private headersFrom = 0;

  constructor(
    readonly header: BatchHeader,
    /** The records, of the batch itself or what it was unpacked to, and nothing else. */
    readonly bytes: Uint8Array,
  ) {
    this.offset = header.baseOffset;
    this.isControl = (header.attributes & attribute.control) !== 0;
    this.end = bytes.length;
    this.source = { bytes, at: 0, end: this.end };
    this.recordsLeft = header.recordsCount;
  }

  /** Steps to the next record; false if there is none, or none that could be believed. */
  next(): boolean {
    const { source, header } = this;
    source.end = this.end;
    if (this.recordsLeft === 0) {
      return source.at === this.end ? false : this.fail("bytes after the last record");
    }
    this.recordFrom = source.at;
    const length = readVarint(source);
    if (!(length > 0 && length <= this.end - source.at)) return this.fail("record length");
    source.end = source.at + length;
    source.at++;
    const timestampDelta = readVarlong(source);
    if (Number.isNaN(timestampDelta)) return this.fail("timestamp");
    this.tailFrom = source.at;
    const offsetDelta = readVarint(source);
    if (!(offsetDelta > this.offsetDelta && offsetDelta <= header.lastOffsetDelta)) {
      return this.fail("offset");
    }
    const keyBytes = readVarint(source);
    if (!(keyBytes >= -1 && keyBytes <= source.end - source.at)) return this.fail("key length");
    this.keyFrom = keyBytes < 0 ? -1 : source.at;
    this.keyTo = keyBytes < 0 ? -1 : (source.at += keyBytes);
    const valueBytes = readVarint(source);
    if (!(valueBytes >= -1 && valueBytes <= source.end - source.at)) {
      return this.fail("value length");
    }
    this.valueFrom = valueBytes < 0 ? -1 : source.at;
    this.valueTo = valueBytes < 0 ? -1 : (source.at += valueBytes);
    this.headersCount = readVarint(source);
    this.headersFrom = source.at;
    if (!this.skipHeaders()) return this.fail("headers");
    if (source.at !== source.end) return this.fail("bytes after the headers");
    this.recordTo = source.end;

    const logAppendTime = (header.attributes & attribute.logAppendTime) !== 0;
    this.timestamp = logAppendTime ? header.maxTimestamp : header.baseTimestamp + timestampDelta;
    this.offsetDelta = offsetDelta;
    this.offset = offset(header.baseOffset + offsetDelta);
    this.recordsLeft--;
    return true;
  }

  /** The record that `next` stepped to, as a value of its own. */
  record(): BatchRecord {
    const { bytes, keyFrom, valueFrom } = this;
    return {
      offset: this.offset,
      timestamp: this.timestamp,
      key: keyFrom < 0 ? null : bytes.subarray(keyFrom, this.keyTo),
      value: valueFrom < 0 ? null : bytes.subarray(valueFrom, this.valueTo),
      headers: this.headersCount === 0 ? noHeaders : this.readHeaders(),
    };
  }

  private fail(what: string): false {
    this.damage = corrupt(this.header, `${what}, ${this.recordsLeft} records before the end`);
    this.recordsLeft = 0;
    this.source.at = this.end;
    return false;
  }

  /** Checks the headers of this record and leaves them behind. */
  private skipHeaders(): boolean {
    const { source } = this;
    if (!(this.headersCount >= 0)) return false;
    for (let left = this.headersCount; left > 0; left--) {
      const keyBytes = readVarint(source);
      if (!(keyBytes >= 0 && keyBytes <= source.end - source.at)) return false;
      source.at += keyBytes;
      const valueBytes = readVarint(source);
      if (!(valueBytes >= -1 && valueBytes <= source.end - source.at)) return false;
      if (valueBytes > 0) source.at += valueBytes;
    }
    return true;
  }

  /** Reads what `skipHeaders` has checked. */
  private readHeaders(): RecordHeader[] {
    const source: ByteSource = { bytes: this.bytes, at: this.headersFrom, end: this.source.end };
    const headers: RecordHeader[] = [];
    for (let left = this.headersCount; left > 0; left--) {
      const keyBytes = readVarint(source);
      const key = utf8.decode(this.bytes.subarray(source.at, source.at + keyBytes));
      source.at += keyBytes;
      const valueBytes = readVarint(source);
      const value = valueBytes < 0 ? null : this.bytes.subarray(source.at, source.at + valueBytes);
      if (value !== null) source.at += valueBytes;
      headers.push({ key, value });
    }
    return headers;
  }
}
