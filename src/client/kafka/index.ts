/**
 * The library over Kafka's protocol, for Obelisk and any other broker that speaks it (Kafka 0.11
 * and later): `import { Producer, Consumer, Admin } from "obelisk/kafka"`.
 */
export { Admin, type AdminOptions } from "./admin.ts";
export type { Outcome } from "./admin-calls.ts";
export type {
  CommittedOffset,
  OffsetCommitment,
  PartitionOutcome,
  ResetOffset,
  ResetOptions,
  ResetTarget,
} from "./admin-commits.ts";
export type {
  AlteredConfigs,
  ConfigAlteration,
  ConfigChange,
  ConfigEntry,
  ConfigResource,
  DescribedConfigs,
} from "./admin-configs.ts";
export type { DescribedGroup, GroupMember, GroupOutcome, ListedGroup } from "./admin-groups.ts";
export type { PartitionLag } from "./admin-lag.ts";
export type { LogDirectory, LogDirectoryPartition } from "./admin-log-dirs.ts";
export type {
  ActiveProducer,
  DescribedProducers,
  ListedOffset,
  ListOffsetsOptions,
  OffsetPlace,
  OffsetQuery,
} from "./admin-offsets.ts";
export type {
  CreatedTopic,
  DeletedRecords,
  NewPartitions,
  NewTopic,
  RecordsBefore,
  TopicOutcome,
  ValidateOptions,
} from "./admin-topics.ts";
export { ClientError, type ClientErrorCode } from "./client-error.ts";
export { DamageError } from "./damage-error.ts";
export type { ClientWorld } from "./client-world.ts";
export { Cluster, type ClusterMetadata, type ClusterOptions, type Node } from "./cluster.ts";
export { Consumer, type ProcessedOffset, type SkippedOffsets } from "./consumer.ts";
export type { AssignorName, ConsumerOptions } from "./consumer-options.ts";
export type { ConsumerMessage } from "../consumer-message.ts";
export type { ConsumerWarning } from "../consumer-warning.ts";
export {
  DeliveryError,
  Producer,
  type Partitioner,
  type ProducerHeader,
  type ProducerOptions,
  type ProducerRecord,
  type RecordMetadata,
} from "./producer.ts";
export type { PartitionMetadata, TopicMetadata } from "./topic-metadata.ts";
export type { TopicPartition } from "./topic-partition.ts";
