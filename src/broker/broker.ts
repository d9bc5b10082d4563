/**
 * The broker's verbs, in no protocol's words: which topics there are, how they are configured, and
 * appending to and reading from their partitions. `create-broker.ts` makes the one implementation;
 * it is handed its logs, metadata, clock and randomness, so the same code runs in a simulator.
 */
import type { Offset } from "../base/brands.ts";
import type { Appended, LogRead, PartitionLog, TimedOffset } from "../log/log.ts";
import type { Refusal } from "../base/refusal.ts";
import type { ConfigChange } from "./config-change.ts";
import type { ConfigEntry } from "./config-entries.ts";
import type { ProduceOptions } from "./produced-batch.ts";
import type { PastIdentity, ProducerIdentity } from "./producer-ids.ts";
import type { BrokerStats, Traffic } from "./stats.ts";
import type { TopicConfig } from "./topic-config.ts";
import type { UpkeepFigures } from "./upkeep.ts";
import type { Wait, Watched, WaitFor } from "./waiters.ts";
import type { Watermarks } from "./watermarks.ts";

/** A batch that is stored, now or since it came for the first time. */
export interface Produced {
  readonly baseOffset: Offset;
  /** Milliseconds since 1970; -1 unless the topic stamps the time of the append. */
  readonly logAppendTimeMs: number;
  readonly logStartOffset: Offset;
}

/** Where the records of a leader epoch end; -1 and -1: there was no such epoch. */
export interface EpochEnd {
  readonly leaderEpoch: number;
  readonly endOffset: number;
}

/** What a partition remembers of an idempotent producer (Kafka's DescribeProducers). */
export interface ProducerState {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  /** Of its newest record; milliseconds since 1970. */
  readonly lastTimestamp: number;
}

/** One partition of a topic: the broker's rules above its log. */
export interface Partition extends Watched {
  readonly topic: string;
  readonly index: number;
  /** What it stores; what is to be appended goes through {@link append} or {@link produce}. */
  readonly log: PartitionLog;
  readonly watermarks: Watermarks;
  /** Who hands records to a client counts them here. */
  readonly traffic: Traffic;
  /** The epoch of its leader: always the same, since one broker has always been it. */
  readonly leaderEpoch: number;

  /**
   * Takes one whole batch that was built in this process, as `PartitionLog.append` does, unless a
   * rule of the broker forbids it: MESSAGE_TOO_LARGE above `max.message.bytes`, INVALID_TIMESTAMP,
   * INVALID_RECORD without a key where the topic is compacted, UNKNOWN_TOPIC_OR_PARTITION once the
   * topic was deleted, DISK_FULL while the volume has less room than its reserve.
   */
  append(batch: Uint8Array): Appended | Refusal;

  /**
   * Takes what a client sends in one Produce request: exactly one batch. The order of calls is the
   * order of offsets. A batch of an idempotent producer that was here before is answered as it was
   * the first time. The bytes must not change until it is answered.
   *
   * Refuses as {@link append} does, and with CORRUPT_MESSAGE, INVALID_RECORD,
   * UNSUPPORTED_COMPRESSION_TYPE for what is no batch that a client may send (a `RecordsRefused`
   * says which records); with OUT_OF_ORDER_SEQUENCE_NUMBER, INVALID_PRODUCER_EPOCH; and with
   * whatever kept it from being stored.
   */
  produce(batch: Uint8Array, options?: ProduceOptions): Promise<Produced | Refusal>;

  /** As `PartitionLog.read`; UNKNOWN_TOPIC_OR_PARTITION once the topic was deleted. */
  read(from: Offset, bytesMax: number): LogRead | Refusal | Promise<LogRead | Refusal>;

  /**
   * Why its offsets say nothing: its log can't be opened, or the topic was deleted. Then they are
   * those of an empty log, and a consumer that believed them would go back to 0.
   */
  offsetsFault(): Refusal | null;

  /** As `PartitionLog.offsetForTime`, likewise. */
  offsetForTime(timestamp: number): Promise<TimedOffset | null | Refusal>;

  /**
   * Deletes all records before `before`; -1: all that can be read. Resolves to where the log starts
   * then. POLICY_VIOLATION where the topic does not delete; OFFSET_OUT_OF_RANGE.
   */
  deleteRecords(before: number): Promise<Offset | Refusal>;

  /**
   * Whether the leader epoch that a client knows is the current one; -1: it does not say.
   * UNKNOWN_LEADER_EPOCH, FENCED_LEADER_EPOCH: it is not.
   */
  leaderEpochFault(currentLeaderEpoch: number): Refusal | null;

