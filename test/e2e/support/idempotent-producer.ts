/**
 * A producer as Kafka's idempotent ones are: five requests in flight, a number for each record, and
 * whatever was not answered comes again, with the same numbers in the same order, over the next
 * connection. Whoever keeps to this may count on each batch being stored exactly once (KIP-98).
 *
 * Owns its lanes, one a partition: the batches that are not acknowledged, in order. Invariant: the
 * first `inFlight` of a lane are under way, the others wait.
 */
import type { Random } from "../../../src/base/random.ts";
import { named, type Response } from "../../support/kafka-world.ts";
import { batchOfNumbers, someCompression } from "./kafka-batches.ts";
import type { ProducerHistory } from "./history.ts";
import { KafkaClient } from "./kafka-client.ts";

/** `max.in.flight.requests.per.connection`: more than the broker remembers would not be safe. */
const requestsInFlight = 5;
const recordsPerBatchMax = 3;
const valueBytesMax = 120;
/** The sequence after the last one is 0 again. */
const sequences = 2 ** 31;

/** A partition of a topic. */
export interface Place {
  readonly topic: string;
  readonly index: number;
}

/** A batch that was acknowledged: where the broker says that its first record is. */
export interface Acknowledged {
  readonly number: number;
  readonly offset: number;
}

interface Batch {
  readonly numbers: readonly number[];
  readonly bytes: Uint8Array;
  isRetried: boolean;
}

interface Lane {
  readonly place: Place;
  readonly unacknowledged: Batch[];
  inFlight: number;
  nextSequence: number;
}

/** See the head of this file. */
export class IdempotentProducer {
  readonly acknowledged: Acknowledged[] = [];
  readonly violations: string[] = [];
  connections = 0;
  /** Batches that were sent more than once. */
  retried = 0;
  #made = 0;
  #client: KafkaClient | null = null;
  #isStopped = false;
  #identity: Pick<Response<"InitProducerId">, "producerId" | "producerEpoch"> | null = null;
  readonly #lanes: readonly Lane[];

  constructor(
    private readonly history: ProducerHistory,
    places: readonly Place[],
    private readonly batches: number,
    private readonly random: Random,
  ) {
    this.#lanes = places.map((place) => ({
      place,
      unacknowledged: [],
      inFlight: 0,
      // Anything may be the first; some soon come to the last one.
      nextSequence: random.below(2) === 0 ? 0 : sequences - 1 - random.below(500),
    }));
  }

  /** Connects, and connects again, until all its batches are acknowledged, or one is refused. */
  async run(port: number): Promise<void> {
    while (this.acknowledged.length < this.batches && this.violations.length === 0) {
      using client = await connectUnlessReset(port);
      if (this.#isStopped) return;
      if (client === null) continue;
      this.#client = client;
      this.connections += 1;
      this.history.connections += 1;
      await this.#use(client);
    }
  }

  /** Gives up whatever is left. */
  stop(): void {
    this.#isStopped = true;
    this.#client?.[Symbol.dispose]();
  }

  /** Until the connection is gone, or nothing is left to do. */
  async #use(client: KafkaClient): Promise<void> {
    if (this.#identity === null) {
      const answer = await client.ask("InitProducerId", 4, { transactionalId: null });
      if (answer === null) return;
      this.#identity = answer;
    }
    for (const lane of this.#lanes) {
      lane.inFlight = 0;
      for (const batch of lane.unacknowledged) {
        if (!batch.isRetried) this.retried += 1;
        batch.isRetried = true;
      }
    }
    this.#fill(client);
    await client.closed;
  }

  #fill(client: KafkaClient): void {
    while (client.inFlight < requestsInFlight && this.#produce(client));
    if (client.inFlight === 0) client[Symbol.dispose]();
  }

  /** Sends one batch to some partitions; `false`: there is none. */
  #produce(client: KafkaClient): boolean {
    const lanes = this.#lanes.filter(() => this.random.below(3) > 0);
    const ready = lanes.filter((lane) => this.#hasNext(lane));
    const chosen = ready.length > 0 ? ready : this.#lanes.filter((lane) => this.#hasNext(lane));
    if (chosen.length === 0) return false;
    const topicData = chosen.map((lane) => {
      const batch = lane.unacknowledged[lane.inFlight]!;
      lane.inFlight += 1;
      const { topic: name, index } = lane.place;
      return { name, partitionData: [{ index, records: batch.bytes }] };
    });
    const request = { acks: -1, timeoutMs: 30_000, topicData };
    const version = 8 + this.random.below(5);
    void client.ask("Produce", version, request).then((response) => {
      if (response === null) return;
      response.responses.forEach((topic, at) => this.#answered(chosen[at], topic));
      if (this.violations.length === 0) this.#fill(client);
      else client[Symbol.dispose]();
    });
    return true;
  }

  /** Whether the lane has a batch to send; makes one if any are left to be made. */
  #hasNext(lane: Lane): boolean {
    if (lane.inFlight === requestsInFlight) return false;
    if (lane.inFlight < lane.unacknowledged.length) return true;
    if (this.#made === this.batches || this.#identity === null) return false;
    this.#made += 1;
    const { topic, index } = lane.place;
    const numbers = Array.from({ length: 1 + this.random.below(recordsPerBatchMax) }, () =>
      this.history.send(topic, false, this.random.below(valueBytesMax), index),
    );
    const { producerId, producerEpoch } = this.#identity;
    const baseSequence = lane.nextSequence;
    lane.nextSequence = (baseSequence + numbers.length) % sequences;
    const compression = someCompression(this.random);
    const options = { producerId, producerEpoch, baseSequence, compression };
    const bytes = batchOfNumbers(this.history, numbers, options);
    lane.unacknowledged.push({ numbers, bytes, isRetried: false });
    return true;
  }

  #answered(
    lane: Lane | undefined,
    { name, partitionResponses: [answer] }: Response<"Produce">["responses"][number],
  ): void {
    const isMeant = name === lane?.place.topic && answer?.index === lane.place.index;
    const batch = isMeant ? lane.unacknowledged.shift() : undefined;
    if (lane === undefined || batch === undefined || answer?.errorCode !== 0) {
      const code = named(answer?.errorCode ?? -1);
      this.violations.push(`${this.history.nameOf(batch?.numbers[0] ?? -1)} at ${name}: ${code}`);
      return;
    }
    lane.inFlight -= 1;
    for (const number of batch.numbers) this.history.answered(number, "acknowledged");
    const number = batch.numbers[0]!;
    this.acknowledged.push({ number, offset: Number(answer.baseOffset) });
  }
}

/** A connection; `null` if it was reset before it was open, as a bad network may do. */
async function connectUnlessReset(port: number): Promise<KafkaClient | null> {
  try {
    return await KafkaClient.connect(port);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null;
  }
}
