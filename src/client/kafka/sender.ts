/**
 * Brings a producer's batches to the leaders of their partitions, again and again where that may
 * help, and deals with what is answered.
 *
 * One look over all that is there (`#look`) decides everything: it runs once at the end of each
 * turn of the event loop in which something has changed, and when the next thing is due. So there
 * is one timer, and no batch has a loop of its own.
 *
 * Owns what is in flight to each broker. Invariants:
 * - to one broker go at most `maxInFlight` requests at a time, to one partition at most one batch
 *   in each;
 * - whatever is not asked or sent now is due at a time, or something is under way whose end brings
 *   about the next look.
 */
import type { Cancel } from "../../base/clock.ts";
import { apis } from "../../kafka/apis.ts";
import { clientPackBytesPerLook, clientTopicLookMs } from "../../limits.ts";
import { noUuid, type ResponseOf } from "../../wire/table.ts";
import type { Accumulator } from "./accumulator.ts";
import { backoffMs } from "./backoff.ts";
import { ClientError, kafkaError } from "./client-error.ts";
import type { ClientWorld } from "./client-world.ts";
import type { Cluster, SendOptions, TopicMetadata } from "./cluster.ts";
import { Inquiry } from "./inquiry.ts";
import type { PartitionQueue } from "./partition-queue.ts";
import type { ProducerBatch } from "./producer-batch.ts";
import type { ProducerSettings } from "./producer-settings.ts";
import { doubtsLeader, type ProduceOutcome } from "./produce-outcome.ts";
import {
  failedOutcome,
  produceOutcomes,
  produceRequest,
  topicIdsSince,
  unknownOutcome,
  type Parcel,
} from "./produce-request.ts";
import type { ProducerIdentity } from "./sequences.ts";
import { throttleMs } from "./throttle.ts";
import type { TopicQueues } from "./topic-queues.ts";

/** What a producer needs of a cluster. */
export type ProducerCluster = Pick<Cluster, "send" | "topic" | "forgetTopic" | "world" | "close">;

export interface SenderParts {
  readonly cluster: ProducerCluster;
  readonly settings: ProducerSettings;
  readonly accumulator: Accumulator;
}

/** A broker that batches go to. */
interface Leader {
  inFlight: number;
  /** Of the monotonic clock: it asked for a pause until then (KIP-219). */
  resumesAt: number;
}

/** A batch that is sent. */
interface Shipment extends Parcel {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
}

/** A partition that may have something to send, and who leads it. */
interface Candidate {
  readonly queue: PartitionQueue;
  readonly topicId: string;
}

/** Produce requests have a connection of their own, whatever else a shared cluster is used for. */
const produceLane = "produce";
/** Kafka's first version with zstd (KIP-110). */
const zstdSince = 7;

/** See the head of this file. */
export class Sender {
  /** Flushes that are under way: nothing waits for more records meanwhile. */
  flushes = 0;
  readonly #leaders = new Map<number, Leader>();
  /** Topics of which the cluster has to be asked again. */
  readonly #doubted = new Set<string>();
  readonly #identity: Inquiry<ProducerIdentity>;
  #isLooking = false;
  #isStopped = false;
  #dueAt = Infinity;
  #cancelTimer: Cancel | undefined;

