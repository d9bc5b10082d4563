/**
 * The broker's verbs, in no protocol's words: which topics there are, and appending to and reading
 * from their partitions. `create-broker.ts` makes the one implementation; it is handed its logs,
 * metadata, clock and randomness, so the same code runs in a simulator.
 */
import type { Appended, PartitionLog } from "../log/log.ts";
import type { Refusal } from "../base/refusal.ts";
import type { TopicConfig } from "./topic-config.ts";

/** One partition of a topic: the broker's rules above its log. */
export interface Partition {
  readonly topic: string;
  readonly index: number;
  /** For reading; what is to be appended goes through {@link append}. */
  readonly log: PartitionLog;
  /**
   * Takes one whole, checked batch, as `PartitionLog.append` does, unless a rule of the broker
   * forbids it: MESSAGE_TOO_LARGE above `max.message.bytes`, UNKNOWN_TOPIC_OR_PARTITION once the
   * topic was deleted, DISK_FULL while the volume has less room than its reserve.
   */
  append(batch: Uint8Array): Appended | Refusal;
}

/** A topic that may be written and read. */
export interface Topic {
  readonly name: string;
  /** A UUID, new for each creation: a re-created topic is another topic (KIP-516). */
  readonly id: string;
  readonly partitions: readonly Partition[];
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

/** Methods never throw and promises never reject: refusals are values. */
export interface Broker {
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
  /**
   * Removes a topic and its records. Once this has begun, it is finished even if the broker dies;
   * a refusal means that it has not begun, and that the topic is still there.
   */
  deleteTopic(name: string): Promise<Refusal | null>;
  /** Flushes and closes every log, then the metadata. Afterwards all is SHUTTING_DOWN. */
  close(): Promise<void>;
}
