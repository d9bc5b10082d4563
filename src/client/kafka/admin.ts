/**
 * The administrator of a cluster: topics, configurations, records, offsets, groups.
 *
 * Methods that take several items answer for each of them, in their order: one that failed has an
 * `error` that names it, whatever became of the others. All other methods reject with a
 * {@link ClientError}; so does every one, with INVALID, where what it is given is of a wrong kind.
 * What passes by itself (a broker that restarts, a leader that has moved) is tried again until the
 * time of the call is over.
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
import {
  checkAdmin,
  checkAlterations,
  checkCommitments,
  checkListing,
  checkName,
  checkNames,
  checkNamesOrAll,
  checkNewPartitions,
  checkNewTopics,
  checkPartitions,
  checkPartitionsOrAll,
  checkQueries,
  checkRecordsBefore,
  checkReset,
  checkResources,
  checkTarget,
  checkValidate,
} from "./admin-given.ts";
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
    checkAdmin(options);
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

  async describeTopics(names: readonly string[]): Promise<readonly TopicMetadata[]> {
    checkNames(names);
    return await this.#calls.once(async () => {
      const topics = await this.cluster.topics(names);
      const found = new Map(topics.map((topic) => [topic.name, topic]));
      return names.flatMap((name) => found.get(name) ?? []);
    });
  }

  async createTopics(
    topics: readonly NewTopic[],
    options: ValidateOptions = {},
  ): Promise<readonly CreatedTopic[]> {
    checkNewTopics(topics);
    checkValidate(options);
    return await createTopics(this.#calls, topics, options);
  }

  async deleteTopics(names: readonly string[]): Promise<readonly TopicOutcome[]> {
    checkNames(names);
    return await deleteTopics(this.#calls, names);
  }

  async addPartitions(
    topics: readonly NewPartitions[],
    options: ValidateOptions = {},
  ): Promise<readonly TopicOutcome[]> {
    checkNewPartitions(topics);
    checkValidate(options);
    return await addPartitions(this.#calls, topics, options);
  }

  /** Gives up the oldest records of partitions. */
  async deleteRecords(records: readonly RecordsBefore[]): Promise<readonly DeletedRecords[]> {
    checkRecordsBefore(records);
    return await deleteRecords(this.#calls, records);
  }

  /** @param names of the settings; left out: all */
  async describeConfigs(
    resources: readonly ConfigResource[],
    names: readonly string[] | null = null,
  ): Promise<readonly DescribedConfigs[]> {
    checkResources(resources);
    checkNamesOrAll(names);
    return await describeConfigs(this.#calls, resources, names);
  }

  /** Changes single settings. */
  async alterConfigs(
    alterations: readonly ConfigAlteration[],
    options: ValidateOptions = {},
  ): Promise<readonly AlteredConfigs[]> {
    checkAlterations(alterations);
    checkValidate(options);
    const { validateOnly = false } = options;
    return await alterConfigs(this.#calls, alterations, validateOnly);
  }

  /** Places in logs; each partition once. */
  async listOffsets(
    queries: readonly OffsetQuery[],
    options: ListOffsetsOptions = {},
  ): Promise<readonly ListedOffset[]> {
    checkQueries(queries);
    checkListing(options);
    return await listOffsets(this.#calls, queries, options);
  }

  /** The producers that partitions remember. */
  async describeProducers(
    partitions: readonly TopicPartition[],
  ): Promise<readonly DescribedProducers[]> {
    checkPartitions(partitions);
    return await describeProducers(this.#calls, partitions);
  }

  /** The log directories of all brokers. */
  async describeLogDirectories(
    topics: readonly string[] | null = null,
  ): Promise<readonly LogDirectory[]> {
    checkNamesOrAll(topics);
    return await describeLogDirectories(this.#calls, topics);
  }

  listGroups(): Promise<readonly ListedGroup[]> {
    return listGroups(this.#calls);
  }

  async describeGroups(groupIds: readonly string[]): Promise<readonly DescribedGroup[]> {
    checkNames(groupIds);
    return await describeGroups(this.#calls, groupIds);
  }

  /** Deletes groups without members, and what they have committed. */
  async deleteGroups(groupIds: readonly string[]): Promise<readonly GroupOutcome[]> {
    checkNames(groupIds);
    return await deleteGroups(this.#calls, groupIds);
  }

  /** What a group has committed. @param partitions left out: wherever it has */
  async committedOffsets(
    groupId: string,
    partitions: readonly TopicPartition[] | null = null,
  ): Promise<readonly CommittedOffset[]> {
    checkName(groupId);
    checkPartitionsOrAll(partitions);
    return await committedOffsets(this.#calls, groupId, partitions);
  }

  /** How far a group is behind, in records and in seconds, in each partition. */
  async groupLag(groupId: string): Promise<readonly PartitionLag[]> {
    checkName(groupId);
    return await groupLag(this.#calls, groupId);
  }

  /** Sets what a group without members has committed. */
  async alterOffsets(
    groupId: string,
    offsets: readonly OffsetCommitment[],
  ): Promise<readonly PartitionOutcome[]> {
    checkName(groupId);
    checkCommitments(offsets);
    return await alterOffsets(this.#calls, groupId, offsets);
  }

  /** The same by a place in the logs; where it would be outside of them, their nearest end. */
  async resetOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
    target: ResetTarget,
    options: ResetOptions = {},
  ): Promise<readonly ResetOffset[]> {
    checkName(groupId);
    checkPartitions(partitions);
    checkTarget(target);
    checkReset(options);
    return await resetOffsets(this.#calls, groupId, partitions, target, options);
  }

  /** Deletes what a group has committed, for topics that no member of it reads. */
  async deleteOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<readonly PartitionOutcome[]> {
    checkName(groupId);
    checkPartitions(partitions);
    return await deleteOffsets(this.#calls, groupId, partitions);
  }

  /** Disconnects, unless the cluster is the caller's. */
  async close(): Promise<void> {
    if (this.ownsCluster) await this.cluster.close();
  }
}
