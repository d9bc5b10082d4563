/** What a cluster tells of a topic, in the form that programs get. */
import type { apis } from "../../kafka/apis.ts";
import { noUuid, type ResponseOf } from "../../wire/table.ts";
import { type ClientError, kafkaError } from "./client-error.ts";

/** One partition, as the cluster tells it. */
export interface PartitionMetadata {
  readonly partition: number;
  /** -1: nobody leads it at the moment. */
  readonly leaderId: number;
  /** -1: the broker is too old to tell. */
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly inSyncReplicas: readonly number[];
  readonly offlineReplicas: readonly number[];
}

/** One topic, as the cluster tells it. */
export interface TopicMetadata {
  readonly name: string;
  /** `noUuid`: the broker is too old to have topic ids. */
  readonly topicId: string;
  readonly isInternal: boolean;
  /** In the order of their numbers; none if there is an error. */
  readonly partitions: readonly PartitionMetadata[];
  readonly error: ClientError | null;
}

/** A topic, as the protocol has it. */
export type MetadataTopic = ResponseOf<typeof apis.Metadata>["topics"][number];

/** What Metadata answers for a topic that was asked for by its name. */
export function topicMetadata(row: MetadataTopic): TopicMetadata {
  const name = row.name ?? "";
  return {
    name,
    topicId: row.topicId,
    isInternal: row.isInternal,
    error: kafkaError(row.errorCode, `looking up topic ${name}`),
    partitions: row.partitions
      .map(
        ({ partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes, offlineReplicas }) => ({
          partition: partitionIndex,
          leaderId,
          leaderEpoch,
          replicas: replicaNodes,
          inSyncReplicas: isrNodes,
          offlineReplicas,
        }),
      )
      .sort((a, b) => a.partition - b.partition),
  };
}

/** One of the partitions of a topic, in their order: as a rule it has as many before it. */
export function partitionIn(
  partitions: readonly PartitionMetadata[],
  partition: number,
): PartitionMetadata | undefined {
  const there = partitions[partition];
  if (there?.partition === partition) return there;
  return partitions.find((each) => each.partition === partition);
}

/** The columns of Metadata that ask for a topic by its name. */
export const topicByName = (name: string): { topicId: string; name: string } => ({
  topicId: noUuid,
  name,
});
