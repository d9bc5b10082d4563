import { describe, expect, test } from "bun:test";
import { partitionForKey } from "../../src/base/murmur2.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { batchRecordsMax, nativeFrameBytesMax } from "../../src/limits.ts";
import { encodeFrame, frameHeaderBytes } from "../../src/native/frame.ts";
import { NativeProtocol } from "../../src/native/protocol.ts";
import type { NativeLink, NativeSession } from "../../src/native/session.ts";
import { FrameReader } from "../../src/net/frames.ts";
import { textBytes } from "../support/hex.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { FakeBroker } from "./fake-broker.ts";

/** A link that writes down what it is told. */
class FakeLink implements NativeLink {
  readonly peer = "peer:1";
  sent = "";
  reservedBytes = 0;
  closedFor: string | null = null;
  gone = false;

  send(bytes: Uint8Array): void {
    this.sent += new TextDecoder().decode(bytes);
  }
  reserve(bytes: number): void {
    this.reservedBytes += bytes;
  }
  release(bytes: number): void {
    this.reservedBytes -= bytes;
  }
  guard(work: () => void): void {
    if (!this.gone) work();
  }
  close(reason: string): void {
    this.closedFor ??= reason;
  }
}

interface Sent {
  readonly topic?: string;
  readonly key?: string;
  readonly value: string;
  readonly timestamp?: number;
  readonly nanoseconds?: number;
}

/** One connection to a broker that the test holds in its hand. */
class World {
  readonly broker = new FakeBroker();
  readonly protocol = new NativeProtocol(this.broker as unknown as Broker);
  readonly link = new FakeLink();
  readonly session: NativeSession = this.protocol.open(this.link);

  /** Receives frames in one chunk. */
  receive(...frames: readonly (Sent | "empty" | "garbage" | "oversized")[]): void {
    for (const frame of frames) {
      if (frame === "empty") this.session.emptyFrame();
      else if (frame === "oversized") this.session.oversizedFrame(nativeFrameBytesMax + 1);
      else this.#frame(frame === "garbage" ? textBytes("no message at all....") : payload(frame));
    }
    this.session.received();
  }

  #frame(bytes: Uint8Array): void {
    this.session.frame(bytes, new DataView(bytes.buffer), 0, bytes.length);
  }

  /** What was appended, as `topic-partition: records`. */
  appended(): string[] {
    return this.broker.batches.map(
      ({ topic, partition, records }) => `${topic}-${partition}: ${records.join(" ")}`,
    );
  }

  /** Commits the batches given by number, in that order. */
  async commit(...numbers: readonly number[]): Promise<void> {
    for (const number of numbers) this.broker.batches[number]!.commit();
    await settled();
  }
}

function payload({ topic = "orders", key = "", value, timestamp = 0, nanoseconds = 0 }: Sent) {
  const message = {
    timestamp,
    nanoseconds,
    topic: textBytes(topic),
    key: textBytes(key),
    value: textBytes(value),
  };
  return encodeFrame(message).slice(frameHeaderBytes);
}

/** Commits and creations are promises: their effects are there some microtasks later. */
async function settled(): Promise<void> {
  for (let microtask = 0; microtask < 5; microtask++) await Promise.resolve();
}

const failed = new Refusal("KAFKA_STORAGE_ERROR", "the disk is gone");

describe("frames of one chunk", () => {
  test("for one partition are one batch, in order", () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, { value: "b" }, { value: "c" });
    expect(world.appended()).toEqual(["orders-0: a b c"]);
  });

  test("for several topics are a batch for each", () => {
    const world = new World();
    world.broker.has("orders").has("payments");
    world.receive({ value: "a" }, { topic: "payments", value: "b" }, { value: "c" });
    expect(world.appended()).toEqual(["orders-0: a c", "payments-0: b"]);
  });

  test("beyond what a batch may hold go into the next batch", () => {
    const world = new World();
    world.broker.has("orders");
    world.receive(...Array.from({ length: batchRecordsMax + 1 }, () => ({ value: "x" })));
    expect(world.broker.batches.map(({ records }) => records.length)).toEqual([batchRecordsMax, 1]);
  });

  test("keep their times to the nanosecond, and an empty key is no key", () => {
    const world = new World();
    world.broker.has("orders");
    world.receive(
      { value: "a", timestamp: 1_754_705_528_480, nanoseconds: 375_001 },
      { value: "b", timestamp: -1, nanoseconds: 999_999, key: "k" },
      { value: "c", timestamp: 5 },
    );
    const [batch] = world.broker.batches;
    expect(batch?.records).toEqual(["a", "k=b", "c"]);
    expect(batch?.timestamps).toEqual([1_754_705_528_480, -1, 5]);
    expect(batch?.nanoseconds).toEqual([375_001, 999_999, 0]);
  });

  test("of the largest size fit", async () => {
    const world = new World();
    world.broker.has("orders");
    const room = nativeFrameBytesMax - 20 - "orders".length - "key".length;
    world.receive({ key: "key", value: "x".repeat(room), nanoseconds: 1 });
    await world.commit(0);
    expect(world.link.sent).toBe("OK\n");
  });
});

