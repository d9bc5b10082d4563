/**
 * Records that come one by one, not as batches of a client: each gets its partition, those of one
 * partition become one batch, and each is answered when the disk has it. For doors whose clients
 * speak of records: REST, the console.
 *
 * - A partition is the one asked for; else that of the key, as Kafka's clients choose it; else one
 *   after the other, call by call.
 * - A rule of the topic that one record breaks does not concern the others of its batch: they are
 *   then appended one by one.
 */
import { type Offset, offset } from "../base/brands.ts";
import type { Clock } from "../base/clock.ts";
import { partitionForKey } from "../base/murmur2.ts";
import { Refusal } from "../base/refusal.ts";
import { batchBytesMax } from "../limits.ts";
import { BatchBuilder } from "../record/builder.ts";
import type { RecordHeader } from "../record/records.ts";
import { RecordsRefused } from "./batch-rules.ts";
import type { Partition, Topic } from "./broker.ts";

/** A record on its way. */
export interface RecordToProduce {
  /** `null`: any. */
  readonly partition: number | null;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** Milliseconds since 1970; `null`: now. */
  readonly timestamp: number | null;
}

/** A record that is stored. */
export interface ProducedRecord {
  readonly partition: number;
  readonly offset: Offset;
  /** Milliseconds since 1970: its own, or the time of appending where the topic has that. */
  readonly timestamp: number;
}

/** A record and where it stood in the call. */
interface Placed {
  readonly at: number;
  readonly timestamp: number;
  readonly record: RecordToProduce;
}

type Result = ProducedRecord | Refusal;

/** Where records of one call go. */
interface Into {
  readonly partition: Partition;
  /** Of one batch. */
  readonly bytesMax: number;
  readonly results: Result[];
}

/** See the head of this file. */
export class RecordProducer {
  readonly #builder = new BatchBuilder();
  /** The turn of partitions among records without keys. */
  #turn = 0;

  constructor(private readonly clock: Pick<Clock, "now">) {}

  /**
   * Appends records in their order, and resolves when all of them have their fate: the results are
   * in the same order. All are appended before this returns. Never rejects.
   */
  async produce(topic: Topic, records: readonly RecordToProduce[]): Promise<readonly Result[]> {
    const results: Result[] = [];
    const placed = new Map<Partition, Placed[]>();
    const now = this.clock.now();
    this.#turn += 1;
    for (const [at, record] of records.entries()) {
      const index = this.#partitionOf(topic, record);
      const partition = topic.partitions[index];
      if (partition === undefined) {
        results[at] = noPartition(topic, index);
        continue;
      }
      const here = placed.get(partition) ?? [];
      placed.set(partition, here);
      here.push({ at, record, timestamp: record.timestamp ?? now });
    }
    const bytesMax = Math.min(topic.config.values["max.message.bytes"], batchBytesMax);
    const fates: Promise<void>[] = [];
    for (const [partition, here] of placed) {
      fates.push(...this.#append({ partition, bytesMax, results }, here));
    }
    await Promise.all(fates);
    return results;
  }

  #partitionOf({ partitions }: Topic, { partition, key }: RecordToProduce): number {
    if (partition !== null) return partition;
    return key === null ? this.#turn % partitions.length : partitionForKey(key, partitions.length);
  }

  /** One batch, or several if one is full; what resolves when each has its fate. */
  #append(into: Into, placed: readonly Placed[]): Promise<void>[] {
    const builder = this.#builder;
    builder.bytesMax = into.bytesMax;
    const fates: Promise<void>[] = [];
    let from = 0;
    for (const [at, { record, timestamp, at: place }] of placed.entries()) {
      const { key, value, headers } = record;
      const taken = { timestamp, key, value, headers };
      if (builder.append(taken)) continue;
      if (at > from) fates.push(this.#build(into, placed.slice(from, at)));
      from = at;
      if (builder.append(taken)) continue;
      into.results[place] = tooLarge;
      from = at + 1;
    }
    if (from < placed.length) fates.push(this.#build(into, placed.slice(from)));
    return fates;
  }

  /** Appends what the builder holds, which is `placed`. */
  async #build(into: Into, placed: readonly Placed[]): Promise<void> {
    const { partition, results } = into;
    const produced = await partition.produce(this.#builder.build(), { isTrusted: true });
    if (produced instanceof RecordsRefused && placed.length > 1) {
      for (const one of placed) await Promise.all(this.#append(into, [one]));
      return;
    }
    for (const [delta, { at, timestamp }] of placed.entries()) {
      if (produced instanceof Refusal) {
        results[at] = produced;
        continue;
      }
      const { baseOffset, logAppendTimeMs } = produced;
      results[at] = {
        partition: partition.index,
        offset: offset(baseOffset + delta),
        timestamp: logAppendTimeMs === -1 ? timestamp : logAppendTimeMs,
      };
    }
  }
}

const tooLarge = new Refusal("MESSAGE_TOO_LARGE", "the record is larger than a batch may be");

const noPartition = ({ name, partitions }: Topic, index: number): Refusal =>
  new Refusal(
    "UNKNOWN_TOPIC_OR_PARTITION",
    `topic ${name} has the partitions 0 to ${partitions.length - 1}, not ${index}`,
  );
