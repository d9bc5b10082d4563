/**
 * A producer of a load that speaks Kafka's protocol: several records a batch, several batches a
 * request, in any version and compression, many requests in flight. Its keys lead where Kafka's
 * clients would lead them; without a key it chooses the partition itself.
 *
 * Owns the count of records in flight. With `acks` 0 there is no answer: a request that has one is
 * sent behind them from time to time, so that the window moves.
 */
import { partitionForKey } from "../../../src/base/murmur2.ts";
import type { Random } from "../../../src/base/random.ts";
import type { ProducerHistory } from "./history.ts";
import type { Request, Response } from "../../support/kafka-world.ts";
import { named } from "../../support/kafka-world.ts";
import { batchOfNumbers, someCompression } from "./kafka-batches.ts";
import { KafkaClient } from "./kafka-client.ts";
import { type LoadProducer, type LoadShape, unsentBytesMax, type Way } from "./load-shape.ts";

/** What Kafka's clients say of a topic that they write to. */
interface Target {
  readonly name: string;
  readonly hasKeys: boolean;
  readonly topicId: string;
  readonly partitionCount: number;
}

/** The records of one batch. */
interface Batch {
  readonly target: Target;
  readonly index: number;
  readonly numbers: number[];
}

type TopicData = Request<"Produce">["topicData"][number];
type PartitionResponse = Response<"Produce">["responses"][number]["partitionResponses"][number];

const acksOf = { "acks=all": -1, "acks=1": 1, "acks=0": 0 } as const;
const recordsMax = 16;
/** A request that has more takes no further record: the largest still fits its batch. */
const requestBytesMax = 256 * 1024;
/** From here on topics have ids in Produce. */
const produceVersionMax = 13;
const produceVersionMin = 3;
const zstdVersionMin = 7;

/** See the head of this file. */
export class KafkaLoadProducer implements LoadProducer {
  sent = 0;
  acknowledged = 0;
  refused = 0;
  inFlight = 0;
  readonly #violations: string[] = [];
  #targets: readonly Target[] = [];
  #sending = true;
  #abandoned = false;
  /** Records with `acks` 0 behind which nothing was asked yet. */
  #unmarked = 0;

  private constructor(
    private readonly client: KafkaClient,
    private readonly producer: ProducerHistory,
    private readonly shape: LoadShape,
    private readonly random: Random,
    private readonly acks: 0 | 1 | -1,
  ) {}

  /** Connects, has the topics created, and begins to send. */
  static async connect(
    port: number,
    producer: ProducerHistory,
    shape: LoadShape,
    random: Random,
    way: Exclude<Way, "native">,
  ): Promise<KafkaLoadProducer> {
    const client = await KafkaClient.connect(port);
    producer.connections += 1;
    const load = new KafkaLoadProducer(client, producer, shape, random, acksOf[way]);
    const found = await client.ask("Metadata", 12, { topics: shape.topics });
    load.#targets = shape.topics.map(({ name, hasKeys }) => {
      const topic = found?.topics.find((each) => each.name === name);
      if (topic?.errorCode !== 0) throw new Error(`no topic ${name}: ${topic?.errorCode}`);
      const { topicId, partitions } = topic;
      return { name, hasKeys, topicId, partitionCount: partitions.length };
    });
    load.#fill();
    return load;
  }

  get closed(): Promise<void> {
    return this.client.closed;
  }

  get violations(): readonly string[] {
    return [...this.client.violations, ...this.#violations];
  }

  pause(): void {
    this.#sending = false;
    this.#mark();
  }

  resume(): void {
    this.#sending = true;
    this.#fill();
  }

  abandon(): void {
    this.#sending = false;
    this.#abandoned = true;
  }

  close(): void {
    this.pause();
    this.client.end();
  }

  #fill(): void {
    const { windowFrames } = this.shape;
    // Each answer goes on from here: with 1 MiB on its way some answer is due.
    const hasRoom = (): boolean => this.client.unsentBytes < unsentBytesMax;
    while (this.#sending && this.inFlight < windowFrames && hasRoom()) this.#produce();
    if (!hasRoom()) this.#mark();
  }

  #produce(): void {
    const { acks, random } = this;
    const version = produceVersionMin + random.below(produceVersionMax - produceVersionMin + 1);
    const batches = this.#nextBatches();
    const count = batches.reduce((sum, { numbers }) => sum + numbers.length, 0);
    this.sent += count;
    this.inFlight += count;
    const request = { acks, timeoutMs: 30_000, topicData: this.#topicData(batches, version) };
    if (acks === 0) {
      this.client.tell(version, request);
      this.#unmarked += count;
      if (this.#unmarked >= this.shape.windowFrames / 4) this.#mark();
      return;
    }
    void this.client.ask("Produce", version, request).then((response) => {
      if (response === null || this.#abandoned) return;
      this.inFlight -= count;
      this.#answered(batches, response);
      this.#fill();
    });
  }

  /** Asks something behind what was sent with `acks` 0. */
  #mark(): void {
    const count = this.#unmarked;
    if (count === 0) return;
    this.#unmarked = 0;
    void this.client.ask("ApiVersions", 0, {}).then((response) => {
      if (response === null || this.#abandoned) return;
      this.inFlight -= count;
      this.#fill();
    });
  }

  /** Some records, by topic and partition. */
  #nextBatches(): Batch[] {
    const { producer, random, shape } = this;
    const batches = new Map<string, Batch>();
    let bytes = 0;
    for (let left = 1 + random.below(recordsMax); left > 0 && bytes < requestBytesMax; left--) {
      const target = this.#targets[random.below(this.#targets.length)]!;
      const { name, hasKeys, partitionCount } = target;
      const valueBytes = shape.valueBytes(random);
      bytes += valueBytes;
      const chosen = hasKeys ? null : random.below(partitionCount);
      const number = producer.send(name, hasKeys, valueBytes, chosen);
      const index = chosen ?? partitionForKey(producer.message(number).key, partitionCount);
      const lane = `${name}/${index}`;
      const batch = batches.get(lane);
      if (batch === undefined) batches.set(lane, { target, index, numbers: [number] });
      else batch.numbers.push(number);
    }
    return [...batches.values()];
  }

  #topicData(batches: readonly Batch[], version: number): TopicData[] {
    return batches.map(({ target: { name, topicId }, index, numbers }) => {
      const drawn = someCompression(this.random);
      const compression = drawn === "zstd" && version < zstdVersionMin ? "none" : drawn;
      const records = batchOfNumbers(this.producer, numbers, { compression });
      return { name, topicId, partitionData: [{ index, records }] };
    });
  }

  #answered(batches: readonly Batch[], { responses }: Response<"Produce">): void {
    batches.forEach(({ target: { name, topicId }, index, numbers }, at) => {
      const topic = responses[at];
      const isMeant = topic !== undefined && (topic.name === name || topic.topicId === topicId);
      const partition = topic?.partitionResponses[0];
      if (isMeant && partition?.index === index) this.#settle(numbers, partition);
      else this.#violations.push(`the answer for ${name}/${index} is missing`);
    });
  }

  #settle(numbers: readonly number[], { errorCode, errorMessage }: PartitionResponse): void {
    const code = named(errorCode);
    if (code !== "NONE" && code !== "KAFKA_STORAGE_ERROR") {
      const name = this.producer.nameOf(numbers[0]!);
      this.#violations.push(`${name} was answered: ${code} ${errorMessage}`);
      return;
    }
    const fate = code === "NONE" ? "acknowledged" : "refused";
    this[fate] += numbers.length;
    for (const number of numbers) this.producer.answered(number, fate);
  }
}