describe("partitions", () => {
  test("are chosen by the key, as Kafka's clients choose them", () => {
    const world = new World();
    world.broker.has("orders", 5);
    const keys = ["a", "b", "c", "d", "e", "f", "g", "a", "b"];
    world.receive(...keys.map((key) => ({ key, value: "x" })));
    for (const { partition, records } of world.broker.batches) {
      for (const record of records) {
        expect(partition).toBe(partitionForKey(textBytes(record.slice(0, 1)), 5));
      }
    }
  });

  test("without a key stay the same for a chunk and change with the next one", () => {
    const world = new World();
    world.broker.has("orders", 3);
    for (let chunk = 0; chunk < 4; chunk++) world.receive({ value: "x" }, { value: "y" });
    const used = world.broker.batches.map(({ partition }) => partition);
    expect(used).toHaveLength(4);
    expect(new Set(used.slice(0, 3))).toEqual(new Set([0, 1, 2]));
    expect(used[3]).toBe(used[0]);
  });

  test("without a key differ from one short connection to the next", () => {
    const world = new World();
    world.broker.has("orders", 3);
    for (let connection = 0; connection < 3; connection++) {
      const session = world.protocol.open(new FakeLink());
      const bytes = payload({ value: "x" });
      session.frame(bytes, new DataView(bytes.buffer), 0, bytes.length);
      session.received();
    }
    const used = world.broker.batches.map(({ partition }) => partition);
    expect(new Set(used)).toEqual(new Set([0, 1, 2]));
  });
});

describe("replies", () => {
  test("are not sent before the commit", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, { value: "b" });
    await settled();
    expect(world.link.sent).toBe("");
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nOK\n");
  });

  test("wait for those before them, in whatever order the batches are committed", async () => {
    const world = new World();
    world.broker.has("orders").has("payments");
    world.receive({ value: "a" }, { topic: "payments", value: "b" });
    world.receive({ value: "c" });
    await world.commit(2);
    expect(world.link.sent).toBe("");
    await world.commit(1);
    expect(world.link.sent).toBe("");
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nOK\nOK\n");
  });

  test("tell apart the frames of a batch that failed and those of one that did not", async () => {
    const world = new World();
    world.broker.has("orders").has("payments");
    world.receive({ value: "a" }, { topic: "payments", value: "b" }, { value: "c" });
    world.broker.batches[0]!.commit(failed);
    await world.commit(1);
    expect(world.link.sent).toBe("NACK:PUBLISH_FAILED\nOK\nNACK:PUBLISH_FAILED\n");
  });

  test("to a batch that the log refuses at once keep their place", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" });
    world.broker.refusals.push(failed);
    world.receive({ value: "b" });
    expect(world.link.sent).toBe("");
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nNACK:PUBLISH_FAILED\n");
  });

  test("to an empty frame and to garbage keep their place, and the connection goes on", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, "empty", "garbage", { value: "b" }, "empty");
    expect(world.link.sent).toBe("");
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nNACK:CORRUPTED\nNACK:INVALID_FORMAT\nOK\nNACK:CORRUPTED\n");
    expect(world.link.closedFor).toBeNull();
    world.receive("empty");
    expect(world.link.sent.endsWith("NACK:CORRUPTED\nNACK:CORRUPTED\n")).toBe(true);
  });

  test("to a topic that is not UTF-8 is INVALID_FORMAT", () => {
    const world = new World();
    const bytes = payload({ topic: "orders", value: "a" });
    bytes[12] = 0xff;
    world.session.frame(bytes, new DataView(bytes.buffer), 0, bytes.length);
    world.session.received();
    expect(world.link.sent).toBe("NACK:INVALID_FORMAT\n");
  });

  test("are counted by what they say", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, "empty", { value: "b" });
    await world.commit(0);
    expect(world.protocol.answered).toMatchObject({ OK: 2, CORRUPTED: 1, PUBLISH_FAILED: 0 });
  });
});

describe("an oversized frame", () => {
  test("is refused when its turn comes, and only then does the connection close", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, "oversized");
    expect([world.link.sent, world.link.closedFor]).toEqual(["", null]);
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nNACK:PROTOCOL_ERROR\n");
    expect(world.link.closedFor).toContain("10485761 bytes");
  });

  test("with nothing before it closes at once", () => {
    const world = new World();
    world.receive("oversized");
    expect(world.link.sent).toBe("NACK:PROTOCOL_ERROR\n");
    expect(world.link.closedFor).not.toBeNull();
  });
});

