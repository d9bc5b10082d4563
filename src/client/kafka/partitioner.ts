/** Which partition a record goes to when its sender did not say. */

/**
 * Chooses the partition of a record: a number from 0 to `partitions` - 1, the same for the same
 * key; `null` where any will do, and then whole batches are dealt out (KIP-480).
 * @param key `null`: the record has none
 * @param partitions of the topic, at least one
 */
export type Partitioner = (
  key: Uint8Array | null,
  partitions: number,
  topic: string,
) => number | null;

/** Kafka's own: each of its clients finds the same partition for a key (`DefaultPartitioner`). */
export const partitionByKey: Partitioner = (key, partitions) =>
  key === null ? null : (murmur2(key) & 0x7fff_ffff) % partitions;

/**
 * MurmurHash2 of A. Appleby, 32 bits, signed, with the seed that Kafka's clients use
 * (`org.apache.kafka.common.utils.Utils.murmur2`).
 */
function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const wordsEnd = length & ~3;
  let hash = seed ^ length;
  for (let at = 0; at < wordsEnd; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    word = Math.imul(word, multiplier);
    word ^= word >>> 24;
    hash = Math.imul(hash, multiplier) ^ Math.imul(word, multiplier);
  }
  for (let at = length - 1; at >= wordsEnd; at--) hash ^= bytes[at]! << (8 * (at - wordsEnd));
  if (wordsEnd < length) hash = Math.imul(hash, multiplier);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return hash ^ (hash >>> 15);
}

const seed = 0x9747_b28c;
const multiplier = 0x5bd1_e995;
