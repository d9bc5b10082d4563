/**
 * Those who change topics. One creates, grows, configures, fills and deletes a topic that is its
 * own, one step after the other, and remembers what must be so; another deletes records.
 */
import type { ProducerHistory } from "../e2e/support/history.ts";
import type { KafkaClient } from "../e2e/support/kafka-client.ts";
import { named } from "../support/kafka-world.ts";
import { type ClientWorld, connect, newBatch, pause } from "./clients.ts";
import { recordsOf } from "./reading.ts";

/** Deletes records of a topic, up to somewhere, now and then. */
export async function trim(world: ClientWorld, topic: string): Promise<void> {
  const { random, ledger } = world;
  while (!world.isEnding) {
    const client = await connect(world);
    if (client === null) continue;
    for (let left = 5; left > 0 && !client.isGone && !world.isEnding; left--) {
      await world.scheduler.wait(random.next() * 40);
      const place = { topic, index: random.below(world.topics.get(topic)!) };
      const before = ledger.marks(place);
      const offset = before.start + random.below(before.high - before.start + 1);
      const partitions = [{ partitionIndex: place.index, offset }];
      const request = { topics: [{ name: topic, partitions }], timeoutMs: 1000 };
      const answer = await client.ask("DeleteRecords", random.below(3), request);
      const found = answer?.topics[0]?.partitions[0];
      if (found === undefined || found.errorCode !== 0) continue;
      const start = Number(found.lowWatermark);
      world.scheduler.note(`${topic}/${place.index} starts at ${start}`);
      if (start < offset)
        ledger.note(`start: ${start} after records before ${offset} were deleted`);
      ledger.told(place, { start, high: ledger.marks(place).high }, before, "DeleteRecords");
    }
    client[Symbol.dispose]();
  }
}

type State = "absent" | "present" | "unknown";

/** See the head of this file. */
export class Changer {
  #state: State = "absent";
  #id = "";
  readonly #ids = new Set<string>();
  #partitions = 0;
  /**
   * A creation that was refused, and its undoing perhaps, too: then the next start completes it. Or
   * one that was never answered, and may go on when its client is gone.
   */
  #mayAppear = false;
  /** What may be configured: one value, and those whose change was never answered. */
  #configured = new Set<string>();
  /** The first record that was sent to the topic as it is now. */
  #firstNumber = 0;
  /** Acknowledged since then, in partition 0. */
  readonly #acked = new Set<number>();
  readonly ended: Promise<void>;

  constructor(
    private readonly world: ClientWorld,
    private readonly producer: ProducerHistory,
    private readonly topic: string,
  ) {
    this.ended = this.#live();
  }

