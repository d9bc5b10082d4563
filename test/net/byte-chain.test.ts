import { expect, test } from "bun:test";
import { ByteChain, type ByteTaker } from "../../src/net/byte-chain.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

/** Takes what it is told to, and remembers it. */
class Taker implements ByteTaker {
  readonly taken: number[] = [];
  writes = 0;
  constructor(public room: number) {}

  write(bytes: Uint8Array, from: number, length: number): number {
    this.writes += 1;
    const count = Math.min(length, this.room);
    this.room -= count;
    this.taken.push(...bytes.subarray(from, from + count));
    return count;
  }
}

test("many small pieces leave in one write", () => {
  const chain = new ByteChain(1024);
  for (let number = 0; number < 100; number++) chain.appendCopy(Uint8Array.of(number));
  const taker = new Taker(1000);
  expect(chain.writeTo(taker)).toBe(100);
  expect(taker.writes).toBe(1);
  expect(taker.taken).toEqual(Array.from({ length: 100 }, (_, number) => number));
});

test("a small piece may change after it was appended, a large one is not copied", () => {
  const chain = new ByteChain(1024);
  const small = Uint8Array.of(1);
  chain.appendCopy(small);
  small[0] = 9;
  const large = new Uint8Array(3).fill(2);
  chain.appendReference(large);
  const offered: Uint8Array[] = [];
  chain.writeTo({ write: (bytes, _from, length) => (offered.push(bytes), length) });
  expect(offered[0]![0]).toBe(1);
  expect(offered[1]).toBe(large);
});

test("the slab of a chain that is empty again serves the next one, and shows nothing of it", () => {
  const offered: Uint8Array[] = [];
  const taker: ByteTaker = { write: (bytes, _from, length) => (offered.push(bytes), length) };
  // A size that no other test has, since chains of one size share their slabs.
  const [first, second] = [new ByteChain(77), new ByteChain(77)];
  first.appendCopy(Uint8Array.of(1, 2, 3));
  first.writeTo(taker);
  second.appendCopy(Uint8Array.of(9));
  first.appendCopy(Uint8Array.of(4, 5));
  second.writeTo(taker);
  expect(offered.map((piece) => [...piece])).toEqual([[9, 2, 3], [9]]);
  expect(offered[1]!.buffer).toBe(offered[0]!.buffer);
  first.writeTo(taker);
  expect([...offered[2]!]).toEqual([4, 5]);
  expect(offered[2]!.buffer).not.toBe(offered[0]!.buffer);
});

test("a short write leaves the rest in place, and it goes out next", () => {
  const chain = new ByteChain(16);
  chain.appendCopy(Uint8Array.of(1, 2, 3));
  chain.appendReference(Uint8Array.of(4, 5, 6));
  const taker = new Taker(4);
  expect(chain.writeTo(taker)).toBe(4);
  expect(chain.bytes).toBe(2);
  taker.room = 10;
  expect(chain.writeTo(taker)).toBe(2);
  expect(taker.taken).toEqual([1, 2, 3, 4, 5, 6]);
  expect(chain.bytes).toBe(0);
});

test("a closed socket is told apart from a full one", () => {
  const chain = new ByteChain(16);
  chain.appendCopy(Uint8Array.of(1));
  expect(chain.writeTo({ write: () => 0 })).toBe(0);
  expect(chain.writeTo({ write: () => -1 })).toBe(-1);
});

test("what goes in comes out, whatever the pieces and however little is taken", () => {
  const random = randomForTest();
  for (let round = rounds(200, 1500); round > 0; round--) {
    const chain = new ByteChain(1 + random.below(64));
    const expected: number[] = [];
    const taker = new Taker(0);
    for (let step = random.below(60); step > 0; step--) {
      const piece = randomBytes(random, random.below(100));
      const byReference = random.below(2) === 0;
      expected.push(...piece);
      if (byReference) chain.appendReference(piece);
      else chain.appendCopy(piece);
      if (random.below(3) === 0) {
        taker.room = random.below(200);
        chain.writeTo(taker);
      }
      const rest = new Uint8Array(chain.bytes);
      chain.copyTo(rest);
      expect([...taker.taken, ...rest]).toEqual(expected);
    }
    taker.room = Number.MAX_SAFE_INTEGER;
    chain.writeTo(taker);
    expect(taker.taken).toEqual(expected);
  }
});

test("after clear nothing is left, and the chain can be used again", () => {
  const chain = new ByteChain(16);
  chain.appendCopy(Uint8Array.of(1, 2));
  chain.appendReference(Uint8Array.of(3));
  chain.clear();
  expect(chain.bytes).toBe(0);
  chain.appendCopy(Uint8Array.of(7));
  const taker = new Taker(10);
  chain.writeTo(taker);
  expect(taker.taken).toEqual([7]);
});
