import { expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { partitionForKey } from "../../src/base/murmur2.ts";
import { textBytes } from "../support/hex.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

// Apache Kafka, org.apache.kafka.common.utils.UtilsTest.testMurmur2: the hashes, of which the
// partition is what Utils.toPositive leaves, 31 bits.
test.each([
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
])("%s goes where Kafka's hash %d sends it", (key, hash) => {
  const positive = hash & 0x7fff_ffff;
  expect(partitionForKey(textBytes(key), 2 ** 31)).toBe(positive);
  for (const count of [1, 2, 3, 12, 1000]) {
    expect(partitionForKey(textBytes(key), count)).toBe(positive % count);
  }
});

test("the partition of a key does not depend on where in memory it lies", () => {
  const around = textBytes("xxfoobaryy");
  expect(partitionForKey(around.subarray(2, 8), 2 ** 31)).toBe(-790332482 & 0x7fff_ffff);
});

test("every key gets one of the partitions, and all of them are used", () => {
  const random = randomForTest();
  const used = new Set<number>();
  for (let round = 0; round < 500; round++) {
    used.add(partitionForKey(randomBytes(random, random.below(30)), 7));
  }
  expect(used).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
});

test("there is no partition among none", () => {
  expect(() => partitionForKey(textBytes("key"), 0)).toThrow(AssertionError);
});
