import { describe, expect, test } from "bun:test";
import type { Memory } from "../../src/base/memory.ts";
import { FrameReader, type FrameSink, type Framing } from "../../src/net/frames.ts";
import { handOver } from "../support/memory.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

const little: Framing = { littleEndian: true, payloadBytesMax: 1000 };

/** Writes down what it is told. */
class Told implements FrameSink {
  readonly events: string[] = [];
  readonly payloads: { memory: Memory; start: number; end: number }[] = [];

  frame(memory: Memory, start: number, end: number): void {
    memory.hold();
    this.payloads.push({ memory, start, end });
    this.events.push(`frame ${memory.bytes.subarray(start, end).toHex()}`);
  }
  emptyFrame(): void {
    this.events.push("empty");
  }
  oversizedFrame(announcedBytes: number): void {
    this.events.push(`oversized ${announcedBytes}`);
  }
}

/** Hears of frames, and keeps nothing. */
const careless: FrameSink = { frame: () => {}, emptyFrame: () => {}, oversizedFrame: () => {} };

const feed = (reader: FrameReader, bytes: Uint8Array): Memory =>
  handOver(bytes, (memory) => reader.feed(memory));

/** A frame around `payload`. */
function framed(payload: Uint8Array, littleEndian = true): Uint8Array {
  const frame = new Uint8Array(4 + payload.length);
  new DataView(frame.buffer).setUint32(0, payload.length, littleEndian);
  frame.set(payload, 4);
  return frame;
}

const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const payload = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

describe("frames that lie whole in a chunk", () => {
  test("are parts of its memory", () => {
    const told = new Told();
    const chunk = joined(framed(payload(1, 2)), framed(payload(3)));
    const memory = feed(new FrameReader(little, told), chunk);
    expect(told.events).toEqual(["frame 0102", "frame 03"]);
    const [first, second] = told.payloads;
    expect(first!.memory).toBe(memory);
    expect(second!.memory).toBe(memory);
    expect(memory.view.getUint8(second!.start)).toBe(3);
  });

  test("may have their lengths in either byte order", () => {
    const told = new Told();
    const reader = new FrameReader({ littleEndian: false, payloadBytesMax: 1000 }, told);
    feed(reader, framed(payload(7, 8), false));
    expect(told.events).toEqual(["frame 0708"]);
  });

  test("are told in order with empty ones between them", () => {
    const told = new Told();
    const nothing = framed(payload());
    feed(new FrameReader(little, told), joined(nothing, framed(payload(1)), nothing, nothing));
    expect(told.events).toEqual(["empty", "frame 01", "empty", "empty"]);
  });
});

describe("a frame in pieces", () => {
  test("of which only the length came before is part of the chunk, and no copy", () => {
    const told = new Told();
    const reader = new FrameReader(little, told);
    const frame = framed(payload(1, 2, 3));
    feed(reader, frame.slice(0, 4));
    const rest = frame.slice(4);
    const memory = feed(reader, rest);
    expect(told.payloads[0]?.memory).toBe(memory);
  });

  test("is handed over once, however it was cut", () => {
    const random = randomForTest();
    for (let round = rounds(300, 5000); round > 0; round--) {
      const frames = Array.from({ length: 1 + random.below(6) }, () =>
        framed(randomBytes(random, random.below(4) === 0 ? 0 : random.below(300))),
      );
      const stream = joined(...frames);
      const whole = new Told();
      feed(new FrameReader(little, whole), stream);
      const cut = new Told();
      const reader = new FrameReader(little, cut);
      for (let at = 0; at < stream.length;) {
        const next = Math.min(stream.length, at + 1 + random.below(random.below(2) ? 3 : 200));
        feed(reader, stream.slice(at, next));
        at = next;
      }
      expect(cut.events).toEqual(whole.events);
      expect(reader.partialBytes).toBe(0);
      expect(reader.completed).toBe(frames.length);
    }
  });

  test("is handed over byte by byte as it is in one go", () => {
    const told = new Told();
    const reader = new FrameReader(little, told);
    const stream = joined(framed(payload(1, 2, 3)), framed(payload()), framed(payload(4)));
    for (const byte of stream) feed(reader, Uint8Array.of(byte));
    expect(told.events).toEqual(["frame 010203", "empty", "frame 04"]);
  });

  test("counts what is held, header included, and nothing once it is complete", () => {
    const reader = new FrameReader(little, new Told());
    const frame = framed(new Uint8Array(10));
    feed(reader, frame.slice(0, 3));
    expect(reader.partialBytes).toBe(3);
    feed(reader, frame.slice(3, 9));
    expect(reader.partialBytes).toBe(9);
    feed(reader, frame.slice(9));
    expect(reader.partialBytes).toBe(0);
  });

  test("allocates nothing on the word of its length", () => {
    const framing = { littleEndian: true, payloadBytesMax: 2 ** 31 };
    const header = new Uint8Array(4);
    new DataView(header.buffer).setUint32(0, 2 ** 31, true);
    // Two GiB for each of these would be more than there is.
    const readers = Array.from({ length: 1000 }, () => new FrameReader(framing, new Told()));
    for (const reader of readers) feed(reader, joined(header, payload(1, 2, 3)));
    expect(readers.map((reader) => reader.partialBytes)).toEqual(readers.map(() => 7));
  });

  test("does not hold on to a large chunk for the sake of its last bytes", () => {
    const told = new Told();
    const reader = new FrameReader(little, told);
    const chunk = joined(framed(new Uint8Array(900)), framed(payload(1, 2, 3)).subarray(0, 5));
    // Were the held byte a view of the chunk, it would be gone now.
    const memory = feed(reader, chunk);
    told.payloads[0]!.memory.letGo();
    expect(memory.isFreed).toBeTrue();
    feed(reader, payload(2, 3));
    expect(told.events.at(-1)).toBe("frame 010203");
  });
});

