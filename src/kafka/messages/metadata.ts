/** The tables of finding one's way: which versions, brokers, topics, which coordinator. */
import {
  api,
  bool,
  int16,
  int32,
  int64,
  int8,
  list,
  string,
  struct,
  uuid,
} from "../../wire/table.ts";
import { authorizedOperations } from "./columns.ts";

/** A place among topics in order of their names. */
const cursor = { topicName: string, partitionIndex: int32 };

/**
 * Which versions of what this broker serves. Comes first on each connection, before any SASL.
 *
 * Its response has header version 0 in all versions, and an unknown version of it is answered in
 * version 0 (KIP-511): a client must be able to read it before it knows anything.
 */
export const ApiVersions = api(
  { name: "ApiVersions", key: 18, versions: [0, 4], flexible: 3 },
  {
    clientSoftwareName: string.since(3),
    clientSoftwareVersion: string.since(3),
  },
  {
    errorCode: int16,
    apiKeys: list({
      apiKey: int16,
      minVersion: int16,
      maxVersion: int16,
    }),
    throttleTimeMs: int32.since(1),
    // In version 3 without those whose `minVersion` is 0: clients can't read them (KAFKA-17011).
    supportedFeatures: list({
      name: string,
      minVersion: int16,
      maxVersion: int16,
    })
      .since(3)
      .tag(0),
    // -1: it is not known which features are finalized.
    finalizedFeaturesEpoch: int64.since(3).tag(1).default(-1),
    // `transaction.version` 2, `group.version` 1: clients use what KIP-890 and KIP-848 bring.
    finalizedFeatures: list({
      name: string,
      maxVersionLevel: int16,
      minVersionLevel: int16,
    })
      .since(3)
      .tag(2),
    zkMigrationReady: bool.since(3).tag(3),
  },
);

/**
 * Brokers and topics: where each partition is led.
 *
 * 0: no topic at all asks for all of them; 1: null does. 4: `allowAutoTopicCreation`. 7: leader
 * epochs. 8–10: what the asker may do with the cluster; then DescribeCluster says it. 10: topic
 * ids. 12: topics asked for by id. 13: `errorCode`.
 */
export const Metadata = api(
  { name: "Metadata", key: 3, versions: [0, 13], flexible: 9 },
  {
    topics: list({
      topicId: uuid.since(10),
      name: string.nullable(10),
    }).nullable(1),
    allowAutoTopicCreation: bool.since(4).default(true),
    includeClusterAuthorizedOperations: bool.since(8).until(10),
    includeTopicAuthorizedOperations: bool.since(8),
  },
  {
    throttleTimeMs: int32.since(3),
    brokers: list({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.since(1).nullable().default(null),
    }),
    clusterId: string.since(2).nullable().default(null),
    controllerId: int32.since(1).default(-1),
    topics: list({
      errorCode: int16,
      // Null where a topic that does not exist was asked for by its id.
      name: string.nullable(12),
      topicId: uuid.since(10),
      isInternal: bool.since(1),
      partitions: list({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.since(7).default(-1),
        replicaNodes: list(int32),
        isrNodes: list(int32),
        offlineReplicas: list(int32).since(5),
      }),
      topicAuthorizedOperations: authorizedOperations.since(8),
    }),
    clusterAuthorizedOperations: authorizedOperations.since(8).until(10),
    errorCode: int16.since(13),
  },
);

/** Brokers of the cluster (KIP-700). 1: `endpointType` (KIP-919). 2: fenced ones (KIP-1073). */
export const DescribeCluster = api(
  { name: "DescribeCluster", key: 60, versions: [0, 2], flexible: 0 },
  {
    includeClusterAuthorizedOperations: bool,
    // 1: brokers, 2: controllers.
    endpointType: int8.since(1).default(1),
    includeFencedBrokers: bool.since(2),
  },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: string.nullable().default(null),
    endpointType: int8.since(1).default(1),
    clusterId: string,
    controllerId: int32.default(-1),
    brokers: list({
      brokerId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
      isFenced: bool.since(2),
    }),
    clusterAuthorizedOperations: authorizedOperations,
  },
);

/** Topics, a page at a time (KIP-966). Clients fall back to Metadata where it is missing. */
export const DescribeTopicPartitions = api(
  { name: "DescribeTopicPartitions", key: 75, versions: [0, 0], flexible: 0 },
  {
    topics: list({
      name: string,
    }),
    responsePartitionLimit: int32.default(2_000),
    // Where to go on: the first topic and partition to answer; topics come in order of names.
    cursor: struct(cursor).nullable().default(null),
  },
  {
    throttleTimeMs: int32,
    topics: list({
      errorCode: int16,
      name: string.nullable(),
      topicId: uuid,
      isInternal: bool,
      partitions: list({
        errorCode: int16,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.default(-1),
        replicaNodes: list(int32),
        isrNodes: list(int32),
        eligibleLeaderReplicas: list(int32).nullable().default(null),
        lastKnownElr: list(int32).nullable().default(null),
        offlineReplicas: list(int32),
      }),
      topicAuthorizedOperations: authorizedOperations,
    }),
    // Null: this is the last page.
    nextCursor: struct(cursor).nullable().default(null),
  },
);

/**
 * Which broker coordinates a group, a transaction or a share group.
 *
 * 1: `keyType`. 4: many keys at once (KIP-699). 5: TRANSACTION_ABORTABLE. 6: share groups
 * (KIP-932).
 */
export const FindCoordinator = api(
  { name: "FindCoordinator", key: 10, versions: [0, 6], flexible: 3 },
  {
    key: string.until(3),
    // 0: group, 1: transaction, 2: share group.
    keyType: int8.since(1),
    coordinatorKeys: list(string).since(4),
  },
  {
    throttleTimeMs: int32.since(1),
    errorCode: int16.until(3),
    errorMessage: string.since(1).until(3).nullable(),
    nodeId: int32.until(3),
    host: string.until(3),
    port: int32.until(3),
    coordinators: list({
      key: string,
      nodeId: int32,
      host: string,
      port: int32,
      errorCode: int16,
      errorMessage: string.nullable(),
    }).since(4),
  },
);
