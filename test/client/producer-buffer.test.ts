import { expect, test } from "bun:test";
import { ProducerBuffer } from "../../src/client/producer-buffer.ts";
import { encodeFrame, type Message } from "../../src/native/frame.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

/** A socket that takes what it has room for. */
class Taker {
  taken: number[] = [];
  room = 0;
  closed = false;

  write(bytes: Uint8Array, from: number, length: number): number {
    if (this.closed) return -1;
    const count = Math.min(length, this.room);
    this.room -= count;
    this.taken.push(...bytes.subarray(from, from + count));
    return count;
  }
}

function message(value: Uint8Array): Message {
  const nothing = new Uint8Array(0);
  return { timestamp: 1, nanoseconds: 2, topic: nothing, key: nothing, value };
}

test("a frame is acknowledged only after all of it was sent", () => {
  const buffer = new ProducerBuffer();
  buffer.append(message(Uint8Array.of(1)));
  const taker = new Taker();
  taker.room = 24;
  buffer.writeTo(taker);
  expect(buffer.acknowledge()).toBe(false);
  taker.room = 1;
  buffer.writeTo(taker);
  expect(buffer.acknowledge()).toBe(true);
  expect(buffer.acknowledge()).toBe(false);
  expect(buffer.bytes).toBe(0);
});

test("a closed socket is told apart from a full one", () => {
  const buffer = new ProducerBuffer();
  buffer.append(message(Uint8Array.of(1)));
  const taker = new Taker();
  expect(buffer.writeTo(taker)).toBe(true);
  taker.closed = true;
  expect(buffer.writeTo(taker)).toBe(false);
});

test("a frame is doubtful once all of it went out over a connection that is gone", () => {
  const buffer = new ProducerBuffer();
  expect(buffer.isOldestDoubtful).toBe(false);
  for (const value of [1, 2]) buffer.append(message(Uint8Array.of(value)));
  const taker = new Taker();
  // The second one not to its end.
  taker.room = 2 * 25 - 1;
  buffer.writeTo(taker);
  expect(buffer.isOldestDoubtful).toBe(false);
  buffer.rewind();
  // Another connection takes less of them; what the first one took remains.
  buffer.writeTo(taker);
  buffer.rewind();
  expect(buffer.isOldestDoubtful).toBe(true);
  buffer.drop();
  expect(buffer.isOldestDoubtful).toBe(false);
  buffer.drop();
  buffer.append(message(Uint8Array.of(3)));
  expect(buffer.isOldestDoubtful).toBe(false);
});

test("a dropped frame is not sent", () => {
  const buffer = new ProducerBuffer();
  for (const value of [1, 2]) buffer.append(message(Uint8Array.of(value)));
  buffer.drop();
  const taker = new Taker();
  taker.room = 1000;
  buffer.writeTo(taker);
  expect(taker.taken).toEqual([...encodeFrame(message(Uint8Array.of(2)))]);
});

test("each connection gets the unacknowledged frames from the first on, whatever was cut", () => {
  const random = randomForTest();
  for (let round = rounds(30, 60); round > 0; round--) {
    const buffer = new ProducerBuffer();
    const frames: number[][] = [];
    let taker = new Taker();
    for (let step = 0; step < 100; step++) {
      const action = random.below(10);
      if (action < 5) {
        // Some are larger than a block.
        const size = random.below(20) === 0 ? 70_000 : random.below(3000);
        const one = message(randomBytes(random, size));
        buffer.append(one);
        frames.push([...encodeFrame(one)]);
      } else if (action < 7) {
        taker.room = random.below(10_000);
        buffer.writeTo(taker);
      } else if (action < 9) {
        const sent = frames.length > 0 && taker.taken.length >= frames[0]!.length;
        if (buffer.acknowledge() !== sent) expect(step).toBe(-1);
        if (sent) taker.taken = taker.taken.slice(frames.shift()!.length);
      } else {
        buffer.rewind();
        taker = new Taker();
        if (frames.length > 0 && random.below(2) === 0) {
          buffer.drop();
          frames.shift();
        }
      }
      expect(buffer.bytes).toBe(frames.reduce((sum, frame) => sum + frame.length, 0));
    }
    taker.room = Number.MAX_SAFE_INTEGER;
    buffer.writeTo(taker);
    expect(Buffer.from(taker.taken).equals(Buffer.from(frames.flat()))).toBe(true);
  }
});
