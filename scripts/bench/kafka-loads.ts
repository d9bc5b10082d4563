/** The loads that anything can be given that speaks Kafka's protocol. */
import { Admin } from "../../src/client/kafka/admin.ts";
import { batchOfOne, KafkaLink } from "./kafka-link.ts";
import type { ConsumeLoad, Figures, PacedLoad, ProduceLoad, TurnLoad } from "./peer.ts";
import type { Rdkafka } from "./rdkafka.ts";
import { quantile } from "./statistics.ts";

/** Turns that are made and not counted, while code grows warm. */
const warmTurns = 500;

/** See the head of this file. Each load has a topic of its own. */
export class KafkaLoads {
  #topics = 0;
  #filled = "";

  constructor(
    readonly address: string,
    private readonly rdkafka: Rdkafka,
  ) {}

  async produce(load: ProduceLoad): Promise<Figures> {
    const topic = await this.topic(load.partitions);
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

  async drain({ records, recordBytes }: ConsumeLoad): Promise<Figures> {
    using link = await KafkaLink.open(this.address);
    let [at, bytes] = [0, 0];
    const begun = performance.now();
    while (at < records) {
      const fetched = await link.fetch(this.#filled, at);
      at = fetched.nextOffset;
      bytes += fetched.bytes;
    }
    const seconds = (performance.now() - begun) / 1000;
    void recordBytes;
    return { "MB/s": bytes / 1e6 / seconds, "records/s": at / seconds };
  }

  async acknowledge({ records, recordBytes }: TurnLoad): Promise<Figures> {
    const topic = await this.topic(1);
    using link = await KafkaLink.open(this.address);
    const batch = batchOfOne(recordBytes);
    return await turns(records, async () => {
      await link.produce(topic, batch);
      return performance.now();
    });
  }

  async pass({ records, recordBytes }: TurnLoad): Promise<Figures> {
    const topic = await this.topic(1);
    using sender = await KafkaLink.open(this.address);
    using reader = await KafkaLink.open(this.address);
    const batch = batchOfOne(recordBytes);
    let next = 0;
    const arrival = async (): Promise<number> => {
      for (const wanted = next + 1; next < wanted;) {
        next = (await reader.fetch(topic, next)).nextOffset;
      }
      return performance.now();
    };
    return await turns(records, async () => {
      const arrived = arrival();
      await sender.produce(topic, batch);
      return await arrived;
    });
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

  /** A new topic; its name. */
  async topic(partitions: number): Promise<string> {
    const name = `bench-${++this.#topics}`;
    await this.create([name], partitions);
    return name;
  }

  async create(names: readonly string[], partitionCount: number): Promise<void> {
    const admin = await Admin.open({ brokers: [this.address] });
    const topics = names.map((name) => ({ name, partitionCount, replicationFactor: 1 }));
    for (const { error } of await admin.createTopics(topics)) if (error !== null) throw error;
    await admin.close();
  }
}

/** Times turns; each answers when it was over. */
export async function turns(count: number, turn: () => Promise<number>): Promise<Figures> {
  const times: number[] = [];
  for (let at = 0; at < warmTurns; at++) await turn();
  const first = performance.now();
  for (let at = 0; at < count; at++) {
    const begun = performance.now();
    times.push(((await turn()) - begun) * 1000);
  }
  const seconds = (performance.now() - first) / 1000;
  return { ...latencies(times), "records/s": count / seconds };
}

/** p50, p99 and, of enough samples to mean something, p99.9. */
export function latencies(times: readonly number[]): Figures {
  return {
    "p50 µs": quantile(times, 0.5),
    "p99 µs": quantile(times, 0.99),
    "p99.9 µs": times.length < 100_000 ? NaN : quantile(times, 0.999),
  };
}
