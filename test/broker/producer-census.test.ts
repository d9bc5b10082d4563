import { expect, test } from "bun:test";
import { ProducerCensus, type TrackedProducer } from "../../src/broker/producer-census.ts";
import { producerExpirationMs } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";

class World {
  readonly clock = new ManualClock();
  readonly logger = new MemoryLogger();
  readonly census: ProducerCensus;
  readonly forgotten: number[] = [];

  constructor(countMax: number) {
    this.census = new ProducerCensus(this.clock, this.logger, countMax);
  }

  producer(producerId: number): TrackedProducer {
    const forget = (): void => {
      this.forgotten.push(producerId);
    };
    const nothing = { committed: null, current: null, awaited: null };
    return { producerId, ...nothing, inFlight: 0, usedAt: 0, forget };
  }

  /** Uses new producers, one after another. */
  use(...producerIds: number[]): TrackedProducer[] {
    const producers = producerIds.map((id) => this.producer(id));
    for (const producer of producers) this.census.use(producer);
    return producers;
  }
}

test("where there are too many, those go whose last batch is longest ago, and it is said", () => {
  const world = new World(3);
  const [first] = world.use(1, 2, 3);
  world.census.use(first!);
  world.use(4, 5);
  expect(world.forgotten).toEqual([2, 3]);
  expect(world.census.count).toBe(3);
  expect(world.logger.named("idempotent producer forgotten: there are too many")).toHaveLength(2);
});

test("after a day without a batch a producer goes, when another one sends something", () => {
  const world = new World(10);
  world.use(1, 2);
  world.clock.advance(producerExpirationMs - 1);
  world.use(3);
  expect(world.forgotten).toEqual([]);
  world.clock.advance(1);
  world.use(4);
  expect(world.forgotten).toEqual([1, 2]);
  expect(world.logger.events).toEqual([]);
});

test("a batch keeps its producer for another day", () => {
  const world = new World(10);
  const [first] = world.use(1);
  world.clock.advance(producerExpirationMs - 1);
  world.census.use(first!);
  world.clock.advance(producerExpirationMs - 1);
  world.use(2);
  expect(world.forgotten).toEqual([]);
});

test("who has a batch under way stays, and the next one goes", () => {
  const world = new World(3);
  const [first] = world.use(1, 2, 3);
  first!.inFlight = 1;
  world.use(4);
  expect(world.forgotten).toEqual([2]);
});

test("where all have one under way, more are remembered until they have not", () => {
  const world = new World(2);
  const producers = [1, 2, 3].map((id) => world.producer(id));
  for (const producer of producers) {
    producer.inFlight = 1;
    world.census.use(producer);
  }
  expect(world.census.count).toBe(3);
  for (const producer of producers) producer.inFlight = 0;
  world.use(4);
  expect(world.census.count).toBe(2);
});

test("who was dropped is not told, and does not count", () => {
  const world = new World(2);
  const [first] = world.use(1, 2);
  world.census.drop(first!);
  world.use(3);
  expect(world.forgotten).toEqual([]);
  expect(world.census.count).toBe(2);
});
