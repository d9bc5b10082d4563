/**
 * A producer's records from their call to their outcome, within one bound of memory.
 *
 *     waiting for room ──► (waiting for their topic) ──► a partition's queue ──► over
 *
 * Owns the calls that wait for room, in order, and a topic's queues for each topic that was ever
 * sent to. Invariants:
 * - records find room in the order of their calls, whatever their topics;
 * - `heldBytes` is what the records hold that found room and are not over;
 * - a queue that has something is among `active`, a topic that records wait for among `awaited`.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { batchHeaderBytes } from "../../record/batch.ts";
import { clientTopicsProducedMax, producerWaitingMax } from "../../limits.ts";
import { ClientError } from "./client-error.ts";
import type { TopicMetadata } from "./cluster.ts";
import { DeliveryError } from "./delivery-error.ts";
import type { Delivery } from "./delivery.ts";
import type { Inquiry } from "./inquiry.ts";
import { type LateError, PartitionQueue } from "./partition-queue.ts";
import { BuilderPool, ProducerBatch } from "./producer-batch.ts";
import type { EncodedRecord } from "./producer-record.ts";
import type { ProducerSettings } from "./producer-settings.ts";
import { Sequences } from "./sequences.ts";
import { TopicQueues } from "./topic-queues.ts";

export interface AccumulatorParts {
  readonly settings: ProducerSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** What the cluster says of a topic. */
  readonly newInquiry: (topic: string) => Inquiry<TopicMetadata>;
  /** Records found room that had waited for it. */
  readonly admitted: () => void;
}

/** See the head of this file. */
export class Accumulator {
  readonly topics = new Map<string, TopicQueues>();
  readonly active = new Set<PartitionQueue>();
  /** Topics that records wait for; some may have them by now. */
  readonly awaited = new Set<TopicQueues>();
  readonly #builders = new BuilderPool();
  #heldBytes = 0;
  #firstWaiting: Delivery | null = null;
  #lastWaiting: Delivery | null = null;
  #waiting = 0;
  #watchers: (() => void)[] = [];
  #isAdmitting = false;

  constructor(private readonly parts: AccumulatorParts) {}

  /** Whether a call would wait for room. */
  get isFull(): boolean {
    return this.#firstWaiting !== null || this.#heldBytes >= this.parts.settings.bufferBytesMax;
  }

  /** When the time of the first call is over that waits for room. */
  get deadline(): number {
    return this.#firstWaiting?.deadline ?? Infinity;
  }

  /** Why no more calls may come. */
  refusal(topics: Iterable<string>): ClientError | null {
    if (this.#waiting >= producerWaitingMax) {
      const message = `${this.#waiting} sends wait for room already: await them`;
      return new ClientError("OVERLOADED", message);
    }
    if (this.topics.size < clientTopicsProducedMax) return null;
    for (const topic of topics) {
      if (this.topics.has(topic)) continue;
      const message = `a producer sends to ${clientTopicsProducedMax} topics at most`;
      return new ClientError("OVERLOADED", message, false);
    }
    return null;
  }

