import { expect, test } from "bun:test";
import { halfSipHash96, type HashSecret } from "../../src/base/half-siphash.ts";

/** The secret of the published results: bytes 0 to 7. */
const published: HashSecret = [0x03020100, 0x07060504];

function hashOf(key: Uint8Array, secret = published, at = 0): string {
  const bytes = new Uint8Array(at + key.length + 5).fill(0xa5);
  bytes.set(key, at);
  const words = new Uint32Array(3);
  halfSipHash96(bytes, at, at + key.length, secret, words);
  return Buffer.from(words.buffer).toString("hex");
}

/** The bytes 0, 1, 2 and so on. */
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => at);

test.each([
  [0, "218d1f59b9b83cc8"],
  [1, "be552412f8387315"],
  [2, "064f39ef7c50eb57"],
  [3, "ce0f1a45f7060679"],
  [4, "d5e78a175be52ea1"],
  [8, "edfee820bce4858c"],
  [15, "217d0bcb4e81c902"],
  [16, "7336aad25f7bf3b5"],
  [63, "2ea63c71bf326087"],
])("the hash of %p bytes begins as the published one", (length, hash) => {
  expect(hashOf(counting(length)).slice(0, 16)).toBe(hash);
});

test("it does not depend on where the bytes lie, nor on what is around them", () => {
  for (let length = 0; length < 20; length++) {
    const key = counting(length);
    const hashes = new Set([0, 1, 2, 3, 4, 5].map((at) => hashOf(key, published, at)));
    expect(hashes.size).toBe(1);
  }
});

test("every bit of a key and of the secret matters, to each of the three words", () => {
  const key = counting(13);
  const plain = hashOf(key);
  const others: string[] = [];
  for (let bit = 0; bit < key.length * 8; bit++) {
    const flipped = key.slice();
    flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
    others.push(hashOf(flipped));
  }
  for (let bit = 0; bit < 32; bit++) {
    others.push(hashOf(key, [published[0] ^ (1 << bit), published[1]]));
    others.push(hashOf(key, [published[0], published[1] ^ (1 << bit)]));
  }
  for (const from of [0, 8, 16]) {
    const words = [plain, ...others].map((hash) => hash.slice(from, from + 8));
    expect(new Set(words).size).toBe(others.length + 1);
  }
});