describe("a chunk that nobody holds", () => {
  const large: Framing = { littleEndian: true, payloadBytesMax: 2_000_000 };

  test("is freed at once: no frame loses a byte by it", () => {
    const random = randomForTest();
    for (let round = rounds(20, 500); round > 0; round--) {
      const payloads = Array.from({ length: 1 + random.below(8) }, () =>
        randomBytes(random, 1 + random.below(random.below(2) ? 400_000 : 400)),
      );
      const stream = joined(...payloads.map((each) => framed(each)));
      const told = new Told();
      told.frame = (memory, start, end) => {
        memory.hold();
        told.payloads.push({ memory, start, end });
      };
      const reader = new FrameReader(large, told);
      for (let at = 0; at < stream.length;) {
        const chunk = stream.slice(at, at + 1 + random.below(random.below(2) ? 5000 : 200_000));
        feed(reader, chunk);
        at += chunk.length;
      }
      const read = told.payloads.map(({ memory, start, end }) => memory.bytes.subarray(start, end));
      expect(read.map((each) => Bun.hash(each))).toEqual(payloads.map((each) => Bun.hash(each)));
    }
  });

  test("is one of a large payload, which is joined from a quarter on", () => {
    const told = new Told();
    told.frame = () => told.events.push("frame");
    const reader = new FrameReader(large, told);
    const stream = framed(new Uint8Array(1_000_000));
    const [first, ...others] = [0, 200_000, 400_000, 600_000, 800_000, 1_000_000].map((from) => {
      const memory = feed(reader, stream.slice(from, from + 200_000));
      return { memory, wasFreed: memory.isFreed };
    });
    expect(first!.wasFreed).toBeFalse();
    expect(first!.memory.isFreed).toBeTrue();
    expect(others.map(({ wasFreed }) => wasFreed)).toEqual(others.map(() => true));
    expect(told.events).toEqual(["frame"]);
  });

  test("may hold a frame that was heard of and not kept", () => {
    const reader = new FrameReader(large, careless);
    expect(feed(reader, framed(payload(1))).isFreed).toBeTrue();
  });

  test("is freed with the frame that it began, when the stream ends", () => {
    const reader = new FrameReader(large, careless);
    const memory = feed(reader, framed(new Uint8Array(50_000)).subarray(0, 30_000));
    expect(memory.isFreed).toBeFalse();
    reader.stop();
    expect(memory.isFreed).toBeTrue();
  });
});

test("a large payload is joined while it comes, and counted as it came", () => {
  const random = randomForTest();
  const told = new Told();
  const bytes = 8 * 1024 * 1024 + 5;
  const content = new Uint8Array(bytes).map((_, at) => (at * 7) >>> 3);
  const reader = new FrameReader({ littleEndian: true, payloadBytesMax: bytes }, told);
  const stream = joined(framed(content), framed(payload(1)), framed(content));
  told.frame = (memory, start, end) => {
    memory.hold();
    told.payloads.push({ memory, start, end });
  };
  for (let at = 0; at < stream.length;) {
    const chunk = stream.slice(at, at + 1 + random.below(600_000));
    feed(reader, chunk);
    at += chunk.length;
    const inFrame = told.payloads.length === 0 ? at : at - stream.length + bytes + 4;
    if (told.payloads.length === 0 || told.payloads.length === 2) {
      expect(reader.partialBytes).toBe(inFrame);
    }
  }
  const lengths = told.payloads.map(({ start, end }) => end - start);
  expect(lengths).toEqual([bytes, 1, bytes]);
  for (const { memory, start, end } of [told.payloads[0]!, told.payloads[2]!]) {
    expect(Buffer.compare(memory.bytes.subarray(start, end), content)).toBe(0);
  }
  expect(reader.partialBytes).toBe(0);
});

describe("a length over the maximum", () => {
  const tooLong = new Uint8Array(4);
  new DataView(tooLong.buffer).setUint32(0, 1001, true);

  test("is told after the frames before it and ends the stream", () => {
    const told = new Told();
    const reader = new FrameReader(little, told);
    feed(reader, joined(framed(payload(1)), tooLong, framed(payload(2))));
    feed(reader, framed(payload(3)));
    expect(told.events).toEqual(["frame 01", "oversized 1001"]);
    expect(reader.partialBytes).toBe(0);
  });

  test("is noticed when its four bytes come one by one", () => {
    const told = new Told();
    const reader = new FrameReader(little, told);
    for (const byte of tooLong) feed(reader, Uint8Array.of(byte));
    expect(told.events).toEqual(["oversized 1001"]);
  });

  test("includes every negative one", () => {
    const told = new Told();
    feed(new FrameReader(little, told), payload(0xff, 0xff, 0xff, 0xff));
    expect(told.events).toEqual(["oversized 4294967295"]);
  });

  test("is not the maximum itself", () => {
    const told = new Told();
    feed(new FrameReader(little, told), framed(new Uint8Array(1000)));
    expect(told.payloads).toHaveLength(1);
  });
});

test("a sink that stops the reader within a frame hears nothing of the next one", () => {
  const told = new Told();
  const reader: FrameReader = new FrameReader(
    little,
    Object.assign(told, {
      emptyFrame() {
        told.events.push("empty");
        reader.stop();
      },
    }),
  );
  feed(reader, joined(framed(payload(1)), framed(payload()), framed(payload(2)), payload(9)));
  expect(told.events).toEqual(["frame 01", "empty"]);
  expect(reader.partialBytes).toBe(0);
});
