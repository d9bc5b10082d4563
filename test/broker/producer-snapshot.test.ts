/** The file of a partition's producers: its bytes, and that nothing damaged is believed. */
import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import {
  decodeProducers,
  encodeProducers,
  producerFile,
  type ProducerSnapshot,
} from "../../src/broker/producer-snapshot.ts";
import { entryAfter, type ProducerEntry } from "../../src/broker/producer-sequence.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { expectGolden } from "../support/golden.ts";
import { randomForTest } from "../support/seed.ts";

/** A producer's entry after batches of the given first sequences and counts. */
function entry(producerEpoch: number, ...batches: [sequence: number, count: number][]) {
  let known: ProducerEntry | null = null;
  let next = 4182;
  for (const [baseSequence, count] of batches) {
    const base = next;
    next += count;
    const batch = { producerId: 0, producerEpoch, baseSequence, lastOffsetDelta: count - 1 };
    known = entryAfter(known, batch, offset(base), offset(next), 1_754_705_528_480 + base);
  }
  return known!;
}

const snapshot: ProducerSnapshot = {
  offset: offset(5000),
  batchCheck: 0x06a141b4,
  entries: new Map([
    [1_754_705_528_480_000, entry(0, [0, 10], [10, 1])],
    [7, entry(32_767, [0x7fff_fffe, 5])],
  ]),
};

/** Sixteen bytes a line. */
const dump = (bytes: Uint8Array): string =>
  bytes.toHex().replaceAll(/.{1,32}/g, (line) => `${line.replaceAll(/(..)(?=.)/g, "$1 ")}\n`);

test("its bytes are those that its head draws", () => {
  expectGolden("broker/producers.txt", dump(encodeProducers(snapshot)));
});

test.each([
  ["producers", snapshot],
  ["none", { offset: offset(0), batchCheck: null, entries: new Map() }],
  ["a log that was deleted up to there", { ...snapshot, batchCheck: null }],
])("what is written is read again: %s", (_, written) => {
  expect(decodeProducers(encodeProducers(written))).toEqual(written);
});

test("any number of producers is written and read again", () => {
  const random = randomForTest();
  for (let round = 0; round < 50; round++) {
    const entries = new Map<number, ProducerEntry>();
    for (let id = random.below(20); id > 0; id--) {
      const batches = Array.from({ length: 1 + random.below(5) }, (): [number, number] => {
        return [random.below(2 ** 31), 1 + random.below(1000)];
      });
      entries.set(random.below(2 ** 50), entry(random.below(32_768), ...batches));
    }
    const written = { offset: offset(random.below(2 ** 50)), batchCheck: 1, entries };
    expect(decodeProducers(encodeProducers(written))).toEqual(written);
  }
});

test("cut at any length, or with any bit flipped, it is not believed", () => {
  const bytes = encodeProducers(snapshot);
  for (let length = 0; length < bytes.length; length++) {
    expect(decodeProducers(bytes.subarray(0, length))).toBeNull();
  }
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    expect(decodeProducers(flipped)).toBeNull();
  }
  expect(decodeProducers(new Uint8Array([...bytes, 0]))).toBeNull();
});

test("the file is replaced as a whole; without one there is none", async () => {
  const disk = new MemoryDisk();
  await disk.makeDirectory("topics/orders/0");
  const file = producerFile(disk, "topics/orders/0/producers");
  expect(await file.read()).toBeNull();
  expect(await file.write(Uint8Array.of(1, 2, 3))).toBeNull();
  expect(await file.write(Uint8Array.of(4))).toBeNull();
  expect(await file.read()).toEqual(Uint8Array.of(4));
});

test("what the disk refuses is refused", async () => {
  const disk = new MemoryDisk();
  await disk.makeDirectory("topics/orders/0");
  const file = producerFile(disk, "topics/orders/0/producers");
  disk.failNext("writeWhole", "topics/orders/0/producers", "full");
  expect(await file.write(Uint8Array.of(1))).toBeInstanceOf(Refusal);
  await file.write(Uint8Array.of(1));
  disk.failNext("readWhole", "topics/orders/0/producers", "failed");
  expect(await file.read()).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
});
