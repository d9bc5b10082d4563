import { handOver } from "../support/memory.ts";
import { expect, test } from "bun:test";
import { partitionForKey } from "../../src/base/murmur2.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { FrameReader } from "../../src/net/frames.ts";
import { textBytes } from "../support/hex.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import type { FakeBroker } from "./fake-broker.ts";
import { payload, settled, World } from "./session-world.ts";

const failed = new Refusal("KAFKA_STORAGE_ERROR", "the disk is gone");

test("any frames, cut into any chunks, committed in any order: one reply each, in order", async () => {
  const random = randomForTest();
  for (let round = rounds(100, 1000); round > 0; round--) {
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
    await answerAll(broker, (name) => answerFor(broker, name));
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
  for (let round = rounds(200, 2000); round > 0; round--) {
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
      handOver(stream.subarray(at, next), (memory) => reader.feed(memory));
      world.session.received();
      at = next;
    }
    await answerAll(world.broker, (name) => world.broker.answer(name, 2));
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

/** Answers for every topic that is asked for, one after another, until none is any more. */
async function answerAll(broker: FakeBroker, answer: (name: string) => void): Promise<void> {
  while (broker.asked.length > 0) {
    for (const name of [...broker.asked]) answer(name);
    await settled();
  }
}

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
