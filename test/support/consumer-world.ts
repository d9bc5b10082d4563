/** A data directory in memory with logs that tests append to, and consumers of it. */
import type { Consumer as ConsumerOf, ConsumerOptions } from "../../src/client/consumer.ts";
import { Consumer } from "../../src/client/consumer.ts";
import type { ConsumerMessage } from "../../src/client/consumer-message.ts";
import type { ConsumerWorld } from "../../src/client/consumer-world.ts";
import { LockHeld } from "../../src/disk/lock.ts";
import { LogEnvironment } from "../../src/log/environment.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { acked, smallConfig, unwrap } from "./log-world.ts";

/** See the head of this file. */
export class ConsumerStory implements ConsumerWorld {
  readonly clock = new ManualClock();
  /** Whether the consumers take a broker to be at work. */
  live = false;
  readonly #locked = new Set<string>();
  readonly #logs: SegmentLog[] = [];

  constructor(public disk: MemoryDisk = new MemoryDisk()) {}

  readonly isLive = (): boolean => this.live;

  readonly lock = (directory: string): Promise<{ release(): void } | LockHeld> => {
    if (this.#locked.has(directory)) return Promise.resolve(new LockHeld(directory, 4711));
    this.#locked.add(directory);
    return Promise.resolve({ release: () => this.#locked.delete(directory) });
  };

  /** Opens the log of a partition as a broker does. */
  async log(topic: string, partition = 0): Promise<SegmentLog> {
    const { disk, clock } = this;
    const directory = `topics/${topic}/${partition}`;
    await disk.makeDirectory(directory);
    const environment = new LogEnvironment({ disk, clock, logger: new MemoryLogger() });
    const log = unwrap(await openSegmentLog(environment, directory, smallConfig));
    this.#logs.push(log);
    return log;
  }

  /** Appends `count` records, one a batch, numbered by their offsets, and closes the log. */
  async fill(topic: string, count: number, partition = 0, valueBytes = 10): Promise<void> {
    const log = await this.log(topic, partition);
    for (let left = count; left > 0; left--) await acked(log, { first: log.endOffset, valueBytes });
    await log.close();
  }

  open(options: Partial<ConsumerOptions> = {}): Promise<ConsumerOf> {
    return Consumer.open({ data: "data", topics: ["orders"], ...options }, this);
  }

  /** The consumers' processes die, and their locks with them; so do all logs, as they are. */
  die(): void {
    this.disk = this.disk.crash({ keep: "all" });
    this.#locked.clear();
  }
}

/** The keys of messages. */
export const keysOf = (messages: readonly ConsumerMessage[]): (string | null)[] =>
  messages.map((message) => message.keyText);

/** Everything that can be polled now. */
export async function pollAll(
  consumer: ConsumerOf,
  topic?: string,
  max?: number,
): Promise<(string | null)[]> {
  const keys: (string | null)[] = [];
  for (;;) {
    const messages = await consumer.poll(topic, max);
    if (messages.length === 0) return keys;
    keys.push(...keysOf(messages));
  }
}
