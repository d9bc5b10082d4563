/**
 * The administrator of a cluster: topics, configurations, records, offsets, groups.
 *
 * Methods that take several items answer for each of them, in their order: one that failed has an
 * `error` that names it, whatever became of the others. All other methods reject with a
 * {@link ClientError}. What passes by itself (a broker that restarts, a leader that has moved) is
 * tried again until the time of the call is over.
 *
 *     const admin = await Admin.open({ brokers: ["127.0.0.1:9092"] });
 *     const [orders] = await admin.createTopics([{ name: "orders", partitionCount: 3 }]);
 */
import { clientAdminMsMax } from "../../limits.ts";
import { AdminCalls } from "./admin-calls.ts";
import {
  alterOffsets,
  committedOffsets,
  deleteOffsets,
  resetOffsets,
  type CommittedOffset,
  type OffsetCommitment,
  type PartitionOutcome,
  type ResetOffset,
  type ResetOptions,
  type ResetTarget,
} from "./admin-commits.ts";
import {
  alterConfigs,
  describeConfigs,
  type AlteredConfigs,
  type ConfigAlteration,
  type ConfigResource,
  type DescribedConfigs,
} from "./admin-configs.ts";
import {
  deleteGroups,
  describeGroups,
  listGroups,
  type DescribedGroup,
  type GroupOutcome,
  type ListedGroup,
} from "./admin-groups.ts";
import { groupLag, type PartitionLag } from "./admin-lag.ts";
import { describeLogDirectories, type LogDirectory } from "./admin-log-dirs.ts";
import {
  describeProducers,
  listOffsets,
  type DescribedProducers,
  type ListedOffset,
  type ListOffsetsOptions,
  type OffsetQuery,
} from "./admin-offsets.ts";
import {
  addPartitions,
  createTopics,
  deleteRecords,
  deleteTopics,
  type CreatedTopic,
  type DeletedRecords,
  type NewPartitions,
  type NewTopic,
  type RecordsBefore,
  type TopicOutcome,
  type ValidateOptions,
} from "./admin-topics.ts";
import { systemWorld, type ClientWorld } from "./client-world.ts";
import { Cluster, type ClusterMetadata, type ClusterOptions } from "./cluster.ts";
import type { TopicMetadata } from "./topic-metadata.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** A cluster to connect to, or one that is there and stays open when the admin is closed. */
export type AdminOptions = (ClusterOptions | { readonly cluster: Cluster }) & {
  /** Of one call, all its attempts together, in milliseconds. */
  readonly timeoutMs?: number;
};

/** See the head of this file. */
export class Admin {
  readonly #calls: AdminCalls;

  private constructor(
    private readonly cluster: Cluster,
    private readonly ownsCluster: boolean,
    timeoutMs: number,
  ) {
    this.#calls = new AdminCalls(cluster, timeoutMs);
  }

  static async open(options: AdminOptions, world: ClientWorld = systemWorld): Promise<Admin> {
    const { timeoutMs = clientAdminMsMax } = options;
    if ("cluster" in options) return new Admin(options.cluster, false, timeoutMs);
    return new Admin(await Cluster.open(options, world), true, timeoutMs);
  }

  /** Which brokers there are, who is the controller. */
  describeCluster(): Promise<ClusterMetadata> {
    return this.#calls.once(() => this.cluster.describe());
  }

  /** All topics, by name. */
  async listTopics(): Promise<readonly TopicMetadata[]> {
    const topics = await this.#calls.once(() => this.cluster.topics(null));
    return topics.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  describeTopics(names: readonly string[]): Promise<readonly TopicMetadata[]> {
    return this.#calls.once(async () => {
      const topics = await this.cluster.topics(names);
      const found = new Map(topics.map((topic) => [topic.name, topic]));
      return names.flatMap((name) => found.get(name) ?? []);
    });
  }

  createTopics(
    topics: readonly NewTopic[],
    options: ValidateOptions = {},
  ): Promise<readonly CreatedTopic[]> {
    return createTopics(this.#calls, topics, options);
  }

  deleteTopics(names: readonly string[]): Promise<readonly TopicOutcome[]> {
    return deleteTopics(this.#calls, names);
  }

  addPartitions(
    topics: readonly NewPartitions[],
    options: ValidateOptions = {},
  ): Promise<readonly TopicOutcome[]> {
    return addPartitions(this.#calls, topics, options);
  }

  /** Gives up the oldest records of partitions. */
  deleteRecords(records: readonly RecordsBefore[]): Promise<readonly DeletedRecords[]> {
    return deleteRecords(this.#calls, records);
  }

  /** @param names of the settings; left out: all */
  describeConfigs(
    resources: readonly ConfigResource[],
    names: readonly string[] | null = null,
  ): Promise<readonly DescribedConfigs[]> {
    return describeConfigs(this.#calls, resources, names);
  }

  /** Changes single settings. */
  alterConfigs(
    alterations: readonly ConfigAlteration[],
    { validateOnly = false }: ValidateOptions = {},
  ): Promise<readonly AlteredConfigs[]> {
    return alterConfigs(this.#calls, alterations, validateOnly);
  }

  /** Places in logs; each partition once. */
  listOffsets(
    queries: readonly OffsetQuery[],
    options: ListOffsetsOptions = {},
  ): Promise<readonly ListedOffset[]> {
    return listOffsets(this.#calls, queries, options);
  }

  /** The producers that partitions remember. */
  describeProducers(partitions: readonly TopicPartition[]): Promise<readonly DescribedProducers[]> {
    return describeProducers(this.#calls, partitions);
  }

  /** The log directories of all brokers. */
  describeLogDirectories(
    topics: readonly string[] | null = null,
  ): Promise<readonly LogDirectory[]> {
    return describeLogDirectories(this.#calls, topics);
  }

  listGroups(): Promise<readonly ListedGroup[]> {
    return listGroups(this.#calls);
  }

  describeGroups(groupIds: readonly string[]): Promise<readonly DescribedGroup[]> {
    return describeGroups(this.#calls, groupIds);
  }

  /** Deletes groups without members, and what they have committed. */
  deleteGroups(groupIds: readonly string[]): Promise<readonly GroupOutcome[]> {
    return deleteGroups(this.#calls, groupIds);
  }

  /** What a group has committed. @param partitions left out: wherever it has */
  committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[] | null = null,
  ): Promise<readonly CommittedOffset[]> {
    return committedOffsets(this.#calls, groupId, partitions);
  }

  /** How far a group is behind, in records and in seconds, in each partition. */
  groupLag(groupId: string): Promise<readonly PartitionLag[]> {
    return groupLag(this.#calls, groupId);
  }

  /** Sets what a group without members has committed. */
  alterOffsets(
    groupId: string,
    offsets: readonly OffsetCommitment[],
  ): Promise<readonly PartitionOutcome[]> {
    return alterOffsets(this.#calls, groupId, offsets);
  }

  /** The same by a place in the logs; where it would be outside of them, their nearest end. */
  resetOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    target: ResetTarget,
    options: ResetOptions = {},
  ): Promise<readonly ResetOffset[]> {
    return resetOffsets(this.#calls, groupId, partitions, target, options);
  }

  /** Deletes what a group has committed, for topics that no member of it reads. */
  deleteOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<readonly PartitionOutcome[]> {
    return deleteOffsets(this.#calls, groupId, partitions);
  }

  /** Disconnects, unless the cluster is the caller's. */
  async close(): Promise<void> {
    if (this.ownsCluster) await this.cluster.close();
  }
}
