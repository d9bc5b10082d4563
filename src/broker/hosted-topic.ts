/**
 * A topic as the broker hosts it: its partitions, each a log and the rules that an append must
 * pass. Invariant: once it has ended, no append reaches a log, whoever still holds the topic.
 */
import { Refusal } from "../base/refusal.ts";
import type { Appended, PartitionLog } from "../log/log.ts";
import type { TopicRow } from "../metadata/metadata.ts";
import type { Partition, Topic } from "./broker.ts";
import type { DiskSpace } from "./space.ts";
import type { TopicConfig } from "./topic-config.ts";

/** See the head of this file. */
export class HostedTopic implements Topic {
  readonly name: string;
  readonly id: string;
  readonly partitions: readonly HostedPartition[];

  /** @param logs one for each partition, in their order */
  constructor(
    readonly row: TopicRow,
    readonly config: TopicConfig,
    logs: readonly PartitionLog[],
    space: DiskSpace,
  ) {
    this.name = row.name;
    this.id = row.id;
    this.partitions = logs.map((log, index) => new HostedPartition(this, index, log, space));
  }

  /** Refuses all later appends with `refusal`. */
  end(refusal: Refusal): void {
    for (const partition of this.partitions) partition.end(refusal);
  }
}

class HostedPartition implements Partition {
  readonly topic: string;
  /** Set once, by {@link end}. */
  #ended: Refusal | null = null;

  constructor(
    private readonly owner: HostedTopic,
    readonly index: number,
    readonly log: PartitionLog,
    private readonly space: DiskSpace,
  ) {
    this.topic = owner.name;
  }

  append(batch: Uint8Array): Appended | Refusal {
    if (this.#ended !== null) return this.#ended;
    const bytesMax = this.owner.config.values["max.message.bytes"];
    if (batch.byteLength > bytesMax) return this.#tooLarge(batch.byteLength, bytesMax);
    return this.space.take(batch.byteLength) ?? this.log.append(batch);
  }

  end(refusal: Refusal): void {
    this.#ended = refusal;
  }

  #tooLarge(bytes: number, bytesMax: number): Refusal {
    return new Refusal(
      "MESSAGE_TOO_LARGE",
      `a batch of ${bytes} bytes is larger than max.message.bytes of topic ${this.topic}, ` +
        `which is ${bytesMax}`,
    );
  }
}
