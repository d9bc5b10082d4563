import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { startBroker, type StartedBroker } from "./support/broker-process.ts";
import { serveOptions } from "./support/chance.ts";
import { Checker } from "./support/checker.ts";
import { readDirectory, scanDirectory } from "./support/directory-reader.ts";
import { History } from "./support/history.ts";
import { IdempotentProducer } from "./support/idempotent-producer.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { LossyProxy } from "./support/lossy-proxy.ts";
import { makeImage, mountFault } from "./support/mounts.ts";
import { report } from "./support/numbers.ts";
import { cutPower } from "./support/power.ts";
import { untilWithin, within } from "./support/within.ts";

leaveNothing();

const producerCount = 8;
const topics = ["orders", "clicks"];
const partitionCount = 4;
const places = topics.flatMap((topic) => {
  return Array.from({ length: partitionCount }, (_, index) => ({ topic, index }));
});
const msMax = 240_000;

/** Idempotent producers behind a bad network, and a broker that goes down now and then. */
class Story implements AsyncDisposable {
  readonly history = new History(producerCount);
  readonly producers: readonly IdempotentProducer[];
  readonly #proxy: LossyProxy;
  #broker: StartedBroker | null = null;
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly data: string,
    private readonly batches: number,
    private readonly random: Random,
  ) {
    this.#proxy = new LossyProxy(random);
    this.producers = this.history.producers.map((producer) => {
      return new IdempotentProducer(producer, places, batches / producerCount, random);
    });
  }

  get broker(): StartedBroker {
    if (this.#broker === null) throw new Error("no broker was started");
    return this.#broker;
  }

  async start(): Promise<void> {
    this.#broker = await startBroker(this.data, serveOptions(this.random));
    this.#proxy.target = this.#broker.kafkaPort;
  }

  /** Has all batches acknowledged, while the broker goes down so many times. */
  async run(downs: number, goDown: (story: Story) => Promise<void>): Promise<void> {
    await this.start();
    using client = await KafkaClient.connect(this.broker.kafkaPort);
    const wanted = topics.map((name) => {
      return { name, numPartitions: partitionCount, replicationFactor: 1 };
    });
    const created = await client.ask("CreateTopics", 5, { topics: wanted });
    expect(created?.topics.map(({ errorCode }) => errorCode)).toEqual([0, 0]);
    const from = performance.now();
    this.#running = Promise.all(this.producers.map((each) => each.run(this.#proxy.port)));
    for (let down = 0; down < downs; down++) {
      const least = (this.batches * (down + this.random.next())) / downs;
      const acknowledged = (): number => this.#sum((each) => each.acknowledged.length);
      const isDue = (): boolean => acknowledged() >= least || this.violations.length > 0;
      await untilWithin(msMax, `${least} batches`, isDue);
      expect(this.violations).toEqual([]);
      // Whatever is answered now comes too late for the producers.
      this.#proxy.target = null;
      this.#proxy.sever();
      await goDown(this);
      await this.start();
    }
    await within(msMax, "all batches", this.#running);
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    expect(await this.broker.process.end("SIGTERM")).toBe(0);
    expect(this.violations).toEqual([]);
    report("idempotent batches", `${this.batches} in ${seconds} s, ${this.retried} sent again`);
    const accidents = [...this.#proxy.happened].map(([what, times]) => `${times} ${what}`);
    const connections = this.#sum((each) => each.connections);
    report("accidents", `${accidents.join(", ")}, ${connections} connections`);
  }

  get violations(): string[] {
    return this.producers.flatMap(({ violations }) => violations);
  }

  get retried(): number {
    return this.#sum(({ retried }) => retried);
  }

  /** What is wrong with the log, once nobody writes it. */
  async findings(): Promise<string[]> {
    const { history, producers, data } = this;
    const checker = new Checker(history, false);
    await readDirectory(data, checker);
    await scanDirectory(data, checker);
    const misplaced = producers.flatMap(({ acknowledged }, index) => {
      const { entries } = history.producers[index]!;
      return acknowledged
        .filter(({ number, offset }) => entries[number]?.seen?.offset !== offset)
        .map(({ number, offset }) => `p${index}-${number} was said to be at ${offset}`);
    });
    const unanswered = history.size - history.count("acknowledged");
    const open = unanswered === 0 ? [] : [`${unanswered} were never acknowledged`];
    return [...checker.findings(), ...misplaced, ...open];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const producer of this.producers) producer.stop();
    await this.#running;
    this.#proxy[Symbol.dispose]();
    await this.#broker?.process.end("SIGKILL");
  }

  #sum(of: (producer: IdempotentProducer) => number): number {
    return this.producers.reduce((total, producer) => total + of(producer), 0);
  }
}

const batches = rounds(10_000, 100_000);
const kills = rounds(2, 8);

test(
  `${batches} batches over a bad network and ${kills} kill -9: each is there once, in order`,
  async () => {
    using directory = temporaryDirectory();
    await using story = new Story(join(directory.path, "data"), batches, randomForTest());
    await story.run(kills, async ({ broker }) => {
      await broker.process.end("SIGKILL");
    });
    expect(await story.findings()).toEqual([]);
    expect(story.retried).toBeGreaterThan(0);
  },
  2 * msMax,
);

const batchesOverCuts = rounds(4_000, 20_000);
const cuts = rounds(2, 10);
const fault = await mountFault("ext4");

skipUnless(fault === null, fault ?? "")(
  `${batchesOverCuts} batches over a bad network and ${cuts} power cuts: each is there once`,
  async () => {
    await using filesystem = makeImage("ext4", 256);
    await filesystem.mount();
    const data = join(filesystem.path, "data");
    await using story = new Story(data, batchesOverCuts, randomForTest());
    await story.run(cuts, async ({ broker }) => {
      cutPower(filesystem.path);
      await broker.process.end("SIGKILL");
      await filesystem.unmount();
      await filesystem.mount();
    });
    expect(await story.findings()).toEqual([]);
    expect(story.retried).toBeGreaterThan(0);
  },
  2 * msMax,
);
