import { expect, test } from "bun:test";
import type { Random } from "../../src/base/random.ts";
import { Consumer } from "../../src/client/consumer.ts";
import { ConsumerError } from "../../src/client/consumer-error.ts";
import { LogEnvironment } from "../../src/log/environment.ts";
import type { Durability } from "../../src/log/log.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { acked, directory, smallConfig, unwrap } from "../support/log-world.ts";
import { readItems, storyOf } from "../support/reading.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";

/**
 * A broker and a consumer on one disk, both of which die and come again at random. What is
 * promised: every record that is in the log in the end was delivered, whatever happened.
 */
class Machine {
  readonly #clock = new ManualClock();
  /** The broker's own: it stops with the broker that dies. */
  #brokerClock = new ManualClock();
  #disk = new MemoryDisk();
  #log: SegmentLog | null = null;
  #consumer: Consumer | null = null;
  #appended = 0;
  readonly #seen = new Set<string | null>();

  constructor(
    private readonly random: Random,
    private readonly durability: Durability,
  ) {}

  async step(): Promise<void> {
    const chance = this.random.below(100);
    this.#clock.advance(1);
    this.#brokerClock.advance(1);
    if (chance < 45) await this.#append();
    else if (chance < 85) await this.#poll();
    else if (chance < 88) await this.#stopBroker();
    else if (chance < 91) this.#log = null;
    else if (chance < 95) this.#consumer = null;
    else this.#losePower();
  }

  /** The keys in the log that nobody was given. */
  async missing(): Promise<string[]> {
    await this.#stopBroker();
    while (await this.#poll());
    const kept = storyOf(await readItems(this.#disk)).filter((word) => /^k\d+$/.test(word));
    return kept.filter((key) => !this.#seen.has(key));
  }

  async #append(): Promise<void> {
    this.#log ??= await this.#start();
    const count = 1 + this.random.below(3);
    const valueBytes = this.random.below(4) === 0 ? 9000 : 20;
    const timestamp = this.#clock.now();
    await acked(this.#log, { first: this.#appended, count, valueBytes, timestamp });
    this.#appended += count;
    if (this.random.below(3) > 0) await this.#log.publish();
  }

  async #start(): Promise<SegmentLog> {
    this.#brokerClock = new ManualClock(this.#clock.now());
    const parts = { disk: this.#disk, clock: this.#brokerClock, logger: new MemoryLogger() };
    await this.#disk.makeDirectory(directory);
    const config = { ...smallConfig, durability: this.durability };
    return unwrap(await openSegmentLog(new LogEnvironment(parts), directory, config));
  }

  /** Whether there was something, be it damage. */
  async #poll(): Promise<boolean> {
    this.#consumer ??= await this.#open();
    let hasFound = true;
    try {
      const messages = await this.#consumer.poll("orders", 1 + this.random.below(20));
      for (const message of messages) this.#seen.add(message.keyText);
      hasFound = messages.length > 0;
    } catch (error) {
      if (!(error instanceof ConsumerError) || error.code !== "RECORDS_DAMAGED") throw error;
      await this.#consumer.skipDamage("orders");
    }
    if (this.random.below(2) === 0) await this.#consumer.commit();
    return hasFound;
  }

  #open(): Promise<Consumer> {
    const isLive = (): boolean => this.#log !== null;
    const lock = () => Promise.resolve({ release: () => {} });
    const world = { disk: this.#disk, clock: this.#clock, isLive, lock };
    return Consumer.open({ data: "data", topics: ["orders"] }, world);
  }

  async #stopBroker(): Promise<void> {
    await this.#log?.close();
    this.#log = null;
  }

  #losePower(): void {
    this.#disk = this.#disk.crash({ random: this.random });
    this.#log = null;
    this.#consumer = null;
  }
}

const policies: [name: string, durability: Durability][] = [
  ["always", { fsync: "always" }],
  ["never", { fsync: "never" }],
];

test.each(policies)("whatever dies, no record is passed over: fsync %s", async (_, durability) => {
  const random = randomForTest();
  for (let round = 0; round < rounds(25, 150); round++) {
    const machine = new Machine(random, durability);
    for (let steps = 0; steps < 60; steps++) await machine.step();
    expect(await machine.missing()).toEqual([]);
  }
});