  /** Where the records of `leaderEpoch` end. */
  endOfEpoch(leaderEpoch: number): EpochEnd;

  /** The idempotent producers, by id. */
  describeProducers(): Promise<readonly ProducerState[] | Refusal>;
}

/** A topic that may be written and read. */
export interface Topic {
  readonly name: string;
  /** A UUID, new for each creation: a re-created topic is another topic (KIP-516). */
  readonly id: string;
  /** May grow. */
  readonly partitions: readonly Partition[];
  /** What is in effect now. */
  readonly config: TopicConfig;
}

/** What a caller may ask for when it creates a topic. */
export interface NewTopic {
  readonly name: string;
  /** The broker's default if left out. */
  readonly partitionCount?: number;
  /** Kafka's configuration names to values, as text. */
  readonly config?: Readonly<Record<string, string>>;
}

/** What a topic would be. */
export interface TopicPlan {
  readonly name: string;
  readonly partitionCount: number;
  readonly config: TopicConfig;
}

/** The volume that a data directory is on; bytes. */
export interface Volume {
  readonly totalBytes: number;
  /** What may still be written. */
  readonly usableBytes: number;
}

/** Whether a change is made, or only looked at: everything but the change itself. */
export interface ChangeOptions {
  readonly validateOnly?: boolean;
}

/** Methods never throw and promises never reject: refusals are values. */
export interface Broker {
  readonly stats: BrokerStats;
  /** Idempotent producers that are remembered, each once for each of its partitions. */
  readonly producerCount: number;
  /** A topic that exists and is ready; the hot path: one map look-up. */
  topic(name: string): Topic | undefined;
  /** All topics, sorted by name. */
  topics(): readonly Topic[];
  /**
   * The topic, created with the broker's defaults if it does not exist and automatic creation is
   * on. Calls for one name while it is being created share that creation.
   */
  ensureTopic(name: string): Promise<Topic | Refusal>;
  /**
   * A new topic. INVALID_TOPIC_EXCEPTION, INVALID_PARTITIONS, INVALID_CONFIG, POLICY_VIOLATION,
   * TOPIC_ALREADY_EXISTS, DISK_FULL or KAFKA_STORAGE_ERROR: then nothing of it is left to see.
   */
  createTopic(wanted: NewTopic): Promise<Topic | Refusal>;
  /** What {@link createTopic} would make of it now, or why it would not. */
  planTopic(wanted: NewTopic): TopicPlan | Refusal;
  /** All configurations that a topic with this plan would have. */
  describePlannedConfig(plan: TopicPlan): readonly ConfigEntry[];
  /**
   * Gives a topic more partitions: `count` in all. INVALID_PARTITIONS: not more than there are, or
   * too many; and as {@link createTopic}. Records stay in the partition where they are.
   */
  createPartitions(name: string, count: number, options?: ChangeOptions): Promise<Refusal | null>;
  /**
   * Removes a topic and its records. Once this has begun, it is finished even if the broker dies;
   * a refusal means that it has not begun, and that the topic is still there.
   */
  deleteTopic(name: string): Promise<Refusal | null>;

  /** All configurations of a topic; UNKNOWN_TOPIC_OR_PARTITION. */
  describeTopicConfig(name: string): readonly ConfigEntry[] | Refusal;
  /** All configurations of the broker itself. */
  describeBrokerConfig(): readonly ConfigEntry[];
  /** Those that were set while it ran, for all topics that don't say. */
  describeBrokerDefaults(): readonly ConfigEntry[];
  /**
   * Changes the configuration of a topic, durably, then for all appends from now on.
   * UNKNOWN_TOPIC_OR_PARTITION, INVALID_CONFIG, INVALID_REQUEST.
   */
  alterTopicConfig(
    name: string,
    change: ConfigChange,
    options?: ChangeOptions,
  ): Promise<Refusal | null>;
  /** The same for what topics follow that don't say; INVALID_REQUEST: it is set at the start. */
  alterBrokerConfig(change: ConfigChange, options?: ChangeOptions): Promise<Refusal | null>;

  /** An identity for an idempotent producer; see `ProducerIds.init`. */
  initProducerId(past: PastIdentity): Promise<ProducerIdentity | Refusal>;
  /** Waits for records; see `waiters.ts`. */
  wait(wanted: WaitFor): Wait;
  /** What looking after logs has done since the start; `null`: nobody does. */
  readonly upkeep: UpkeepFigures | null;
  /** Where everything lies, as it is now; `null`: nobody knows. */
  volume(): Promise<Volume | null>;

  /** Flushes and closes every log, then the metadata. Afterwards all is SHUTTING_DOWN. */
  close(): Promise<void>;
}
