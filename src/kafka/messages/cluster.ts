/** The tables of what lies where: log directories, replicas, leaders, the quorum of controllers. */
import {
  api,
  bool,
  int16,
  int32,
  int8,
  list,
  roundedInt64,
  string,
  uint16,
  uuid,
} from "../../wire/table.ts";
import { logOffset, timestamp } from "./columns.ts";

const replica = {
  replicaId: int32,
  replicaDirectoryId: uuid.since(2),
  logEndOffset: logOffset,
  lastFetchTimestamp: timestamp.since(1).default(-1),
  lastCaughtUpTimestamp: timestamp.since(1).default(-1),
};

/** Log directories and what is in them. 3: `errorCode`. 4: the size of the volume (KIP-827). */
export const DescribeLogDirs = api(
  { name: "DescribeLogDirs", key: 35, versions: [1, 4], flexible: 2 },
  {
    // Null: all.
    topics: list({
      topic: string,
      partitions: list(int32),
    }).nullable(),
  },
  {
    throttleTimeMs: int32,
    errorCode: int16.since(3),
    results: list({
      errorCode: int16,
      logDir: string,
      topics: list({
        name: string,
        partitions: list({
          partitionIndex: int32,
          partitionSize: roundedInt64,
          offsetLag: roundedInt64,
          // Being moved here from another directory.
          isFutureKey: bool,
        }),
      }),
      totalBytes: roundedInt64.since(4).default(-1),
      usableBytes: roundedInt64.since(4).default(-1),
    }),
  },
);

/** Elects leaders. 1: unclean ones (KIP-460). */
export const ElectLeaders = api(
  { name: "ElectLeaders", key: 43, versions: [0, 2], flexible: 2 },
  {
    // 0: the preferred replica; 1: any, even if records are lost.
    electionType: int8.since(1),
    // Null: all.
    topicPartitions: list({
      topic: string,
      partitions: list(int32),
    }).nullable(),
    timeoutMs: int32.default(60_000),
  },
  {
    throttleTimeMs: int32,
    errorCode: int16.since(1),
    replicaElectionResults: list({
      topic: string,
      partitionResult: list({
        partitionId: int32,
        errorCode: int16,
        errorMessage: string.nullable(),
      }),
    }),
  },
);

/** Moves partitions to other brokers (KIP-455). 1: `allowReplicationFactorChange` (KIP-860). */
export const AlterPartitionReassignments = api(
  { name: "AlterPartitionReassignments", key: 45, versions: [0, 1], flexible: 0 },
  {
    timeoutMs: int32.default(60_000),
    allowReplicationFactorChange: bool.since(1).default(true),
    topics: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
        // Null: stop moving it.
        replicas: list(int32).nullable().default(null),
      }),
    }),
  },
  {
    throttleTimeMs: int32,
    allowReplicationFactorChange: bool.since(1).default(true),
    errorCode: int16,
    errorMessage: string.nullable(),
    responses: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable(),
      }),
    }),
  },
);

/** Partitions that are being moved (KIP-455). */
export const ListPartitionReassignments = api(
  { name: "ListPartitionReassignments", key: 46, versions: [0, 0], flexible: 0 },
  {
    timeoutMs: int32.default(60_000),
    // Null: all.
    topics: list({
      name: string,
      partitionIndexes: list(int32),
    })
      .nullable()
      .default(null),
  },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    errorMessage: string.nullable(),
    topics: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
        replicas: list(int32),
        addingReplicas: list(int32),
        removingReplicas: list(int32),
      }),
    }),
  },
);

/** The controllers of a cluster (KIP-595). 1: times of replicas (KIP-836). 2: `nodes` (KIP-853). */
export const DescribeQuorum = api(
  { name: "DescribeQuorum", key: 55, versions: [0, 2], flexible: 0 },
  {
    topics: list({
      topicName: string,
      partitions: list({
        partitionIndex: int32,
      }),
    }),
  },
  {
    errorCode: int16,
    errorMessage: string.since(2).nullable(),
    topics: list({
      topicName: string,
      partitions: list({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.since(2).nullable(),
        leaderId: int32,
        leaderEpoch: int32,
        highWatermark: logOffset,
        currentVoters: list(replica),
        observers: list(replica),
      }),
    }),
    nodes: list({
      nodeId: int32,
      listeners: list({
        name: string,
        host: string,
        port: uint16,
      }),
    }).since(2),
  },
);
