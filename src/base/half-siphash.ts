/**
 * HalfSipHash-2-4: what compaction knows keys by. Two keys with one hash would be one key to it, so
 * the hash is wide, and depends on a secret that is new for each run: nobody can prepare a key that
 * takes the place of somebody else's. (Of hashes that are only seeded, MurmurHash among them, pairs
 * of keys are known that collide under every seed.)
 *
 * The first two words are the 64-bit form; the third goes on from there in the same way.
 *
 * Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", and its reference
 * implementation (`halfsiphash.c`, CC0).
 */

/** Two numbers of 32 bits, that nobody knows. */
export type HashSecret = readonly [number, number];

/** What tells the three words of the result apart. */
const wordMarks = [0xee, 0xdd, 0xbb] as const;

/** Between two calls there is nothing in it. */
const state = new Int32Array(4);

/** Hashes `bytes[from, to)` into three numbers. */
export function halfSipHash96(
  bytes: Uint8Array,
  from: number,
  to: number,
  [first, second]: HashSecret,
  into: Uint32Array,
): void {
  state[0] = first;
  state[1] = second ^ wordMarks[0];
  state[2] = first ^ 0x6c796765;
  state[3] = second ^ 0x74656462;
  const wordsEnd = from + ((to - from) & ~3);
  for (let at = from; at < wordsEnd; at += 4) {
    absorb(bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
  }
  let last = (to - from) << 24;
  for (let at = wordsEnd; at < to; at++) last |= bytes[at]! << ((at - wordsEnd) * 8);
  absorb(last);
  state[2] = state[2] ^ wordMarks[0];
  mix(4);
  into[0] = state[1] ^ state[3];
  for (let word = 1; word < 3; word++) {
    state[1] = state[1] ^ wordMarks[word]!;
    mix(4);
    into[word] = state[1] ^ state[3];
  }
}

function absorb(word: number): void {
  state[3] = state[3]! ^ word;
  mix(2);
  state[0] = state[0]! ^ word;
}

function mix(rounds: number): void {
  let [a, b, c, d] = [state[0]!, state[1]!, state[2]!, state[3]!];
  for (let round = 0; round < rounds; round++) {
    a = (a + b) | 0;
    b = ((b << 5) | (b >>> 27)) ^ a;
    a = (a << 16) | (a >>> 16);
    c = (c + d) | 0;
    d = ((d << 8) | (d >>> 24)) ^ c;
    a = (a + d) | 0;
    d = ((d << 7) | (d >>> 25)) ^ a;
    c = (c + b) | 0;
    b = ((b << 13) | (b >>> 19)) ^ c;
    c = (c << 16) | (c >>> 16);
  }
  state[0] = a;
  state[1] = b;
  state[2] = c;
  state[3] = d;
}
