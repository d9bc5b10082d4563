/**
 * A broker and all that it stands on: disk and metadata in memory, manual clock, real logs. It can
 * be closed and started again, and its machine can stop at any step and be started again.
 */
import { seededRandom } from "../../src/base/random.ts";
import { LoopShare } from "../../src/base/loop-share.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { type BrokerSettings, createBroker } from "../../src/broker/create-broker.ts";
import { topicConfigDefault } from "../../src/broker/topic-config.ts";
import type { ForgetTopic, OpenLog } from "../../src/broker/topic-life.ts";
import { diskReserveBytesDefault } from "../../src/limits.ts";
import { LogEnvironment } from "../../src/log/environment.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import { ManualClock } from "../fake/clock.ts";
import { type Crash, MemoryDisk } from "../fake/disk.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { MemoryMetadata } from "../fake/metadata.ts";
import { batchOf } from "./batches.ts";
import { readAll, unwrap } from "./log-world.ts";

export class BrokerWorld {
  readonly clock = new ManualClock();
  readonly logger = new MemoryLogger();
  /** Never spent, as this clock stands still while anybody works. */
  readonly share = new LoopShare(this.clock, 1);
  /** New ids for every start, the same in every run. */
  #seed = 1;
  settings: BrokerSettings = {
    autoCreateTopics: true,
    partitionCount: 1,
    topicDefaults: topicConfigDefault,
    lingerMs: 0,
    partitionsMax: 1000,
    facts: {},
    diskReserveBytes: diskReserveBytesDefault,
  };

  constructor(
    readonly disk = new MemoryDisk(),
    readonly metadata = new MemoryMetadata(),
  ) {}

  /** Opens a log; tests put something in its place. */
  openLog: OpenLog = async (directory, config) =>
    await openSegmentLog(this.environment, directory, config);

  /** Is told of deleted topics; tests put something in its place. */
  forgetTopic: ForgetTopic = () => Promise.resolve(null);

  /** Of the broker that was started last. */
  environment = this.#newEnvironment();

  async tryStart(): Promise<Broker | Refusal> {
    this.environment = this.#newEnvironment();
    const { disk, metadata, clock, logger } = this;
    const openLog: OpenLog = (directory, config) => this.openLog(directory, config);
    const random = seededRandom(this.#seed++);
    const forgetTopic: ForgetTopic = (name) => this.forgetTopic(name);
    const { share } = this;
    const parts = { disk, metadata, clock, random, logger, share, openLog, forgetTopic };
    return await createBroker(parts, this.settings);
  }

  async start(): Promise<Broker> {
    return unwrap(await this.tryStart());
  }

  /** What the next start finds after this one was closed. */
  next(): BrokerWorld {
    return this.#follow(this.disk.clone());
  }

  /** What the next start finds after this one's machine went down. */
  crash(how: Crash): BrokerWorld {
    return this.#follow(this.disk.crash(how));
  }

  /** The directories and files in `topics`. */
  async listing(): Promise<string[]> {
    const entries = await this.disk.list("topics");
    return entries.map(({ name }) => name);
  }

  /** `name state` of each row, sorted. */
  get rows(): string[] {
    return [...this.metadata.rows.values()].map(({ name, state }) => `${name} ${state}`).sort();
  }

  /** The events of level `warn` and above, each once. */
  get complaints(): string[] {
    const loud = this.logger.events.filter(({ level }) => level === "warn" || level === "error");
    return [...new Set(loud.map(({ event }) => event))];
  }

  #newEnvironment(): LogEnvironment {
    const { disk, clock, logger } = this;
    return new LogEnvironment({ disk, clock, logger, cacheBytes: 1024 * 1024 });
  }

  #follow(disk: MemoryDisk): BrokerWorld {
    const world = new BrokerWorld(disk, this.metadata.reopened());
    world.settings = this.settings;
    world.#seed = this.#seed;
    return world;
  }
}

/** Appends one record, number `number`, and gives its fate. */
export async function append(
  broker: Broker,
  topic: string,
  number: number,
  partition = 0,
): Promise<Refusal | null> {
  const appended = broker.topic(topic)?.partitions[partition]?.append(batchOf({ first: number }));
  if (appended === undefined) throw new Error(`there is no ${topic}/${partition}`);
  return appended instanceof Refusal ? appended : await appended.committed;
}

/** The numbers of all records of one partition. */
export async function numbersOf(broker: Broker, topic: string, partition = 0): Promise<number[]> {
  const log = broker.topic(topic)?.partitions[partition]?.log;
  if (log === undefined) throw new Error(`there is no ${topic}/${partition}`);
  return (await readAll(log)).map(({ number }) => number);
}
