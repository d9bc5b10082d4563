/**
 * The metadata store: everything the broker must remember that is not records. One interface;
 * `sql.ts` implements it on SQLite, and a cluster will with the same statements on PostgreSQL.
 *
 * Each kind of thing has a store of its own, a member of {@link Metadata}: `topics` is the first.
 * Methods never throw and promises never reject: a refusal is KAFKA_STORAGE_ERROR with the
 * database's reason, DISK_FULL, or SHUTTING_DOWN after `close`, unless a method says more. What a
 * method has resolved to without a refusal is on the device.
 */
import type { Refusal } from "../base/refusal.ts";

/**
 * Where a topic is in its life (see `broker/topic-life.ts`).
 * - `creating`: its name is taken, its directories may be missing; nobody has seen it.
 * - `ready`: it may be written and read.
 * - `deleting`: nobody sees it any more; its files may still be there.
 */
export type TopicState = "creating" | "ready" | "deleting";

/** All that is remembered of one topic. */
export interface TopicRow {
  /** A UUID, in its usual text form. */
  readonly id: string;
  readonly name: string;
  readonly partitionCount: number;
  readonly state: TopicState;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** What was set for this topic: Kafka's configuration names to values, as they were given. */
  readonly config: Readonly<Record<string, string>>;
}

/** The topics. Names are unique, in whatever state. */
export interface TopicStore {
  /** All topics, in no particular order; KAFKA_STORAGE_ERROR if a row makes no sense. */
  all(): Promise<readonly TopicRow[] | Refusal>;
  /** Adds a topic. TOPIC_ALREADY_EXISTS if its name is taken. */
  insert(topic: TopicRow): Promise<Refusal | null>;
  /** Moves a topic to another state. UNKNOWN_TOPIC_OR_PARTITION if the id is not there. */
  setState(id: string, state: TopicState): Promise<Refusal | null>;
  /** Forgets a topic and its configuration. An id that is not there is no error. */
  remove(id: string): Promise<Refusal | null>;
}

/** See the head of this file. */
export interface Metadata {
  readonly topics: TopicStore;
  /** Waits for what is under way and closes. Closing twice is allowed. */
  close(): Promise<void>;
}