describe("a topic that is not there", () => {
  test("is created by its first frame, once, and its frames follow in order", async () => {
    const world = new World();
    world.receive({ value: "a" }, { value: "b" });
    world.receive({ value: "c" });
    expect(world.broker.asked).toEqual(["orders"]);
    expect(world.broker.batches).toEqual([]);
    world.broker.answer("orders", 1);
    await settled();
    expect(world.appended()).toEqual(["orders-0: a b c"]);
    await world.commit(0);
    expect(world.link.sent).toBe("OK\nOK\nOK\n");
  });

  test("that another connection creates meanwhile lets no later frame overtake", async () => {
    const world = new World();
    world.receive({ value: "a" });
    world.broker.has("orders");
    world.receive({ value: "b" });
    expect(world.broker.batches).toEqual([]);
    world.broker.answer("orders", 1);
    await settled();
    world.receive({ value: "c" });
    expect(world.appended()).toEqual(["orders-0: a b", "orders-0: c"]);
  });

  test("holds back the replies of others, and not their records", async () => {
    const world = new World();
    world.broker.has("payments");
    world.receive({ value: "a" }, { topic: "payments", value: "b" });
    expect(world.appended()).toEqual(["payments-0: b"]);
    await world.commit(0);
    expect(world.link.sent).toBe("");
    world.broker.answer("orders", 1);
    await settled();
    await world.commit(1);
    expect(world.link.sent).toBe("OK\nOK\n");
  });

  test("and may not be is PUBLISH_FAILED for each of its frames, and asked for again", async () => {
    const world = new World();
    world.receive({ topic: "a/b", value: "a" }, { topic: "a/b", value: "b" });
    world.broker.answer("a/b", new Refusal("INVALID_TOPIC_EXCEPTION", "a slash"));
    await settled();
    expect(world.link.sent).toBe("NACK:PUBLISH_FAILED\nNACK:PUBLISH_FAILED\n");
    world.receive({ topic: "a/b", value: "c" });
    expect(world.broker.asked).toEqual(["a/b"]);
  });

  test("any more is created anew", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" });
    world.broker.forget("orders");
    world.receive({ value: "b" });
    expect(world.broker.asked).toEqual(["orders"]);
  });

  test("keeps waiting frames although their chunk's memory is used again", async () => {
    const world = new World();
    const bytes = payload({ value: "a", key: "k" });
    world.session.frame(bytes, new DataView(bytes.buffer), 0, bytes.length);
    world.session.received();
    bytes.fill(0);
    world.broker.answer("orders", 1);
    await settled();
    expect(world.appended()).toEqual(["orders-0: k=a"]);
  });

  test("among thousands does not make the connection forget the one that is waited for", async () => {
    const world = new World();
    world.receive({ value: "a" });
    for (let number = 0; number < 3000; number++) {
      world.broker.has(`topic-${number}`);
      world.receive({ topic: `topic-${number}`, value: "x" });
    }
    world.receive({ value: "b" });
    expect(world.broker.asked).toEqual(["orders"]);
    world.broker.answer("orders", 1);
    await settled();
    expect(world.appended().at(-1)).toBe("orders-0: a b");
  });
});

describe("what is reserved of the link", () => {
  test("is the frames that are not answered, and nothing when all are", async () => {
    const world = new World();
    world.broker.has("orders").has("payments");
    world.receive({ value: "a" }, "empty", { topic: "payments", value: "b" }, "garbage");
    const whole = world.link.reservedBytes;
    expect(whole).toBeGreaterThan(100);
    await world.commit(0);
    expect(world.link.reservedBytes).toBeGreaterThan(0);
    expect(world.link.reservedBytes).toBeLessThan(whole);
    await world.commit(1);
    expect(world.link.reservedBytes).toBe(0);
  });

  test("counts frames without a byte: a flood of them is bounded, too", () => {
    const world = new World();
    world.receive({ value: "never answered" }, "empty");
    const before = world.link.reservedBytes;
    for (let count = 0; count < 1000; count++) world.receive("empty");
    expect(world.link.reservedBytes).toBeGreaterThanOrEqual(before + 1000 * 32);
  });
});

describe("the end", () => {
  test("after the peer's FIN comes when all is answered", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" });
    world.session.finish();
    expect(world.link.closedFor).toBeNull();
    await world.commit(0);
    expect(world.link.sent).toBe("OK\n");
    expect(world.link.closedFor).not.toBeNull();
  });

  test("comes at once if nothing is owed", () => {
    const world = new World();
    world.session.finish();
    expect(world.link.closedFor).not.toBeNull();
  });

  test("of the socket leaves commits and creations under way without harm", async () => {
    const world = new World();
    world.broker.has("orders");
    world.receive({ value: "a" }, { topic: "new", value: "b" });
    world.link.gone = true;
    world.session.closed();
    await world.commit(0);
    world.broker.answer("new", 1);
    await settled();
    expect(world.link.sent).toBe("");
    expect(world.appended()).toEqual(["orders-0: a"]);
  });
});

