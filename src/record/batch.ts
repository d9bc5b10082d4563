/**
 * The record batch, format 2, as a view over bytes: what producers send, what the files hold, what
 * consumers get, byte for byte. Source: Apache Kafka, "Message Format" > "Record Batch" (magic 2,
 * KIP-98). All numbers are big endian.
 *
 *      0  baseOffset            int64   stamped by the broker: outside the checksum
 *      8  batchLength           int32   bytes after this field
 *     12  partitionLeaderEpoch  int32   stamped by the broker: outside the checksum
 *     16  magic                 int8    2
 *     17  crc                   uint32  CRC-32C of everything from `attributes` to the end
 *     21  attributes            int16   0–2 compression · 3 log append time · 4 transactional
 *                                       5 control · 6 has delete horizon
 *     23  lastOffsetDelta       int32   offset of the last record, less baseOffset
 *     27  baseTimestamp         int64   milliseconds since 1970
 *     35  maxTimestamp          int64
 *     43  producerId            int64   -1: none
 *     51  producerEpoch         int16
 *     53  baseSequence          int32
 *     57  recordsCount          int32
 *     61  records               see records.ts; compressed as a whole when the attributes say so
 *
 * Everything here works on a batch where it lies: nothing is copied, nothing is re-encoded.
 */
import { crc32c } from "../base/crc32c.ts";
import type { Offset } from "../base/brands.ts";

/** Bytes of the header: the smallest batch there can be. */
export const batchHeaderBytes = 61;
/** Bytes up to and including `batchLength`, which that length does not count. */
export const batchPrefixBytes = 12;
/** Where the checksum starts counting. */
const checkedFrom = 21;

export const compressionNames = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
export type Compression = (typeof compressionNames)[number];

/** The attribute bits. */
export const attribute = {
  compressionMask: 0x07,
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const;

/** All fields of one header, as numbers. `bytes` is the whole batch, prefix included. */
export interface BatchHeader {
  readonly baseOffset: Offset;
  readonly bytes: number;
  readonly partitionLeaderEpoch: number;
  readonly magic: number;
  readonly crc: number;
  readonly attributes: number;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly recordsCount: number;
}

/** A view for header access; make one per chunk of memory, never one per batch. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** An int64 as a number: exact below 2^53, otherwise the nearest double; check where it counts. */
export const int64At = (view: DataView, at: number): number =>
  view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4);

/** Writes an int64 from a safe integer. */
export function putInt64(view: DataView, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  view.setInt32(at, high);
  view.setUint32(at + 4, value - high * 0x1_0000_0000);
}

/** The offset of a batch's first record, as stamped. */
export const baseOffsetAt = (view: DataView, at: number): Offset => int64At(view, at) as Offset;
/** The whole size of the batch at `at`, as its length field says; not checked. */
export const batchBytesAt = (view: DataView, at: number): number =>
  batchPrefixBytes + view.getInt32(at + 8);
/** The offset after the batch's last record. */
export const nextOffsetAt = (view: DataView, at: number): Offset =>
  (int64At(view, at) + view.getInt32(at + 23) + 1) as Offset;
export const attributesAt = (view: DataView, at: number): number => view.getInt16(at + 21);
export const maxTimestampAt = (view: DataView, at: number): number => int64At(view, at + 35);
export const producerIdAt = (view: DataView, at: number): number => int64At(view, at + 43);
export const recordsCountAt = (view: DataView, at: number): number => view.getInt32(at + 57);
/** The codec that the attributes name; `undefined` for a number that Kafka has not given away. */
export const compressionOf = (attributes: number): Compression | undefined =>
  compressionNames[attributes & attribute.compressionMask];

/** Reads a whole header. The caller has made sure that {@link batchHeaderBytes} are there. */
export function readHeader(view: DataView, at: number): BatchHeader {
  return {
    baseOffset: baseOffsetAt(view, at),
    bytes: batchBytesAt(view, at),
    partitionLeaderEpoch: view.getInt32(at + 12),
    magic: view.getInt8(at + 16),
    crc: view.getUint32(at + 17),
    attributes: view.getInt16(at + 21),
    lastOffsetDelta: view.getInt32(at + 23),
    baseTimestamp: int64At(view, at + 27),
    maxTimestamp: int64At(view, at + 35),
    producerId: int64At(view, at + 43),
    producerEpoch: view.getInt16(at + 51),
    baseSequence: view.getInt32(at + 53),
    recordsCount: view.getInt32(at + 57),
  };
}

/** Why bytes are not a whole, undamaged batch. `truncated` may still become one. */
export type BatchFault = "truncated" | "length" | "magic" | "offset" | "count" | "crc";

/**
 * Checks the batch at `at` against its own header and checksum; `null` when all of it holds.
 * Checked in this order, so that nothing is believed before what it rests on:
 * the header is there, the length is possible, the magic is 2, all its bytes are there, the
 * checksum, the counts.
 * @param end where the bytes to look at stop: a batch that reaches past it is `truncated`
 * @param bytesMax the largest batch to believe in
 */
export function checkBatch(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  bytesMax: number,
): BatchFault | null {
  if (end - at < batchHeaderBytes) return "truncated";
  const size = batchBytesAt(view, at);
  if (size < batchHeaderBytes || size > bytesMax) return "length";
  if (view.getInt8(at + 16) !== 2) return "magic";
  if (size > end - at) return "truncated";
  if (crc32c(bytes, at + checkedFrom, at + size) !== view.getUint32(at + 17)) return "crc";
  const lastOffsetDelta = view.getInt32(at + 23);
  const base = int64At(view, at);
  if (base < 0 || !Number.isSafeInteger(base)) return "offset";
  if (lastOffsetDelta < 0 || view.getInt32(at + 57) < 0) return "count";
  return null;
}

/** Stamps where the batch came to lie. Both fields are outside the checksum. */
export function stamp(view: DataView, at: number, baseOffset: Offset, leaderEpoch: number): void {
  putInt64(view, at, baseOffset);
  view.setInt32(at + 12, leaderEpoch);
}

/**
 * Changes what a broker may change of a producer's batch. All of it is inside the checksum, which
 * has to be stored anew by {@link seal}.
 * @param bytes the whole size of the batch, prefix included
 */
export function amend(
  view: DataView,
  at: number,
  attributes: number,
  maxTimestamp: number,
  bytes: number,
): void {
  view.setInt32(at + 8, bytes - batchPrefixBytes);
  view.setInt16(at + 21, attributes);
  putInt64(view, at + 35, maxTimestamp);
}

/** Computes and stores the checksum of the batch at `at`; for batches made here. */
export function seal(bytes: Uint8Array, view: DataView, at: number): void {
  const size = batchBytesAt(view, at);
  view.setUint32(at + 17, crc32c(bytes, at + checkedFrom, at + size));
}
