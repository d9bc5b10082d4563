import { describe, expect, test } from "bun:test";
import { FrameReader, type FrameSink, type Framing } from "../../src/net/frames.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

const little: Framing = { littleEndian: true, payloadBytesMax: 1000 };

/** Writes down what it is told. */
class Told implements FrameSink {
  readonly events: string[] = [];
  readonly payloads: { bytes: Uint8Array; view: DataView; start: number; end: number }[] = [];

  frame(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.payloads.push({ bytes, view, start, end });
    this.events.push(`frame ${bytes.subarray(start, end).toHex()}`);
  }
  emptyFrame(): void {
    this.events.push("empty");
  }
  oversizedFrame(announcedBytes: number): void {
    this.events.push(`oversized ${announcedBytes}`);
  }
}

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
  test("are views of it, and share one view for reading", () => {
    const told = new Told();
    const chunk = joined(framed(payload(1, 2)), framed(payload(3)));
    new FrameReader(little, told).feed(chunk);
    expect(told.events).toEqual(["frame 0102", "frame 03"]);
    const [first, second] = told.payloads;
    expect(first!.bytes).toBe(chunk);
    expect(second!.bytes).toBe(chunk);
    expect(second!.view).toBe(first!.view);
    expect(second!.view.getUint8(second!.start)).toBe(3);
  });

  test("may have their lengths in either byte order", () => {
    const told = new Told();
    const reader = new FrameReader({ littleEndian: false, payloadBytesMax: 1000 }, told);
    reader.feed(framed(payload(7, 8), false));
    expect(told.events).toEqual(["frame 0708"]);
  });

  test("are told in order with empty ones between them", () => {
    const told = new Told();
    const nothing = framed(payload());
    new FrameReader(little, told).feed(joined(nothing, framed(payload(1)), nothing, nothing));
    expect(told.events).toEqual(["empty", "frame 01", "empty", "empty"]);
  });
});

