/**
 * The bytes of the two index files. Both are derived data; big endian; every entry carries its own
 * checksum, seeded with the segment's base offset, so a torn tail, a flipped bit or a file that
 * belongs to another segment is noticed at the entry and never believed.
 *
 *     .idx        header (48)                            entry (12)
 *       0  magic            uint32  "OBIX"                 0  relativeOffset  uint32
 *       4  version          uint16  1                      4  position        uint32
 *       6  flags            uint16  1 sealed, 2 durable,      8  check           uint32
 *                                   4 cleaned
 *       8  baseOffset       int64
 *      16  createdMs        int64   wall time              .timeindex  header (16)
 *      24  floorOffset      uint32  relative to base         0  magic       uint32  "OBTX"
 *      28  floorPosition    uint32                           4  version     uint16  1
 *      32  reserved         uint32  0                        6  reserved    uint16  0
 *      36  maxTimestamp     int64   below the floor          8  baseOffset  int64
 *      44  check            uint32  of bytes 0 to 44       entry (16)
 *                                                            0  timestamp       int64
 *                                                            8  relativeOffset  uint32
 *                                                           12  check           uint32
 *
 * An offset entry is a *boundary*: the record with that offset begins at that position. A time
 * entry says that every record of the segment before `relativeOffset` is at most `timestamp` old.
 *
 * The floor is the end of what was acknowledged: every byte below `floorPosition` was answered OK.
 * It is rewritten in place as the log grows. Recovery may cut above it and never below.
 */
import { crc32c } from "../base/crc32c.ts";
import type { Offset } from "../base/brands.ts";
import { int64At, putInt64, viewOf } from "../record/batch.ts";

export const indexHeaderBytes = 48;
export const indexEntryBytes = 12;
export const timeHeaderBytes = 16;
export const timeEntryBytes = 16;

const indexMagic = 0x4f_42_49_58;
const timeMagic = 0x4f_42_54_58;
const version = 1;
const flagSealed = 1;
const flagDurable = 2;
const flagCleaned = 4;

/** The header of an `.idx` file. */
export interface IndexHeader {
  readonly base: Offset;
  /** The segment is finished: the floor is its end, and the file changes no more. */
  readonly sealed: boolean;
  /** Everything below the floor is on the device. */
  readonly durable: boolean;
  /** Compacted: of each key, it holds one record at most, and no other such segment a newer. */
  readonly cleaned: boolean;
  /** Milliseconds since 1970. */
  readonly createdMs: number;
  /** The offset after the last acknowledged record. */
  readonly floorOffset: Offset;
  readonly floorPosition: number;
  /** Milliseconds since 1970; -1 for a segment without records. */
  readonly maxTimestamp: number;
}

export function encodeIndexHeader(header: IndexHeader): Uint8Array {
  const bytes = new Uint8Array(indexHeaderBytes);
  const view = viewOf(bytes);
  view.setUint32(0, indexMagic);
  view.setUint16(4, version);
  const { sealed, durable, cleaned } = header;
  const flags = (sealed ? flagSealed : 0) | (durable ? flagDurable : 0);
  view.setUint16(6, flags | (cleaned ? flagCleaned : 0));
  putInt64(view, 8, header.base);
  putInt64(view, 16, header.createdMs);
  view.setUint32(24, header.floorOffset - header.base);
  view.setUint32(28, header.floorPosition);
  putInt64(view, 36, header.maxTimestamp);
  view.setUint32(44, crc32c(bytes, 0, 44));
  return bytes;
}

/** Reads a header; `null` if the bytes are not a whole, undamaged header of that segment. */
export function decodeIndexHeader(bytes: Uint8Array, base: Offset): IndexHeader | null {
  if (bytes.length < indexHeaderBytes) return null;
  const view = viewOf(bytes);
  if (view.getUint32(0) !== indexMagic || view.getUint16(4) !== version) return null;
  if (view.getUint32(44) !== crc32c(bytes, 0, 44)) return null;
  if (int64At(view, 8) !== base) return null;
  return {
    base,
    sealed: (view.getUint16(6) & flagSealed) !== 0,
    durable: (view.getUint16(6) & flagDurable) !== 0,
    cleaned: (view.getUint16(6) & flagCleaned) !== 0,
    createdMs: int64At(view, 16),
    floorOffset: (base + view.getUint32(24)) as Offset,
    floorPosition: view.getUint32(28),
    maxTimestamp: int64At(view, 36),
  };
}

export function encodeTimeHeader(base: Offset): Uint8Array {
  const bytes = new Uint8Array(timeHeaderBytes);
  const view = viewOf(bytes);
  view.setUint32(0, timeMagic);
  view.setUint16(4, version);
  putInt64(view, 8, base);
  return bytes;
}

/** Whether the bytes begin with the time index header of that segment. */
export function isTimeHeader(bytes: Uint8Array, base: Offset): boolean {
  if (bytes.length < timeHeaderBytes) return false;
  const view = viewOf(bytes);
  return (
    view.getUint32(0) === timeMagic && view.getUint16(4) === version && int64At(view, 8) === base
  );
}

const scratch = new Uint8Array(8 + timeEntryBytes);
const scratchView = viewOf(scratch);

/** The check of an entry: CRC-32C over the base offset and the entry's other fields. */
function checkOf(base: Offset, view: DataView, at: number, fieldBytes: number): number {
  putInt64(scratchView, 0, base);
  for (let i = 0; i < fieldBytes; i += 4) scratchView.setUint32(8 + i, view.getUint32(at + i));
  return crc32c(scratch, 0, 8 + fieldBytes);
}

export function putIndexEntry(
  view: DataView,
  at: number,
  base: Offset,
  relativeOffset: number,
  position: number,
): void {
  view.setUint32(at, relativeOffset);
  view.setUint32(at + 4, position);
  view.setUint32(at + 8, checkOf(base, view, at, 8));
}

export const isIndexEntry = (view: DataView, at: number, base: Offset): boolean =>
  view.getUint32(at + 8) === checkOf(base, view, at, 8);

export function putTimeEntry(
  view: DataView,
  at: number,
  base: Offset,
  timestamp: number,
  relativeOffset: number,
): void {
  putInt64(view, at, timestamp);
  view.setUint32(at + 8, relativeOffset);
  view.setUint32(at + 12, checkOf(base, view, at, 12));
}

export const isTimeEntry = (view: DataView, at: number, base: Offset): boolean =>
  view.getUint32(at + 12) === checkOf(base, view, at, 12);
