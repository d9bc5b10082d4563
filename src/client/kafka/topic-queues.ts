/**
 * What a producer has for one topic: the queues of its partitions, and records that came before it
 * was known how many partitions there are.
 *
 * Invariants: records of a topic find their partitions in the order of their calls; while some
 * wait, nothing passes them.
 */
import type { Random } from "../../base/random.ts";
import { assert } from "../../base/assert.ts";
import { ClientError } from "./client-error.ts";
import type { TopicMetadata } from "./cluster.ts";
import { DeliveryError } from "./delivery-error.ts";
import type { Delivery } from "./delivery.ts";
import type { Inquiry } from "./inquiry.ts";
import type { LateError, PartitionQueue } from "./partition-queue.ts";
import type { Partitioner } from "./partitioner.ts";
import type { EncodedRecord } from "./producer-record.ts";

interface WaitingRecord {
  readonly record: EncodedRecord;
  readonly delivery: Delivery;
  readonly index: number;
}

export interface TopicParts {
  readonly name: string;
  /** What the cluster says of it. */
  readonly inquiry: Inquiry<TopicMetadata>;
  readonly partitioner: Partitioner;
  readonly random: Random;
  readonly newQueue: (partition: number) => PartitionQueue;
  /** The queue has something. */
  readonly filled: (queue: PartitionQueue) => void;
  /** A record is over without having had a batch. */
  readonly released: (heldBytes: number) => void;
}

/** See the head of this file. */
export class TopicQueues {
  readonly #queues = new Map<number, PartitionQueue>();
  #waiting: WaitingRecord[] = [];
  /** Where records without a key go until the batch there is closed; -1: to be chosen. */
  #sticky = -1;

  constructor(private readonly parts: TopicParts) {}

  get name(): string {
    return this.parts.name;
  }

  get inquiry(): Inquiry<TopicMetadata> {
    return this.parts.inquiry;
  }

  /** Records wait for what the cluster says. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** When the time of the first of them is over. */
  get deadline(): number {
    return this.#waiting[0]?.delivery.deadline ?? Infinity;
  }

  append(record: EncodedRecord, delivery: Delivery, index: number): void {
    const { answer } = this.inquiry;
    if (answer === null || answer.partitions.length === 0 || this.isWaiting) {
      this.#waiting.push({ record, delivery, index });
    } else {
      this.#place(record, delivery, index, answer);
    }
  }

  /** The topic is known: records that waited find their partitions. */
  place(): void {
    const { answer } = this.inquiry;
    if (answer === null || answer.partitions.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { record, delivery, index } of waiting) {
      this.#place(record, delivery, index, answer);
    }
  }

  /** A batch of this partition is closed: records without a key go elsewhere next. */
  closed(queue: PartitionQueue): void {
    if (queue.partition === this.#sticky) this.#sticky = -1;
  }

  /** Tells the callers of waiting records whose time is over. */
  expire(now: number, error: LateError): void {
    const first = this.#waiting.findIndex(({ delivery }) => delivery.deadline > now);
    this.#failWaiting(first < 0 ? this.#waiting.length : first, error(this.inquiry.trouble, false));
  }

  /** Gives up everything. */
  failAll(error: ClientError): void {
    this.#failWaiting(this.#waiting.length, error);
    for (const queue of this.#queues.values()) queue.failAll(error);
  }

  /** Gives up what is for partitions that the topic does not have. */
  failAbsent(): void {
    const { answer } = this.inquiry;
    if (answer === null) return;
    for (const queue of this.#queues.values()) {
      if (queue.isEmpty || answer.partitions.some((each) => each.partition === queue.partition)) {
        continue;
      }
      const message = `topic ${this.name} has no such partition, but ${answer.partitions.length}`;
      queue.failAll(new ClientError("UNKNOWN_TOPIC_OR_PARTITION", message));
    }
  }

  #place(record: EncodedRecord, delivery: Delivery, index: number, topic: TopicMetadata): void {
    const partition = this.#partitionOf(record, topic);
    if (partition instanceof ClientError) return this.#fail(record, delivery, index, partition);
    const queue = this.#queue(partition);
    queue.append(record, delivery, index);
    this.parts.filled(queue);
  }

  /** INVALID: the partitioner chose none that there is, or failed. */
  #partitionOf({ partition, key }: EncodedRecord, topic: TopicMetadata): number | ClientError {
    if (partition >= 0) return partition;
    const count = topic.partitions.length;
    let chosen: number | null;
    try {
      chosen = this.parts.partitioner(key, count, topic.name);
    } catch (error) {
      // It is the program's own, and only this record is its matter.
      const why = error instanceof Error ? error.message : String(error);
      return new ClientError("INVALID", `the partitioner failed: ${why}`);
    }
    if (chosen === null) {
      if (this.#sticky < 0) this.#sticky = this.#deal(topic);
      return this.#sticky;
    }
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < count) return chosen;
    return new ClientError("INVALID", "the partitioner chose none of the topic's partitions");
  }

  /**
   * A partition for the next batch of records without keys: of two by chance the one that has less
   * to do, so that a slow broker does not get as much as the others (the aim of KIP-794).
   */
  #deal(topic: TopicMetadata): number {
    const led = topic.partitions.filter(({ leaderId }) => leaderId >= 0);
    const eligible = led.length > 0 ? led : topic.partitions;
    const { random } = this.parts;
    const one = eligible[random.below(eligible.length)];
    const other = eligible[random.below(eligible.length)];
    assert(one !== undefined && other !== undefined, "deal: the topic has partitions");
    const isLess = this.#lengthOf(other.partition) < this.#lengthOf(one.partition);
    return isLess ? other.partition : one.partition;
  }

  #lengthOf(partition: number): number {
    return this.#queues.get(partition)?.length ?? 0;
  }

  #queue(partition: number): PartitionQueue {
    let queue = this.#queues.get(partition);
    if (queue === undefined) {
      queue = this.parts.newQueue(partition);
      this.#queues.set(partition, queue);
    }
    return queue;
  }

  #failWaiting(count: number, error: ClientError): void {
    for (const { record, delivery, index } of this.#waiting.splice(0, count)) {
      this.#fail(record, delivery, index, error);
    }
  }

  #fail(record: EncodedRecord, delivery: Delivery, index: number, error: ClientError): void {
    const place = { topic: this.name, partition: record.partition, mayBeStored: false };
    const message = `record for ${this.name}: ${error.message}`;
    delivery.failed(1, index, new DeliveryError(error.code, message, place));
    this.parts.released(record.bytes);
  }
}
