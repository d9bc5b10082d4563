/**
 * The metadata store: everything the broker must remember that is not records. One interface;
 * `sql.ts` implements it on SQLite, and a cluster will with the same statements on PostgreSQL.
 *
 * Each kind of thing has a store of its own, a member of {@link Metadata}: `topics`, `groups`.
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
  /** Changes the number of its partitions. UNKNOWN_TOPIC_OR_PARTITION if the id is not there. */
  setPartitionCount(id: string, partitionCount: number): Promise<Refusal | null>;
  /** Replaces its whole configuration. UNKNOWN_TOPIC_OR_PARTITION if the id is not there. */
  setConfig(id: string, config: TopicRow["config"]): Promise<Refusal | null>;
  /** Forgets a topic and its configuration. An id that is not there is no error. */
  remove(id: string): Promise<Refusal | null>;
}

/** What was set for the whole broker while it ran: Kafka's names to values, as they were given. */
export interface BrokerConfigStore {
  all(): Promise<Readonly<Record<string, string>> | Refusal>;
  /** Replaces all of it. */
  replace(config: Readonly<Record<string, string>>): Promise<Refusal | null>;
}

/** What the cluster is known by. */
export interface ClusterStore {
  /** The id that was chosen first; `proposed` if none was. */
  id(proposed: string): Promise<string | Refusal>;
}

/** The ids of idempotent producers. */
export interface ProducerIdStore {
  /**
   * Reserves `count` ids, which nobody is given again, whatever becomes of the caller.
   * @param least the first one is at least this
   * @returns the first of them
   */
  reserve(count: number, least: number): Promise<number | Refusal>;
}

/** One assignment strategy that a member of a group offers, with what it tells the leader. */
export interface GroupProtocol {
  readonly name: string;
  /** Opaque to the broker. */
  readonly metadata: Uint8Array;
}

/** One member of a generation, in the words of Kafka's GroupMetadataValue. */
export interface GroupMemberRow {
  readonly memberId: string;
  /** Of a static member (KIP-345). */
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  /** All that the member offers, in its order of preference. */
  readonly protocols: readonly GroupProtocol[];
  /** What the leader gave it; opaque to the broker. */
  readonly assignment: Uint8Array;
}

/** One generation of a group: stable, or without members. */
export interface GroupRow {
  readonly groupId: string;
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  /** The member id of the leader. */
  readonly leader: string | null;
  /** When the group came into its state; milliseconds since 1970. */
  readonly currentStateTimestamp: number;
  /** In the order in which they joined. */
  readonly members: readonly GroupMemberRow[];
}

/** What a group has committed for one partition. */
export interface OffsetRow {
  readonly topic: string;
  readonly partitionIndex: number;
  readonly committedOffset: number;
  /** Of the last record that was read; -1 if the client did not say. */
  readonly committedLeaderEpoch: number;
  /** Whatever text the client wants to have back. */
  readonly metadata: string;
  /** Milliseconds since 1970. */
  readonly commitTimestamp: number;
  /** For clients that ask for a time of their own (OffsetCommit 2 to 4). */
  readonly expireTimestamp: number | null;
}

/** A partition, by name. */
export interface PartitionName {
  readonly topic: string;
  readonly partitionIndex: number;
}

/** One change of one group. */
export type GroupChange =
  /** This generation takes the place of the one that was there. */
  | { readonly kind: "generation"; readonly groupId: string; readonly row: GroupRow }
  /** These offsets are committed. A group that only commits offsets has no generation. */
  | { readonly kind: "commit"; readonly groupId: string; readonly offsets: readonly OffsetRow[] }
  /** These offsets are forgotten; one that is not there is no error. */
  | {
      readonly kind: "forget";
      readonly groupId: string;
      readonly partitions: readonly PartitionName[];
    }
  /** The group is forgotten with all that it has. */
  | { readonly kind: "remove"; readonly groupId: string };

/** All that is remembered of one group. */
export interface StoredGroup {
  readonly groupId: string;
  /** `null` for a group that only commits offsets. */
  readonly row: GroupRow | null;
  readonly offsets: readonly OffsetRow[];
}

/** The consumer groups. Strings may be any well-formed text, U+0000 included. */
export interface GroupStore {
  /** All groups, in no particular order; KAFKA_STORAGE_ERROR if a row makes no sense. */
  all(): Promise<readonly StoredGroup[] | Refusal>;
  /** Makes the changes, in their order, all of them or none. */
  apply(changes: readonly GroupChange[]): Promise<Refusal | null>;
}

/** See the head of this file. */
export interface Metadata {
  readonly topics: TopicStore;
  readonly groups: GroupStore;
  readonly brokerConfigs: BrokerConfigStore;
  readonly producerIds: ProducerIdStore;
  readonly cluster: ClusterStore;
  /** Waits for what is under way and closes. Closing twice is allowed. */
  close(): Promise<void>;
}
