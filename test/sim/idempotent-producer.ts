/**
 * A producer that numbers its batches, on a bad network and a bad disk: whatever was not
 * acknowledged, for whatever reason, comes again in order. It ends once all is acknowledged.
 *
 * Invariant of each lane: the first `inFlight` batches are under way, the others wait.
 */
import type { ProducerHistory } from "../e2e/support/history.ts";
import type { KafkaClient } from "../e2e/support/kafka-client.ts";
import { named, type Response } from "../support/kafka-world.ts";
import { type ClientWorld, connect, newBatch, pause } from "./clients.ts";
import type { Place } from "./ledger.ts";

/** What a broker remembers of a producer. */
const batchesInFlight = 5;
const sequences = 2 ** 31;

interface Lane {
  readonly place: Place;
  readonly batches: { readonly numbers: readonly number[]; readonly bytes: Uint8Array }[];
  inFlight: number;
  nextSequence: number;
  /** Something of this connection was refused: what is behind it comes again. */
  hasFailed: boolean;
  /** It can't go on: what it numbers is out of order for the broker. */
  isGivenUp: boolean;
}

/** See the head of this file. */
export class IdempotentProducer {
  readonly #lanes: readonly Lane[];
  #identity: Pick<Response<"InitProducerId">, "producerId" | "producerEpoch"> | null = null;
  readonly ended: Promise<void>;

  constructor(
    private readonly world: ClientWorld,
    private readonly producer: ProducerHistory,
    places: readonly Place[],
  ) {
    const { random } = world;
    this.#lanes = places.map((place) => ({
      place,
      batches: [],
      inFlight: 0,
      // Anything may be the first; some soon come to the last one.
      nextSequence: random.below(2) === 0 ? 0 : sequences - 1 - random.below(40),
      hasFailed: false,
      isGivenUp: false,
    }));
    this.ended = this.#live();
  }

  get unacknowledged(): number {
    const lanes = this.#lanes.filter(({ isGivenUp }) => !isGivenUp);
    return lanes.reduce((sum, { batches }) => sum + batches.length, 0);
  }

  async #live(): Promise<void> {
    const { world } = this;
    while (!world.isOver && !(world.isEnding && this.unacknowledged === 0)) {
      const client = await connect(world);
      if (client === null) continue;
      this.producer.connections += 1;
      for (const lane of this.#lanes) {
        lane.inFlight = 0;
        lane.hasFailed = false;
      }
      while (!client.isGone && !world.isOver && !this.#isDone()) {
        await this.#sendSome(client);
        if (client.inFlight > 0 || world.random.below(4) === 0) await pause(world);
      }
      client[Symbol.dispose]();
      await pause(world);
    }
  }

  #isDone(): boolean {
    if (this.#lanes.some(({ hasFailed }) => hasFailed)) return true;
    return this.world.isEnding && this.unacknowledged === 0;
  }

  async #sendSome(client: KafkaClient): Promise<void> {
    const { world } = this;
    if (this.#identity === null) {
      const answer = await client.ask("InitProducerId", 4, { transactionalId: null });
      if (answer === null || answer.errorCode !== 0) return;
      this.#identity = answer;
    }
    const chosen = this.#lanes.filter((lane) => world.random.below(3) > 0 && this.#hasNext(lane));
    if (chosen.length === 0) return;
    const topicData = chosen.map((lane) => {
      const records = lane.batches[lane.inFlight++]!.bytes;
      return { name: lane.place.topic, partitionData: [{ index: lane.place.index, records }] };
    });
    const request = { acks: -1, timeoutMs: 1000, topicData };
    void client.ask("Produce", 8 + world.random.below(5), request).then((response) => {
      response?.responses.forEach((topic, at) => this.#answered(chosen[at]!, topic, client));
    });
  }

  /** Whether the lane has a batch to send; makes one unless the story is about to end. */
  #hasNext(lane: Lane): boolean {
    if (lane.inFlight === batchesInFlight || lane.hasFailed || lane.isGivenUp) return false;
    if (lane.inFlight < lane.batches.length) return true;
    if (this.world.isEnding || this.#identity === null) return false;
    const { producerId, producerEpoch } = this.#identity;
    const baseSequence = lane.nextSequence;
    const options = { producerId, producerEpoch, baseSequence };
    const batch = newBatch(this.world, this.producer, lane.place, options);
    lane.nextSequence = (baseSequence + batch.numbers.length) % sequences;
    lane.batches.push(batch);
    return true;
  }

  #answered(
    lane: Lane,
    { partitionResponses: [answer] }: Response<"Produce">["responses"][number],
    client: KafkaClient,
  ): void {
    if (lane.hasFailed || client.isGone || answer === undefined) return;
    const { ledger, scheduler } = this.world;
    const { topic, index } = lane.place;
    const batch = lane.batches[0];
    const code = named(answer.errorCode);
    const name = this.producer.nameOf(batch?.numbers[0] ?? -1);
    scheduler.note(`${name} ${topic}/${index}: ${code} ${answer.baseOffset}`);
    if (batch === undefined) return ledger.note(`idempotent: an answer where none is due`);
    if (code === "NONE") {
      lane.batches.shift();
      lane.inFlight -= 1;
      return ledger.acked(this.producer, batch.numbers, lane.place, Number(answer.baseOffset));
    }
    lane.hasFailed = true;
    // All before it are acknowledged, so nothing can be missing: neither it nor what it knows of.
    const isFault = code === "OUT_OF_ORDER_SEQUENCE_NUMBER" || code === "INVALID_PRODUCER_EPOCH";
    if (!isFault) return;
    lane.isGivenUp = true;
    ledger.suspect(lane.place, `idempotent: ${name} in ${topic}/${index} was answered: ${code}`);
  }
}