  async #live(): Promise<void> {
    const { world } = this;
    while (!world.isEnding) {
      const client = await connect(world);
      if (client === null) continue;
      this.producer.connections += 1;
      await this.look(client);
      while (!client.isGone && !world.isEnding) {
        await this.#change(client);
        await this.look(client);
        await pause(world);
      }
      client[Symbol.dispose]();
    }
  }

  /** Whether all is as it must be. */
  async look(client: KafkaClient): Promise<void> {
    const topics = [{ name: this.topic }];
    const request = { topics, allowAutoTopicCreation: false };
    const found = (await client.ask("Metadata", 12, request))?.topics[0];
    if (found === undefined) return;
    const code = named(found.errorCode);
    if (code === "UNKNOWN_TOPIC_OR_PARTITION") {
      if (this.#state === "present") this.#fault("a topic that was created is gone");
      this.#state = "absent";
      return;
    }
    if (code !== "NONE") return this.#fault(`Metadata says ${code}`);
    if (this.#state === "absent" && this.#mayAppear) this.#state = "unknown";
    if (this.#state === "absent") this.#fault("a topic that was deleted is back");
    if (this.#state === "present" && found.topicId !== this.#id) this.#fault("another id");
    if (found.partitions.length < this.#partitions && this.#state === "present") {
      this.#fault(`${found.partitions.length} partitions, not ${this.#partitions}`);
    }
    if (this.#state === "unknown" && found.topicId !== this.#id) this.#begin(found.topicId);
    this.#partitions = found.partitions.length;
    this.#state = "present";
    await this.#lookInto(client);
  }

  async #lookInto(client: KafkaClient): Promise<void> {
    const configurationKeys = ["retention.ms"];
    const resources = [{ resourceType: 2, resourceName: this.topic, configurationKeys }];
    const described = await client.ask("DescribeConfigs", 4, { resources });
    const value = described?.results[0]?.configs[0]?.value;
    if (value === undefined || value === null) return;
    if (!this.#configured.has(value)) {
      this.#fault(`retention.ms is ${value}, not ${[...this.#configured].join(" or ")}`);
    }
    this.#configured = new Set([value]);
    const found = await this.#read(client);
    if (found === null) return;
    for (const number of this.#acked) if (!found.has(number)) this.#fault(`lost ${number}`);
  }

  /** The numbers of all records of partition 0; `null` if they can't be read now. */
  async #read(client: KafkaClient): Promise<ReadonlySet<number> | null> {
    const found = new Set<number>();
    for (let next = 0, high = 1; next < high;) {
      const partitions = [{ partition: 0, fetchOffset: next, partitionMaxBytes: 1_000_000 }];
      const topics = [{ topic: this.topic, partitions }];
      const request = { maxWaitMs: 0, minBytes: 0, maxBytes: 1_000_000, topics };
      const fetched = (await client.ask("Fetch", 12, request))?.responses[0]?.partitions[0];
      if (fetched === undefined || fetched.errorCode !== 0) return null;
      high = Number(fetched.highWatermark);
      const records = recordsOf(fetched.records ?? []);
      if (records.length === 0) return found;
      for (const record of records) {
        if (record.offset < next) continue;
        const text = new TextDecoder().decode(record.value ?? new Uint8Array(0));
        const number = Number(/^p\d+-(\d+) /.exec(text)?.[1] ?? -1);
        if (record.offset !== next) this.#fault(`offset ${record.offset} where ${next} is due`);
        if (number < this.#firstNumber) this.#fault(`holds ${number}, of the topic before it`);
        if (found.has(number)) this.#fault(`holds ${number} twice`);
        found.add(number);
        next = record.offset + 1;
      }
    }
    return found;
  }

  async #change(client: KafkaClient): Promise<void> {
    if (this.#state === "absent") return await this.#create(client);
    if (this.#state === "unknown") return;
    switch (this.world.random.below(7)) {
      case 0:
        return await this.#delete(client);
      case 1:
        return await this.#configure(client);
      case 2:
        return await this.#grow(client);
      default:
        return await this.#produce(client);
    }
  }

  async #create(client: KafkaClient): Promise<void> {
    const value = this.#someRetention();
    const configs = [{ name: "retention.ms", value }];
    const topic = { name: this.topic, numPartitions: 1, replicationFactor: 1, configs };
    this.#state = "unknown";
    if (this.#mayAppear) this.#configured.add(value);
    else this.#configured = new Set([value]);
    const created = (await client.ask("CreateTopics", 7, { topics: [topic] }))?.topics[0];
    if (created === undefined) {
      this.#mayAppear = true;
      return;
    }
    const code = named(created.errorCode);
    this.world.scheduler.note(`${this.topic} created: ${code}`);
    const isThere = code === "TOPIC_ALREADY_EXISTS";
    if (isThere && !this.#mayAppear) this.#fault("it exists before it was created");
    this.#mayAppear ||= this.world.isRefusing && code !== "NONE";
    if (code !== "NONE") return;
    this.#begin(created.topicId);
    this.#partitions = 1;
    this.#state = "present";
  }

  /** Longer than the records of a story are old, so that it takes none of them. */
  #someRetention(): string {
    return String(300_000_000_000 + this.world.random.below(1_000_000));
  }

  #begin(id: string): void {
    if (this.#ids.has(id)) this.#fault("the id of a topic before it");
    this.#ids.add(id);
    this.#id = id;
    this.#mayAppear = false;
    this.#partitions = 0;
    this.#firstNumber = this.producer.entries.length;
    this.#acked.clear();
  }

  async #delete(client: KafkaClient): Promise<void> {
    this.#state = "unknown";
    const request = { topics: [{ name: this.topic }], timeoutMs: 1000 };
    const deleted = (await client.ask("DeleteTopics", 6, request))?.responses[0];
    if (deleted === undefined) return;
    this.world.scheduler.note(`${this.topic} deleted: ${named(deleted.errorCode)}`);
    if (deleted.errorCode === 0) this.#state = "absent";
  }

  async #configure(client: KafkaClient): Promise<void> {
    const value = this.#someRetention();
    this.#configured.add(value);
    const configs = [{ name: "retention.ms", configOperation: 0, value }];
    const resources = [{ resourceType: 2, resourceName: this.topic, configs }];
    const answer = (await client.ask("IncrementalAlterConfigs", 1, { resources }))?.responses[0];
    if (answer?.errorCode === 0) this.#configured = new Set([value]);
  }

  async #grow(client: KafkaClient): Promise<void> {
    const count = this.#partitions + 1;
    const topics = [{ name: this.topic, count, assignments: null }];
    const answer = (await client.ask("CreatePartitions", 3, { topics }))?.results[0];
    if (answer?.errorCode === 0) this.#partitions = count;
  }

  async #produce(client: KafkaClient): Promise<void> {
    const { numbers, bytes } = newBatch(this.world, this.producer, { topic: this.topic, index: 0 });
    const partitionData = [{ index: 0, records: bytes }];
    const request = { acks: 1, timeoutMs: 100, topicData: [{ name: this.topic, partitionData }] };
    const answer = await client.ask("Produce", 9, request);
    const found = answer?.responses[0]?.partitionResponses[0];
    if (found?.errorCode === 0) for (const number of numbers) this.#acked.add(number);
  }

  #fault(what: string): void {
    this.world.scheduler.note(`FAULT ${what}`);
    this.world.ledger.note(`topic ${this.topic}: ${what}`);
  }
}