  constructor(private readonly parts: SenderParts) {
    this.#identity = new Inquiry({
      ask: () => this.#askIdentity(),
      told: (error) => {
        if (error !== null) this.#refuseUnnumbered(error);
        this.look();
      },
      ...this.#common(),
    });
  }

  /** What the cluster says of a topic, for the accumulator. */
  newInquiry(name: string): Inquiry<TopicMetadata> {
    const { cluster, accumulator } = this.parts;
    return new Inquiry({
      ask: () => cluster.topic(name, { create: true }),
      told: (error) => {
        const topic = accumulator.topics.get(name);
        if (error !== null) {
          this.#doubted.delete(name);
          topic?.failAll(error);
        } else if (topic?.inquiry.trouble === null) {
          if (this.#doubted.delete(name)) topic.failAbsent();
          topic.place();
        }
        this.look();
      },
      ...this.#common(),
    });
  }

  /** Something has changed: looks at the end of this turn. */
  look(): void {
    if (this.#isLooking || this.#isStopped) return;
    this.#isLooking = true;
    queueMicrotask(() => {
      this.#isLooking = false;
      if (!this.#isStopped) this.#look();
    });
  }

  /** Sends nothing more; what is answered still counts. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  #look(): void {
    const { accumulator, cluster } = this.parts;
    const now = cluster.world.clock.monotonic();
    accumulator.expire(now, (trouble, wasSent) => this.#late(trouble, wasSent));
    accumulator.tidy();
    let due = accumulator.deadline;
    for (const topic of accumulator.awaited) {
      // It has an answer, and is still waited for: there was no partition in it.
      if (topic.inquiry.answer !== null) this.#doubt(topic.name);
      due = Math.min(due, topic.deadline, this.#ask(topic.inquiry));
    }
    for (const name of this.#doubted) {
      const inquiry = accumulator.topics.get(name)?.inquiry;
      if (inquiry !== undefined) due = Math.min(due, this.#ask(inquiry));
    }
    const candidates = new Map<number, Candidate[]>();
    for (const queue of accumulator.active) {
      queue.mend();
      due = Math.min(due, queue.deadline, this.#identify(queue));
      const topic = accumulator.topics.get(queue.topic);
      if (topic !== undefined) due = Math.min(due, this.#findLeader(topic, queue, now, candidates));
    }
    const budget = { packBytes: clientPackBytesPerLook };
    for (const [nodeId, ofLeader] of candidates) {
      due = Math.min(due, this.#sendTo(nodeId, ofLeader, now, budget));
    }
    this.#setTimer(due, now);
  }

  #setTimer(due: number, now: number): void {
    if (due === this.#dueAt) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#dueAt = due;
    if (due === Infinity) return;
    const { clock } = this.parts.cluster.world;
    this.#cancelTimer = clock.after(Math.max(0, due - now), () => {
      this.#dueAt = Infinity;
      this.#cancelTimer = undefined;
      this.look();
    });
  }

  /** Asks; answers when it is due to ask again. */
  #ask(inquiry: Inquiry<unknown>): number {
    inquiry.ask();
    return inquiry.isAsking ? Infinity : inquiry.resumesAt;
  }

  /** Sees to it that the queue can number batches; answers when it is due to do so again. */
  #identify({ sequences }: PartitionQueue): number {
    const spentId = sequences?.spentId ?? null;
    if (sequences === null || spentId === null) return Infinity;
    const identity = this.#identity.answer;
    if (identity === null || identity.producerId === spentId) return this.#ask(this.#identity);
    sequences.identify(identity);
    return Infinity;
  }

  /** Puts the queue among the candidates of its leader; answers when it is due to ask for it. */
  #findLeader(
    topic: TopicQueues,
    queue: PartitionQueue,
    now: number,
    candidates: Map<number, Candidate[]>,
  ): number {
    const { inquiry } = topic;
    if (inquiry.answeredAt + clientTopicLookMs < now) inquiry.ask();
    // To the same leader again, it would only fail again.
    const isAstray = queue.hasFailed && this.#doubted.has(topic.name);
    if (inquiry.answer === null || isAstray) return this.#ask(inquiry);
    const { partitions, topicId } = inquiry.answer;
    const leaderId = partitions.find((each) => each.partition === queue.partition)?.leaderId ?? -1;
    if (leaderId < 0) {
      this.#doubt(topic.name);
      return this.#ask(inquiry);
    }
    const ofLeader = candidates.get(leaderId);
    const candidate = { queue, topicId };
    if (ofLeader === undefined) candidates.set(leaderId, [candidate]);
    else ofLeader.push(candidate);
    return Infinity;
  }

  /** Sends to one broker what may go now; answers when more of it is due. */
  #sendTo(
    nodeId: number,
    candidates: readonly Candidate[],
    now: number,
    budget: { packBytes: number },
  ): number {
    const { maxInFlight } = this.parts.settings;
    const leader = this.#leader(nodeId);
    let left = candidates;
    while (leader.inFlight < maxInFlight) {
      if (leader.resumesAt > now) return leader.resumesAt;
      // What is packed holds the event loop: the rest goes in its next turn.
      if (budget.packBytes <= 0) return now;
      const { shipments, passedOver, due } = this.#gather(left, now, budget);
      if (shipments.length === 0) return due;
      void this.#send(nodeId, leader, shipments);
      left = passedOver;
    }
    return Infinity;
  }

  /** One request's batches; and the candidates, those that found no room in it first. */
  #gather(
    candidates: readonly Candidate[],
    now: number,
    budget: { packBytes: number },
  ): { shipments: Shipment[]; passedOver: readonly Candidate[]; due: number } {
    const { settings, accumulator } = this.parts;
    const hurries = this.flushes > 0 || accumulator.isFull;
    const isPacked = settings.compression !== "none";
    const shipments: Shipment[] = [];
    const served: Candidate[] = [];
    const others: Candidate[] = [];
    let bytes = 0;
    let due = Infinity;
    for (const candidate of candidates) {
      const { queue, topicId } = candidate;
      const batch = queue.next(now, hurries);
      if (typeof batch === "number") {
        due = Math.min(due, batch);
        others.push(candidate);
      } else if (bytes > 0 && bytes + batch.bytes > settings.requestBytesMax) {
        others.push(candidate);
      } else {
        if (isPacked) budget.packBytes -= batch.bytes;
        const taken = queue.take(batch);
        bytes += taken.length;
        const { topic, partition } = queue;
        shipments.push({ topic, topicId, partition, bytes: taken, queue, batch });
        served.push(candidate);
        if (isPacked && budget.packBytes <= 0) break;
      }
    }
    // Also for the next look: who has had a turn comes behind the others.
    for (const { queue } of served) {
      accumulator.active.delete(queue);
      accumulator.active.add(queue);
    }
    return { shipments, passedOver: [...others, ...served], due };
  }

  async #send(nodeId: number, leader: Leader, shipments: readonly Shipment[]): Promise<void> {
    const { cluster, settings } = this.parts;
    leader.inFlight += 1;
    const { clock, random } = cluster.world;
    let outcomes: readonly ProduceOutcome[];
    try {
      const request = produceRequest(shipments, settings.acks, settings.requestTimeoutMs);
      const response = await cluster.send(nodeId, apis.Produce, request, this.#how(shipments));
      if (settings.acks === 0) outcomes = shipments.map(() => unknownOutcome);
      else outcomes = produceOutcomes(response, shipments);
      this.#throttle(leader, response);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      outcomes = shipments.map(() => failedOutcome(error));
    }
    leader.inFlight -= 1;
    const now = clock.monotonic();
    for (const [index, { queue, batch, topic }] of shipments.entries()) {
      const outcome = outcomes[index]!;
      if (outcome.error !== null && doubtsLeader(outcome.error)) this.#doubt(topic);
      const pauseMs = backoffMs(settings.backoff, batch.failures + 1, random);
      queue.answered(batch, outcome, now, now + pauseMs);
    }
    this.look();
  }

  #how(shipments: readonly Shipment[]): SendOptions {
    const { settings } = this.parts;
    const hasIds = shipments.every(({ topicId }) => topicId !== noUuid);
    return {
      lane: produceLane,
      timeoutMs: settings.requestTimeoutMs,
      noReply: settings.acks === 0,
      // There is a connection. Callers whose time was over before were told that nothing is stored.
      onVersion: () => {
        if (shipments.some(({ batch }) => batch.isSettled)) throw tooLate();
        for (const { batch } of shipments) batch.isOut = true;
      },
      ...(hasIds ? {} : { versionMax: topicIdsSince - 1 }),
      ...(settings.compression === "zstd" ? { versionMin: zstdSince } : {}),
    };
  }

  #throttle(leader: Leader, response: ResponseOf<typeof apis.Produce>): void {
    const pauseMs = throttleMs(response.throttleTimeMs);
    if (pauseMs > 0) leader.resumesAt = this.parts.cluster.world.clock.monotonic() + pauseMs;
  }

  #leader(nodeId: number): Leader {
    let leader = this.#leaders.get(nodeId);
    if (leader === undefined) {
      leader = { inFlight: 0, resumesAt: -Infinity };
      this.#leaders.set(nodeId, leader);
    }
    return leader;
  }

  #doubt(topic: string): void {
    if (this.#doubted.has(topic)) return;
    this.#doubted.add(topic);
    this.parts.cluster.forgetTopic(topic);
  }

  async #askIdentity(): Promise<ProducerIdentity> {
    const { cluster, settings } = this.parts;
    const request = {
      transactionalId: null,
      // Without transactions nobody looks at it.
      transactionTimeoutMs: settings.requestTimeoutMs,
      producerId: -1,
      producerEpoch: -1,
    };
    const options = { timeoutMs: settings.requestTimeoutMs };
    const answer = await cluster.send("any", apis.InitProducerId, request, options);
    const error = kafkaError(answer.errorCode, "asking for a producer id");
    if (error !== null) throw error;
    return { producerId: answer.producerId, producerEpoch: answer.producerEpoch };
  }

  /** No batch can be numbered, and that won't change by itself. */
  #refuseUnnumbered(error: ClientError): void {
    const { message } = error;
    const reason = new ClientError(error.code, `${message}; without idempotence none is needed`);
    for (const queue of this.parts.accumulator.active) {
      if ((queue.sequences?.spentId ?? null) !== null) queue.failAll(reason);
    }
  }

  #late(trouble: ClientError | null, wasSent: boolean): ClientError {
    const within = `within ${this.parts.settings.deliveryTimeoutMs} ms`;
    const silence = wasSent ? "no answer came" : "their turn did not come";
    const why = (trouble ?? this.#identity.trouble)?.message ?? silence;
    const what = wasSent ? "not delivered" : "not sent";
    return new ClientError("TIMED_OUT", `${what} ${within}: ${why}`);
  }

  #common(): Pick<ClientWorld, "clock" | "random"> & Pick<ProducerSettings, "backoff"> {
    const { clock, random } = this.parts.cluster.world;
    return { clock, random, backoff: this.parts.settings.backoff };
  }
}

const tooLate = (): ClientError =>
  new ClientError("TIMED_OUT", "the time of some records was over before there was a connection");