  /** Takes a call's records, as far as there is room; the rest waits. */
  take(delivery: Delivery): void {
    if (this.#lastWaiting === null) this.#firstWaiting = delivery;
    else this.#lastWaiting.next = delivery;
    this.#lastWaiting = delivery;
    this.#waiting += 1;
    this.#admit();
  }

  /** Resolves once a call would find room, or nothing will come any more. */
  room(): Promise<void> {
    if (!this.isFull) return Promise.resolve();
    return new Promise((resolve) => this.#watchers.push(resolve));
  }

  /** Ends all whose time is over. */
  expire(now: number, error: LateError): void {
    while (this.#firstWaiting !== null && this.#firstWaiting.deadline <= now) {
      this.#failFirstWaiting(error(new ClientError("OVERLOADED", "there was no room"), false));
    }
    for (const topic of this.awaited) topic.expire(now, error);
    for (const queue of this.active) {
      const { inquiry } = this.#topic(queue.topic);
      queue.expire(now, (trouble, wasSent) => error(trouble ?? inquiry.trouble, wasSent));
    }
  }

  /** Ends everything. */
  failAll(error: ClientError): void {
    while (this.#firstWaiting !== null) this.#failFirstWaiting(error);
    for (const topic of this.topics.values()) topic.failAll(error);
  }

  /** Takes out of `active` and `awaited` whatever has nothing any more. */
  tidy(): void {
    for (const queue of this.active) if (queue.isEmpty) this.active.delete(queue);
    for (const topic of this.awaited) if (!topic.isWaiting) this.awaited.delete(topic);
  }

  #admit(): void {
    while (this.#firstWaiting !== null) {
      const delivery = this.#firstWaiting;
      while (delivery.taken < delivery.records.length) {
        const index = delivery.taken;
        const record = delivery.records[index]!;
        if (!this.#hasRoom(record)) return;
        delivery.taken += 1;
        this.#heldBytes += record.bytes;
        const topic = this.#topic(record.topic);
        topic.append(record, delivery, index);
        if (topic.isWaiting) this.awaited.add(topic);
      }
      this.#shiftWaiting();
    }
    if (this.isFull) return;
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const watcher of watchers) watcher();
  }

  /** The first record always finds room, however small the bound was set. */
  #hasRoom(record: EncodedRecord): boolean {
    if (this.#heldBytes === 0) return true;
    return this.#heldBytes + record.bytes <= this.parts.settings.bufferBytesMax;
  }

  #released(bytes: number): void {
    this.#heldBytes -= bytes;
    // Not within the call that released it: who iterates over queues must not see new ones.
    if (this.#firstWaiting !== null || this.#watchers.length > 0) this.#admitSoon();
  }

  #admitSoon(): void {
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    queueMicrotask(() => {
      this.#isAdmitting = false;
      this.#admit();
      this.parts.admitted();
    });
  }

  #shiftWaiting(): void {
    const first = this.#firstWaiting;
    if (first === null) return;
    this.#firstWaiting = first.next;
    if (this.#firstWaiting === null) this.#lastWaiting = null;
    this.#waiting -= 1;
  }

  #failFirstWaiting(error: ClientError): void {
    const delivery = this.#firstWaiting;
    if (delivery === null) return;
    this.#shiftWaiting();
    const { taken: from, records } = delivery;
    const record = records[from];
    if (record === undefined) return;
    delivery.taken = records.length;
    const { topic, partition } = record;
    const message = `record for ${topic}: ${error.message}`;
    const place = { topic, partition, mayBeStored: false };
    delivery.failed(records.length - from, from, new DeliveryError(error.code, message, place));
  }

  #topic(name: string): TopicQueues {
    const known = this.topics.get(name);
    if (known !== undefined) return known;
    const { settings, random, newInquiry } = this.parts;
    const topic: TopicQueues = new TopicQueues({
      name,
      inquiry: newInquiry(name),
      partitioner: settings.partitioner,
      random,
      newQueue: (partition) =>
        new PartitionQueue({
          topic: name,
          partition,
          sequences: settings.idempotent ? new Sequences() : null,
          newBatch: (queue, record, delivery) => this.#newBatch(queue, record, delivery),
          closed: (queue) => topic.closed(queue),
          released: (bytes) => this.#released(bytes),
        }),
      filled: (queue) => this.active.add(queue),
      released: (bytes) => this.#released(bytes),
    });
    this.topics.set(name, topic);
    return topic;
  }

  #newBatch(queue: PartitionQueue, record: EncodedRecord, delivery: Delivery): ProducerBatch {
    const { settings, clock } = this.parts;
    const { topic, partition } = queue;
    const parts = {
      topic,
      partition,
      compression: settings.compression,
      builders: this.#builders,
      deadline: delivery.deadline,
      lingersUntil: clock.monotonic() + settings.lingerMs,
    };
    const aloneBytes = batchHeaderBytes + record.bytes;
    return new ProducerBatch(parts, Math.max(settings.batchBytesMax, aloneBytes));
  }
}
