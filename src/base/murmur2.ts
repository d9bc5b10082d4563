/**
 * MurmurHash 2 as Kafka's clients compute it: what decides which partition a key goes to. Every
 * client library does this alike, so one of ours that did it otherwise would split a key's records
 * over two partitions.
 *
 * Source: Apache Kafka, `org.apache.kafka.common.utils.Utils.murmur2`, `BuiltInPartitioner`.
 */
import { assert } from "./assert.ts";

/** The partition, from 0, that Kafka's default partitioner chooses for `key`. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  assert(Number.isSafeInteger(partitionCount), "partitionForKey: a whole number of partitions");
  assert(partitionCount > 0, "partitionForKey: there is a partition");
  return (murmur2(key) & 0x7fff_ffff) % partitionCount;
}

/** The hash of `key`, as Java's signed 32-bit number. */
function murmur2(key: Uint8Array): number {
  const length = key.length;
  let hash = seed ^ length;
  const wordsEnd = length & ~3;
  for (let at = 0; at < wordsEnd; at += 4) {
    let word = key[at]! | (key[at + 1]! << 8) | (key[at + 2]! << 16) | (key[at + 3]! << 24);
    word = Math.imul(word, multiplier);
    word ^= word >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier);
  }
  if (wordsEnd < length) {
    for (let at = length - 1; at >= wordsEnd; at--) hash ^= key[at]! << (8 * (at - wordsEnd));
    hash = Math.imul(hash, multiplier);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return hash ^ (hash >>> 15);
}

const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;
