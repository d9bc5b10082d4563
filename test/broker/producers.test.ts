/** Stories of batches that are acknowledged, come again, or could not be stored. */
import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { ProducerCensus } from "../../src/broker/producer-census.ts";
import type { SequencedBatch } from "../../src/broker/producer-sequence.ts";
import { Producers } from "../../src/broker/producers.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";

const full = new Refusal("DISK_FULL", "the disk is full");

const batch = (baseSequence: number, count = 1, producerId = 7, epoch = 0): SequencedBatch => ({
  producerId,
  producerEpoch: epoch,
  baseSequence,
  lastOffsetDelta: count - 1,
});

/** Producers above a log that gives offsets, and settles what the test tells it to. */
class World {
  readonly census = new ProducerCensus(new ManualClock(), new MemoryLogger());
  readonly producers = new Producers(this.census);
  #visible = 0;
  #end = 0;
  #underWay: ((refusal: Refusal | null) => void)[] = [];

  /** Judges a batch and appends it, if it is the next one. */
  send(one: SequencedBatch): string {
    const verdict = this.producers.judge(one);
    if (verdict instanceof Refusal) return verdict.code;
    if (verdict !== "next") return `was at ${verdict.baseOffset}`;
    const { promise, resolve } = Promise.withResolvers<Refusal | null>();
    const baseOffset = offset(this.#end);
    this.#end += one.lastOffsetDelta + 1;
    this.#underWay.push(resolve);
    const appended = { baseOffset, nextOffset: offset(this.#end), committed: promise };
    this.producers.appended(one, appended, 1000);
    return `at ${baseOffset}`;
  }

  /** Stores everything that ends at or before `visible`. */
  store(visible = this.#end): void {
    this.#visible = visible;
    this.producers.commit(offset(visible));
    for (const settle of this.#underWay) settle(null);
    this.#underWay = [];
  }

  /** Stores nothing of what is under way. */
  fail(): void {
    this.#end = this.#visible;
    this.producers.rollBack();
    for (const settle of this.#underWay) settle(full);
    this.#underWay = [];
  }

  async fateOf(one: SequencedBatch): Promise<string> {
    const verdict = this.producers.judge(one);
    if (verdict === "next" || verdict instanceof Refusal) return "not known";
    return (await this.producers.fateOf(verdict))?.code ?? "stored";
  }
}

test("a batch counts from the moment it is appended, before it is stored", () => {
  const world = new World();
  expect(world.send(batch(0, 3))).toBe("at 0");
  expect(world.send(batch(3))).toBe("at 3");
  expect(world.send(batch(5))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(world.producers.acknowledged().size).toBe(0);
  world.store();
  expect(world.producers.acknowledged().get(7)?.batches).toHaveLength(2);
});

test("the same batch again, while it is under way, ends as the first one does", async () => {
  const world = new World();
  world.send(batch(0));
  expect(world.send(batch(0))).toBe("was at 0");
  const stored = world.fateOf(batch(0));
  world.store();
  expect(await stored).toBe("stored");

  world.send(batch(1));
  const failed = world.fateOf(batch(1));
  world.fail();
  expect(await failed).toBe("DISK_FULL");
});

test("the same batch again, once it is stored, is stored", async () => {
  const world = new World();
  world.send(batch(0));
  world.store();
  expect(world.send(batch(0))).toBe("was at 0");
  expect(await world.fateOf(batch(0))).toBe("stored");
});

test("after a failed write all of it is forgotten, and comes again in order", () => {
  const world = new World();
  world.send(batch(0));
  world.store();
  for (const sequence of [1, 2, 3]) world.send(batch(sequence));
  world.fail();
  expect(world.send(batch(2))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(world.send(batch(0))).toBe("was at 0");
  for (const sequence of [1, 2, 3]) expect(world.send(batch(sequence))).toBe(`at ${sequence}`);
});

test("a write that stored the first ones forgets only those behind them", () => {
  const world = new World();
  for (const sequence of [0, 1, 2, 3]) world.send(batch(sequence));
  world.store(2);
  world.send(batch(4));
  world.fail();
  expect(world.send(batch(1))).toBe("was at 1");
  expect(world.send(batch(4))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(world.send(batch(2))).toBe("at 2");
});

test("a failed write brings back batches that newer ones had pushed out", () => {
  const world = new World();
  for (let sequence = 0; sequence < 5; sequence++) world.send(batch(sequence));
  world.store();
  for (let sequence = 5; sequence < 10; sequence++) world.send(batch(sequence));
  expect(world.send(batch(4))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  world.fail();
  expect(world.send(batch(0))).toBe("was at 0");
});

test("a failed write takes an epoch back with its batches", () => {
  const world = new World();
  world.send(batch(0, 1, 7, 3));
  world.store();
  world.send(batch(0, 1, 7, 4));
  expect(world.send(batch(1, 1, 7, 3))).toBe("INVALID_PRODUCER_EPOCH");
  world.fail();
  expect(world.send(batch(1, 1, 7, 3))).toBe("at 1");
});

test("who was unknown, and whose first batches failed, begins again at the first of them", () => {
  const world = new World();
  for (const sequence of [5, 6, 7]) world.send(batch(sequence));
  world.fail();
  expect(world.producers.acknowledged().size).toBe(0);
  expect(world.send(batch(8))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(world.send(batch(6))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(world.send(batch(5))).toBe("at 0");
  expect(world.send(batch(6))).toBe("at 1");
});

test("so does who was unknown and had its first batch refused before it was appended", () => {
  const world = new World();
  world.producers.refused(batch(0));
  expect(world.send(batch(1))).toBe("OUT_OF_ORDER_SEQUENCE_NUMBER");
  expect(world.send(batch(0))).toBe("at 0");
  world.producers.refused(batch(1));
  expect(world.send(batch(1))).toBe("at 1");
});

test("producers have nothing to do with each other", () => {
  const world = new World();
  expect(world.send(batch(0, 1, 1))).toBe("at 0");
  expect(world.send(batch(0, 1, 2))).toBe("at 1");
  world.store(1);
  world.fail();
  expect(world.send(batch(1, 1, 1))).toBe("at 1");
  expect(world.send(batch(0, 1, 2))).toBe("at 2");
  expect([...world.producers.acknowledged().keys()]).toEqual([1]);
});

test("many batches under way are found again, each with its own end", async () => {
  const world = new World();
  for (let id = 0; id < 1000; id++) world.send(batch(0, 1 + (id % 3), id));
  const under = world.fateOf(batch(0, 1, 999));
  const before = [0, 1, 400].map((id) => world.send(batch(0, 1 + (id % 3), id)));
  expect(before).toEqual(["was at 0", "was at 1", "was at 799"]);
  world.producers.commit(offset(800));
  world.fail();
  expect(await under).toBe("DISK_FULL");
  expect(await world.fateOf(batch(0, 1, 399))).toBe("stored");
  expect(await world.fateOf(batch(0, 1, 402))).toBe("not known");
});

test("what was remembered is restored, and forgotten on request", () => {
  const world = new World();
  world.send(batch(0, 2, 1));
  world.send(batch(0, 1, 2));
  world.store();
  const next = new World();
  next.producers.restore(world.producers.acknowledged());
  expect(next.producers.acknowledged()).toEqual(world.producers.acknowledged());
  expect(next.send(batch(0, 2, 1))).toBe("was at 0");
  expect(next.census.count).toBe(2);
  next.producers.clear();
  expect(next.census.count).toBe(0);
  expect(next.producers.count).toBe(0);
});
