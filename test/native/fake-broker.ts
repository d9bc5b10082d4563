/** A broker whose topics hold what was appended, and whose commits are the test's to release. */
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { Broker, Partition, Topic } from "../../src/broker/broker.ts";
import { topicConfigDefault } from "../../src/broker/topic-config.ts";
import type { Appended } from "../../src/log/log.ts";
import { viewOf } from "../../src/record/batch.ts";
import { nanosecondsOf } from "../../src/record/nanoseconds.ts";
import { openRecords } from "../../src/record/records.ts";

/** One appended batch. */
export interface FakeBatch {
  readonly topic: string;
  readonly partition: number;
  /** `key=value`, or the value alone. */
  readonly records: readonly string[];
  readonly timestamps: readonly number[];
  readonly nanoseconds: readonly number[];
  /** Settles the batch's `committed`. */
  commit(refusal?: Refusal): void;
}

const text = (bytes: Uint8Array | null): string =>
  bytes === null ? "" : new TextDecoder().decode(bytes);

export class FakeBroker implements Pick<Broker, "topic" | "ensureTopic"> {
  readonly batches: FakeBatch[] = [];
  /** Names that `ensureTopic` was asked for, and has not answered. */
  readonly asked: string[] = [];
  /** What the next appends are answered with instead of being taken. */
  readonly refusals: Refusal[] = [];
  /** Every batch is committed at once. */
  commitsAtOnce = false;
  /** The topics' `max.message.bytes`, also kept by their partitions. */
  batchBytesMax = topicConfigDefault.values["max.message.bytes"];
  readonly #topics = new Map<string, Topic>();
  readonly #waiting = new Map<string, (topic: Topic | Refusal) => void>();

  /** Creates a topic that is there from the beginning. */
  has(name: string, partitionCount = 1): this {
    this.#topics.set(name, this.#newTopic(name, partitionCount));
    return this;
  }

  forget(name: string): void {
    this.#topics.delete(name);
  }

  topic(name: string): Topic | undefined {
    return this.#topics.get(name);
  }

  ensureTopic(name: string): Promise<Topic | Refusal> {
    this.asked.push(name);
    return new Promise((resolve) => this.#waiting.set(name, resolve));
  }

  /** Answers `ensureTopic(name)`: with the topic, or with a refusal. */
  answer(name: string, partitionsOrRefusal: number | Refusal): void {
    this.asked.splice(this.asked.indexOf(name), 1);
    if (typeof partitionsOrRefusal === "number") this.has(name, partitionsOrRefusal);
    const answer = partitionsOrRefusal instanceof Refusal ? partitionsOrRefusal : this.topic(name);
    this.#waiting.get(name)?.(answer!);
  }

  #newTopic(name: string, partitionCount: number): Topic {
    const partitions = Array.from({ length: partitionCount }, (_, index) => {
      const append = (batch: Uint8Array) => this.#append(name, index, batch);
      return { topic: name, index, append } as unknown as Partition;
    });
    const values = { ...topicConfigDefault.values, "max.message.bytes": this.batchBytesMax };
    return { name, id: name, partitions, config: { raw: {}, values } };
  }

  #append(topic: string, partition: number, batch: Uint8Array): Appended | Refusal {
    const refusal = this.refusals.shift();
    if (refusal !== undefined) return refusal;
    if (batch.length > this.batchBytesMax) return new Refusal("MESSAGE_TOO_LARGE", "too large");
    const records: string[] = [];
    const timestamps: number[] = [];
    const nanoseconds: number[] = [];
    const cursor = openRecords(batch, viewOf(batch), 0);
    if (cursor instanceof Refusal) throw new Error(cursor.message);
    while (cursor.next()) {
      const record = cursor.record();
      records.push(
        record.key === null ? text(record.value) : `${text(record.key)}=${text(record.value)}`,
      );
      timestamps.push(record.timestamp);
      nanoseconds.push(nanosecondsOf(record));
    }
    let commit: FakeBatch["commit"] = () => {};
    const committed = new Promise<Refusal | null>((resolve) => {
      commit = (reason) => resolve(reason ?? null);
    });
    this.batches.push({ topic, partition, records, timestamps, nanoseconds, commit });
    if (this.commitsAtOnce) commit();
    return { baseOffset: offset(0), nextOffset: offset(records.length), committed };
  }
}
