import { expect, test } from "bun:test";
import { partitionByKey } from "../../../src/client/kafka/partitioner.ts";

const utf8 = new TextEncoder();

/** Hashes of Kafka's own test (`UtilsTest.testMurmur2`). */
const known: readonly [key: string, hash: number][] = [
  ["21", -973_932_308],
  ["foobar", -790_332_482],
  ["a-little-bit-long-string", -985_981_536],
  ["a-little-bit-longer-string", -1_486_304_829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971],
  ["abc", 479_470_107],
];

test("a key goes where all of Kafka's clients send it", () => {
  for (const partitions of [1, 3, 12, 0x7fff_ffff]) {
    for (const [key, hash] of known) {
      const partition = (hash & 0x7fff_ffff) % partitions;
      expect(partitionByKey(utf8.encode(key), partitions, "orders")).toBe(partition);
    }
  }
});

test("an empty key is a key, and none is none", () => {
  expect(partitionByKey(new Uint8Array(), 7, "orders")).toBeNumber();
  expect(partitionByKey(null, 7, "orders")).toBeNull();
});