describe("a frame in pieces", () => {
  test("of which only the length came before is a view of the chunk, and no copy", () => {
    const told = new Told();
    const reader = new FrameReader(little, told);
    const frame = framed(payload(1, 2, 3));
    reader.feed(frame.slice(0, 4));
    const rest = frame.slice(4);
    reader.feed(rest);
    expect(told.payloads[0]?.bytes).toBe(rest);
  });

  test("is handed over once, however it was cut", () => {
    const random = randomForTest();
    for (let round = rounds(300, 5000); round > 0; round--) {
      const frames = Array.from({ length: 1 + random.below(6) }, () =>
        framed(randomBytes(random, random.below(4) === 0 ? 0 : random.below(300))),
      );
      const stream = joined(...frames);
      const whole = new Told();
      new FrameReader(little, whole).feed(stream);
      const cut = new Told();
      const reader = new FrameReader(little, cut);
      for (let at = 0; at < stream.length;) {
        const next = Math.min(stream.length, at + 1 + random.below(random.below(2) ? 3 : 200));
        reader.feed(stream.slice(at, next));
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
    for (const byte of stream) reader.feed(Uint8Array.of(byte));
    expect(told.events).toEqual(["frame 010203", "empty", "frame 04"]);
  });

  test("counts what is held, header included, and nothing once it is complete", () => {
    const reader = new FrameReader(little, new Told());
    const frame = framed(new Uint8Array(10));
    reader.feed(frame.slice(0, 3));
    expect(reader.partialBytes).toBe(3);
    reader.feed(frame.slice(3, 9));
    expect(reader.partialBytes).toBe(9);
    reader.feed(frame.slice(9));
    expect(reader.partialBytes).toBe(0);
  });

  test("allocates nothing on the word of its length", () => {
    const framing = { littleEndian: true, payloadBytesMax: 2 ** 31 };
    const header = new Uint8Array(4);
    new DataView(header.buffer).setUint32(0, 2 ** 31, true);
    // Two GiB for each of these would be more than there is.
    const readers = Array.from({ length: 1000 }, () => new FrameReader(framing, new Told()));
    for (const reader of readers) reader.feed(joined(header, payload(1, 2, 3)));
    expect(readers.map((reader) => reader.partialBytes)).toEqual(readers.map(() => 7));
  });

  test("does not hold on to a large chunk for the sake of its last bytes", () => {
    const told = new Told();
    const reader = new FrameReader(little, told);
    const chunk = joined(framed(new Uint8Array(900)), framed(payload(1, 2, 3)).subarray(0, 5));
    reader.feed(chunk);
    // Were the held byte a view of the chunk, this would change it.
    chunk.fill(0xff);
    reader.feed(payload(2, 3));
    expect(told.events.at(-1)).toBe("frame 010203");
  });
});

describe("a chunk that is told to be free", () => {
  const large: Framing = { littleEndian: true, payloadBytesMax: 2_000_000 };

  test("may be used again at once: no frame loses a byte by it", () => {
    const random = randomForTest();
    for (let round = rounds(20, 500); round > 0; round--) {
      const payloads = Array.from({ length: 1 + random.below(8) }, () =>
        randomBytes(random, 1 + random.below(random.below(2) ? 400_000 : 400)),
      );
      const stream = joined(...payloads.map((each) => framed(each)));
      const told = new Told();
      told.frame = (bytes, view, start, end) => {
        told.payloads.push({ bytes, view, start, end });
      };
      const reader = new FrameReader(large, told);
      for (let at = 0; at < stream.length;) {
        const chunk = stream.slice(at, at + 1 + random.below(random.below(2) ? 5000 : 200_000));
        if (!reader.feed(chunk)) chunk.fill(0xee);
        at += chunk.length;
      }
      const read = told.payloads.map(({ bytes, start, end }) => bytes.subarray(start, end));
      expect(read.map((each) => Bun.hash(each))).toEqual(payloads.map((each) => Bun.hash(each)));
    }
  });

  test("is one of a large payload, which is joined from a quarter on", () => {
    const told = new Told();
    told.frame = () => told.events.push("frame");
    const reader = new FrameReader(large, told);
    const stream = framed(new Uint8Array(1_000_000));
    const kept = [0, 200_000, 400_000, 600_000, 800_000].map((from) =>
      reader.feed(stream.slice(from, from + 200_000)),
    );
    reader.feed(stream.slice(1_000_000));
    expect(kept).toEqual([true, false, false, false, false]);
    expect(told.events).toEqual(["frame"]);
  });

  test("is none that holds a whole frame", () => {
    expect(new FrameReader(large, new Told()).feed(framed(payload(1)))).toBeTrue();
  });
});

test("a large payload is joined while it comes, and counted as it came", () => {
  const random = randomForTest();
  const told = new Told();
  const bytes = 8 * 1024 * 1024 + 5;
  const content = new Uint8Array(bytes).map((_, at) => (at * 7) >>> 3);
  const reader = new FrameReader({ littleEndian: true, payloadBytesMax: bytes }, told);
  const stream = joined(framed(content), framed(payload(1)), framed(content));
  told.frame = (frame, view, start, end) => {
    told.payloads.push({ bytes: frame, view, start, end });
  };
  for (let at = 0; at < stream.length;) {
    const chunk = stream.slice(at, at + 1 + random.below(600_000));
    reader.feed(chunk);
    at += chunk.length;
    const inFrame = told.payloads.length === 0 ? at : at - stream.length + bytes + 4;
    if (told.payloads.length === 0 || told.payloads.length === 2) {
      expect(reader.partialBytes).toBe(inFrame);
    }
  }
  const lengths = told.payloads.map(({ start, end }) => end - start);
  expect(lengths).toEqual([bytes, 1, bytes]);
  for (const { bytes: frame, start, end } of [told.payloads[0]!, told.payloads[2]!]) {
    expect(Buffer.compare(frame.subarray(start, end), content)).toBe(0);
  }
  expect(reader.partialBytes).toBe(0);
});

describe("a length over the maximum", () => {
  const tooLong = new Uint8Array(4);
  new DataView(tooLong.buffer).setUint32(0, 1001, true);

  test("is told after the frames before it and ends the stream", () => {
    const told = new Told();
    const reader = new FrameReader(little, told);
    reader.feed(joined(framed(payload(1)), tooLong, framed(payload(2))));
    reader.feed(framed(payload(3)));
    expect(told.events).toEqual(["frame 01", "oversized 1001"]);
    expect(reader.partialBytes).toBe(0);
  });

  test("is noticed when its four bytes come one by one", () => {
    const told = new Told();
    const reader = new FrameReader(little, told);
    for (const byte of tooLong) reader.feed(Uint8Array.of(byte));
    expect(told.events).toEqual(["oversized 1001"]);
  });

  test("includes every negative one", () => {
    const told = new Told();
    new FrameReader(little, told).feed(payload(0xff, 0xff, 0xff, 0xff));
    expect(told.events).toEqual(["oversized 4294967295"]);
  });

  test("is not the maximum itself", () => {
    const told = new Told();
    new FrameReader(little, told).feed(framed(new Uint8Array(1000)));
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
  reader.feed(joined(framed(payload(1)), framed(payload()), framed(payload(2)), payload(9)));
  expect(told.events).toEqual(["frame 01", "empty"]);
  expect(reader.partialBytes).toBe(0);
});
