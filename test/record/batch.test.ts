import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import {
  attribute,
  attributesAt,
  baseOffsetAt,
  batchBytesAt,
  type BatchFault,
  batchHeaderBytes,
  checkBatch,
  compressionNames,
  compressionOf,
  int64At,
  maxTimestampAt,
  nextOffsetAt,
  putInt64,
  readHeader,
  recordsCountAt,
  seal,
  stamp,
  viewOf,
} from "../../src/record/batch.ts";
import { readHexGolden } from "../support/hex.ts";
import { randomForTest } from "../support/seed.ts";

const golden = readHexGolden("record/batches.txt");
const bytesMax = 10_000;

/** A real client's batch, in memory of its own, somewhere in the middle. */
function batchAmidst(name: string): { bytes: Uint8Array; view: DataView; at: number; end: number } {
  const batch = golden.get(name)!;
  const at = 37;
  const bytes = new Uint8Array(at + batch.length + 11).fill(0xee);
  bytes.set(batch, at);
  return { bytes, view: viewOf(bytes), at, end: at + batch.length };
}

test("every field of a transactional batch of the Java client is found", () => {
  const { bytes, view, at, end } = batchAmidst("java-transactional-lz4");
  const header = readHeader(view, at);
  expect(header).toEqual({
    baseOffset: offset(0),
    bytes: end - at,
    partitionLeaderEpoch: -1,
    magic: 2,
    crc: 0x2052_bae7,
    attributes: attribute.transactional | compressionNames.indexOf("lz4"),
    lastOffsetDelta: 3,
    baseTimestamp: 1754705528480,
    maxTimestamp: 1754705533480,
    producerId: 4711,
    producerEpoch: 3,
    baseSequence: 42,
    recordsCount: 4,
  });
  expect(batchBytesAt(view, at)).toBe(end - at);
  expect(baseOffsetAt(view, at)).toBe(offset(0));
  expect(nextOffsetAt(view, at)).toBe(offset(4));
  expect(attributesAt(view, at)).toBe(header.attributes);
  expect(maxTimestampAt(view, at)).toBe(1754705533480);
  expect(recordsCountAt(view, at)).toBe(4);
  expect(compressionOf(header.attributes)).toBe("lz4");
  expect(checkBatch(bytes, view, at, end, bytesMax)).toBeNull();
});

test.each([...golden.keys()])("the checksum of %s is the one that its client wrote", (name) => {
  const { bytes, view, at, end } = batchAmidst(name);
  expect(checkBatch(bytes, view, at, end, bytesMax)).toBeNull();
  const written = view.getUint32(at + 17);
  view.setUint32(at + 17, 0);
  seal(bytes, view, at);
  expect(view.getUint32(at + 17)).toBe(written);
});

test("a stamped batch keeps its checksum, and every other batch its bytes", () => {
  const { bytes, view, at, end } = batchAmidst("java-zstd");
  const before = bytes.slice();
  stamp(view, at, offset(2 ** 40 + 17), 12);
  expect(checkBatch(bytes, view, at, end, bytesMax)).toBeNull();
  expect(baseOffsetAt(view, at)).toBe(offset(2 ** 40 + 17));
  expect(nextOffsetAt(view, at)).toBe(offset(2 ** 40 + 21));
  expect(readHeader(view, at).partitionLeaderEpoch).toBe(12);
  bytes.set(before.subarray(at, at + 16), at);
  expect(bytes).toEqual(before);
});

type Damage = (view: DataView, at: number, bytes: Uint8Array) => void;
const sealed =
  (change: Damage): Damage =>
  (view, at, bytes) => {
    change(view, at, bytes);
    seal(bytes, view, at);
  };

const faults: readonly (readonly [string, BatchFault, Damage])[] = [
  ["a length below a header's", "length", (view, at) => view.setInt32(at + 8, 48)],
  ["a negative length", "length", (view, at) => view.setInt32(at + 8, -1)],
  ["a length above the limit", "length", (view, at) => view.setInt32(at + 8, bytesMax)],
  ["a length beyond what is there", "truncated", (view, at) => view.setInt32(at + 8, 3_000)],
  ["the message format before batches", "magic", (view, at) => view.setInt8(at + 16, 1)],
  ["another checksum", "crc", (view, at) => view.setUint32(at + 17, 1)],
  ["a negative base offset", "offset", (view, at) => putInt64(view, at, -1)],
  ["a base offset beyond 2^53", "offset", (view, at) => view.setInt32(at, 0x20_0000)],
  ["a negative last offset", "count", sealed((view, at) => view.setInt32(at + 23, -1))],
  ["a negative count", "count", sealed((view, at) => view.setInt32(at + 57, -1))],
];

test.each(faults)("%s is the fault: %s", (_, fault, damage) => {
  const { bytes, view, at, end } = batchAmidst("java-none");
  damage(view, at, bytes);
  expect(checkBatch(bytes, view, at, end, bytesMax)).toBe(fault);
});

test("a batch that stops anywhere is truncated, never damaged", () => {
  const { bytes, view, at, end } = batchAmidst("java-snappy");
  for (let stop = at; stop < end; stop++) {
    expect(checkBatch(bytes, view, at, stop, bytesMax)).toBe("truncated");
  }
});

test("a changed bit behind the stamped fields is always noticed", () => {
  const { bytes, view, at, end } = batchAmidst("java-commit-marker");
  for (let place = at + 8; place < end; place++) {
    // The leader epoch is the broker's own and is not covered.
    if (place >= at + 12 && place < at + 16) continue;
    for (let bit = 0; bit < 8; bit++) {
      bytes[place]! ^= 1 << bit;
      expect(checkBatch(bytes, view, at, end, bytesMax)).not.toBeNull();
      bytes[place]! ^= 1 << bit;
    }
  }
  expect(checkBatch(bytes, view, at, end, bytesMax)).toBeNull();
});

test("an int64 keeps every safe integer", () => {
  const random = randomForTest();
  const view = new DataView(new ArrayBuffer(8));
  const edges = [0, -1, 1, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, 1 - 2 ** 53];
  const others = Array.from({ length: 1000 }, () => Math.floor((random.next() - 0.5) * 2 ** 54));
  for (const value of [...edges, ...others]) {
    putInt64(view, 0, value);
    expect(view.getBigInt64(0)).toBe(BigInt(value));
    expect(int64At(view, 0)).toBe(value);
  }
});

test("the attributes name the five codecs, and no others", () => {
  expect([0, 1, 2, 3, 4].map((bits) => compressionOf(bits))).toEqual([...compressionNames]);
  expect([5, 6, 7].map((bits) => compressionOf(bits))).toEqual([undefined, undefined, undefined]);
  expect(compressionOf(attribute.transactional | attribute.logAppendTime | 3)).toBe("lz4");
});

test("a batch of nothing but its header is one", () => {
  const batch = golden.get("java-none")!.slice(0, batchHeaderBytes);
  const view = viewOf(batch);
  view.setInt32(8, batchHeaderBytes - 12);
  view.setInt32(57, 0);
  seal(batch, view, 0);
  expect(checkBatch(batch, view, 0, batch.length, bytesMax)).toBeNull();
});
