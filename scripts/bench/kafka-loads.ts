/** The loads that anything can be given that speaks Kafka's protocol. */
import { Admin } from "../../src/client/kafka/admin.ts";
import { batchOfOne, KafkaLink } from "./kafka-link.ts";
import type { ConsumeLoad, Figures, PacedLoad, PassLoad, ProduceLoad, TurnLoad } from "./peer.ts";
import type { Rdkafka } from "./rdkafka.ts";
import { quantile } from "./statistics.ts";

/**
 * Turns that are made and not counted, while code grows warm: compilers take the CPUs for the first
 * 5,000 or so, ours, Kafka's and the generator's.
 */
const warmTurns = 5000;
/** From this size on, a topic must be told that it may take such records. */
const largeBytes = 900_000;
/** Connections that are made at the same time, and the time for all of them. */
const openedAtOnce = 64;
const openMsMax = 120_000;
/** From a refused connection to the next try. */
const openAgainMs = 20;

/** See the head of this file. Each load has a topic of its own. */
export class KafkaLoads {
  #topics = 0;
  #filled = "";

  constructor(
    readonly address: string,
    private readonly rdkafka: Rdkafka,
  ) {}

  async produce(load: ProduceLoad): Promise<Figures> {
    const topic = await this.topic(load.partitions, load.recordBytes);
    return await this.rdkafka.produce(this.address, topic, load);
  }

  async fill(load: ConsumeLoad): Promise<void> {
    this.#filled = await this.topic(1);
    const shape = { partitions: 1, codec: "none", producers: 1 } as const;
    await this.rdkafka.produce(this.address, this.#filled, { ...load, ...shape });
  }

  async consume(load: ConsumeLoad): Promise<Figures> {
    return await this.rdkafka.consume(this.address, this.#filled, load);
  }

  async drain({ records }: ConsumeLoad): Promise<Figures> {
    const link = await KafkaLink.open(this.address);
    let [at, bytes] = [0, 0];
    const begun = performance.now();
    while (at < records) {
      const fetched = await link.fetch(this.#filled, at);
      at = fetched.nextOffset;
      bytes += fetched.bytes;
    }
    const seconds = (performance.now() - begun) / 1000;
    link.close();
    return { "MB/s": bytes / 1e6 / seconds, "records/s": at / seconds };
  }

  async acknowledge({ records, recordBytes, connections }: TurnLoad): Promise<Figures> {
    const topic = await this.topic(1, recordBytes);
    const batch = batchOfOne(recordBytes);
    const links = await openAll(connections, () => KafkaLink.open(this.address));
    const lanes = links.map((link) => async (): Promise<readonly number[]> => {
      await link.produce(topic, batch);
      return [performance.now()];
    });
    const figures = await turns(records, lanes);
    for (const link of links) link.close();
    return figures;
  }

  async pass({ records, recordBytes, readers }: PassLoad): Promise<Figures> {
    const topic = await this.topic(1, recordBytes);
    const sender = await KafkaLink.open(this.address);
    const waiting = await openAll(readers, () => KafkaLink.open(this.address));
    const batch = batchOfOne(recordBytes);
    let sent = 0;
    const arrival = async (reader: KafkaLink): Promise<number> => {
      // What is to come has the offset that is how many were sent before.
      for (let next = sent - 1; next < sent;) next = (await reader.fetch(topic, next)).nextOffset;
      return performance.now();
    };
    const figures = await turns(records, [
      async () => {
        sent += 1;
        const arrived = waiting.map(arrival);
        await sender.produce(topic, batch);
        return await Promise.all(arrived);
      },
    ]);
    for (const link of [sender, ...waiting]) link.close();
    return figures;
  }

  async pace(load: PacedLoad): Promise<Figures> {
    return await this.rdkafka.pace(this.address, await this.topic(1), load);
  }

  /** Writes to so many topics of one partition each, as fast as they are taken. */
  async spread(topics: number, load: PacedLoad): Promise<Figures> {
    const names = Array.from({ length: topics }, (_, at) => `spread${at}`);
    await this.create(names, 1);
    return await this.rdkafka.pace(this.address, `spread*${topics}`, load);
  }

  /** A new topic for records of such a size; its name. */
  async topic(partitions: number, recordBytes = 0): Promise<string> {
    const name = `bench-${++this.#topics}`;
    const configs =
      recordBytes < largeBytes ? {} : { "max.message.bytes": String(2 * recordBytes) };
    await this.create([name], partitions, configs);
    const link = await KafkaLink.open(this.address);
    await link.untilLed(name);
    link.close();
    return name;
  }

  async create(
    names: readonly string[],
    partitionCount: number,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const admin = await Admin.open({ brokers: [this.address] });
    const topics = names.map((name) => ({ name, partitionCount, replicationFactor: 1, configs }));
    for (const { error } of await admin.createTopics(topics)) if (error !== null) throw error;
    await admin.close();
  }
}

/**
 * Opens so many, a few at the same time: fewer than a listener's queue holds. A server may refuse
 * what comes faster than it wishes, so whatever is refused is tried again.
 */
export async function openAll<T>(count: number, open: () => Promise<T>): Promise<T[]> {
  const opened: T[] = [];
  const deadline = performance.now() + openMsMax;
  let left = count;
  const lane = async (): Promise<void> => {
    while (left-- > 0) opened.push(await persist(open, deadline));
  };
  await Promise.all(Array.from({ length: openedAtOnce }, lane));
  return opened;
}

async function persist<T>(open: () => Promise<T>, deadline: number): Promise<T> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await Bun.sleep(openAgainMs);
    }
  }
}

/**
 * Times turns, `count` in all lanes together. A turn answers when whatever it brought about came;
 * the figures are of these times, from the begin of the turn.
 */
export async function turns(
  count: number,
  lanes: readonly (() => Promise<readonly number[]>)[],
): Promise<Figures> {
  const times: number[] = [];
  const take = async (turnsLeft: number, keep: (ms: number) => void): Promise<void> => {
    let left = turnsLeft;
    const walk = async (turn: () => Promise<readonly number[]>): Promise<void> => {
      while (left-- > 0) {
        const begun = performance.now();
        for (const at of await turn()) keep(at - begun);
      }
    };
    await Promise.all(lanes.map(walk));
  };
  await take(Math.min(warmTurns, 2 * count), () => {});
  const first = performance.now();
  await take(count, (ms) => times.push(ms * 1000));
  const seconds = (performance.now() - first) / 1000;
  return { ...latencies(times), "records/s": times.length / seconds };
}

/** p50, p99 and, of enough samples to mean something, p99.9. */
export function latencies(times: readonly number[]): Figures {
  return {
    "p50 µs": quantile(times, 0.5),
    "p99 µs": quantile(times, 0.99),
    "p99.9 µs": times.length < 100_000 ? NaN : quantile(times, 0.999),
  };
}