test("any frames, cut into any chunks, committed in any order: one reply each, in order", async () => {
  const random = randomForTest();
  for (let round = rounds(100, 3000); round > 0; round--) {
    const world = new World();
    const { broker } = world;
    broker.has("t0", 1).has("t1", 4);
    const expected: string[] = [];
    const committed = new Set<number>();
    const commitSome = (): void => {
      const open = broker.batches.map((_, at) => at).filter((at) => !committed.has(at));
      while (open.length > 0 && random.below(3) > 0) {
        const [at] = open.splice(random.below(open.length), 1);
        committed.add(at!);
        broker.batches[at!]!.commit(isBad(broker.batches[at!]!.partition) ? failed : undefined);
      }
    };
    for (let chunk = random.below(8); chunk >= 0; chunk--) {
      const frames = Array.from({ length: random.below(12) }, () => {
        const kind = random.below(10);
        if (kind === 0) return "empty" as const;
        if (kind === 1) return "garbage" as const;
        return { topic: `t${random.below(4)}`, key: `k${random.below(9)}`, value: "v" };
      });
      for (const frame of frames) expected.push(expectedReply(frame));
      world.receive(...frames);
      if (random.below(2) > 0) commitSome();
      for (const name of [...broker.asked]) {
        if (random.below(2) === 0) answerFor(broker, name);
      }
      await settled();
      expect(expected.join("").startsWith(world.link.sent)).toBe(true);
    }
    for (const name of [...broker.asked]) answerFor(broker, name);
    await settled();
    for (const [at, batch] of broker.batches.entries()) {
      if (!committed.has(at)) batch.commit(isBad(batch.partition) ? failed : undefined);
    }
    await settled();
    expect(world.link.sent).toBe(expected.join(""));
    expect(world.link.reservedBytes).toBe(0);
  }
});

test("any bytes at all: one reply for each frame that they happen to be, and no harm", async () => {
  const random = randomForTest();
  for (let round = rounds(200, 20_000); round > 0; round--) {
    const world = new World();
    world.broker.has("orders", 3).commitsAtOnce = true;
    const reader = new FrameReader(world.protocol.framing, world.session);
    const frames = Array.from({ length: 20 }, () => {
      const content = payload({
        key: random.below(2) ? "k" : "",
        value: "x".repeat(random.below(50)),
      });
      return [...new Uint8Array(Uint32Array.of(content.length).buffer), ...content];
    });
    const stream = Uint8Array.from(frames.flat());
    for (let flips = random.below(6); flips > 0; flips--) {
      // Mostly low bytes, so that lengths stay in reach.
      stream[random.below(stream.length)] = random.below(random.below(2) ? 60 : 256);
    }
    for (let at = 0; at < stream.length;) {
      const next = at + 1 + random.below(400);
      reader.feed(stream.slice(at, next));
      world.session.received();
      at = next;
    }
    for (const name of [...world.broker.asked]) world.broker.answer(name, 2);
    await settled();
    const lines = world.link.sent.split("\n");
    expect(lines.pop()).toBe("");
    const oversized = lines.at(-1) === "NACK:PROTOCOL_ERROR";
    expect(lines).toHaveLength(reader.completed + (oversized ? 1 : 0));
    expect(world.link.closedFor !== null).toBe(oversized);
    expect(world.link.reservedBytes).toBe(0);
    const stored = world.broker.batches.flatMap(({ records }) => records);
    expect(stored).toHaveLength(lines.filter((line) => line === "OK").length);
  }
});

/** In the random test: `t2` gets four partitions, `t3` is refused, partition 2 is broken. */
const isBad = (partition: number): boolean => partition === 2;

function answerFor(broker: FakeBroker, name: string): void {
  const refusal = new Refusal("POLICY_VIOLATION", "no");
  broker.answer(name, name === "t3" ? refusal : 4);
}

function expectedReply(frame: "empty" | "garbage" | { topic: string; key: string }): string {
  if (frame === "empty") return "NACK:CORRUPTED\n";
  if (frame === "garbage") return "NACK:INVALID_FORMAT\n";
  const count = frame.topic === "t0" ? 1 : 4;
  const bad = frame.topic === "t3" || isBad(partitionForKey(textBytes(frame.key), count));
  return bad ? "NACK:PUBLISH_FAILED\n" : "OK\n";
}
