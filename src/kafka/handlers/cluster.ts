/**
 * DescribeLogDirs, ElectLeaders, AlterPartitionReassignments, ListPartitionReassignments,
 * DescribeQuorum: what lies where. Everything lies here, and is led from here.
 *
 * ElectLeaders
 * - Every partition is led as it should be, which Kafka calls ELECTION_NOT_NEEDED; where all are
 *   asked for, only those that were elected are told, which are none.
 * AlterPartitionReassignments
 * - A partition may be moved to where it is; nothing is ever under way.
 * DescribeQuorum
 * - One controller, which is this broker, and up to date whenever it is asked. There is no log of
 *   metadata, so its end is 0.
 */
import { offset } from "../../base/brands.ts";
import type { Topic } from "../../broker/broker.ts";
import { noUuid, type ResponseOf } from "../../wire/table.ts";
import { Fault } from "../fault.ts";
import {
  endpointFor,
  type Handler,
  type Handlers,
  leaderEpoch,
  nodeId,
  type RequestContext,
} from "../handler.ts";
import type * as tables from "../messages/cluster.ts";

const describeLogDirs: Handler<"DescribeLogDirs"> = async (request, { services }) => {
  const { broker, dataDirectory: logDir } = services;
  const topics = request.topics
    ? [...together(request.topics)].flatMap(([name, indexes]) => {
        const topic = broker.topic(name);
        return topic === undefined ? [] : logDirTopic(topic, indexes);
      })
    : broker.topics().map((topic) => logDirTopic(topic, null));
  const { totalBytes, usableBytes } = (await broker.volume()) ?? unknownVolume;
  const result = { errorCode: 0, logDir, topics, totalBytes, usableBytes };
  return { throttleTimeMs: 0, errorCode: 0, results: [result] };
};

/** The partitions of each topic, named once, however often the request names it. */
function together(
  topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): ReadonlyMap<string, ReadonlySet<number>> {
  const all = new Map<string, Set<number>>();
  for (const { topic, partitions } of topics) {
    const indexes = all.get(topic) ?? new Set();
    for (const index of partitions) indexes.add(index);
    all.set(topic, indexes);
  }
  return all;
}

const unknownVolume = { totalBytes: -1, usableBytes: -1 };

type LogDirTopic = ResponseOf<typeof tables.DescribeLogDirs>["results"][number]["topics"][number];

function logDirTopic(
  { name, partitions }: Topic,
  indexes: ReadonlySet<number> | null,
): LogDirTopic {
  const wanted = partitions.filter(({ index }) => indexes?.has(index) ?? true);
  return {
    name,
    partitions: wanted.map(({ index: partitionIndex, log }) => {
      return { partitionIndex, partitionSize: log.sizeBytes, offsetLag: 0, isFutureKey: false };
    }),
  };
}

const electLeaders: Handler<"ElectLeaders"> = (request, context) => ({
  throttleTimeMs: 0,
  errorCode: 0,
  replicaElectionResults: (request.topicPartitions ?? []).map(({ topic, partitions }) => ({
    topic,
    partitionResult: partitions.map((partitionId) => {
      const { code, message } =
        missing(topic, partitionId, context) ?? Fault.plain("ELECTION_NOT_NEEDED");
      return { partitionId, errorCode: code, errorMessage: message };
    }),
  })),
});

const missing = (name: string, index: number, { services }: RequestContext): Fault | null =>
  services.broker.topic(name)?.partitions[index] === undefined
    ? Fault.plain("UNKNOWN_TOPIC_OR_PARTITION")
    : null;

const alterPartitionReassignments: Handler<"AlterPartitionReassignments"> = (request, context) => ({
  throttleTimeMs: 0,
  allowReplicationFactorChange: request.allowReplicationFactorChange,
  errorCode: 0,
  errorMessage: null,
  responses: request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, replicas }) => {
      const fault = missing(name, partitionIndex, context) ?? moveFault(replicas);
      const errorMessage = fault?.message ?? null;
      return { partitionIndex, errorCode: fault?.code ?? 0, errorMessage };
    }),
  })),
});

function moveFault(replicas: readonly number[] | null): Fault | null {
  if (replicas === null) return Fault.plain("NO_REASSIGNMENT_IN_PROGRESS");
  if (replicas.length === 1 && replicas[0] === nodeId) return null;
  const message = `there is no broker but ${nodeId} to move it to`;
  return new Fault("INVALID_REPLICA_ASSIGNMENT", message);
}

const listPartitionReassignments: Handler<"ListPartitionReassignments"> = () => {
  return { throttleTimeMs: 0, errorCode: 0, errorMessage: null, topics: [] };
};

/** The topic that Kafka keeps its metadata in. */
const metadataTopic = "__cluster_metadata";

type QuorumPartition = ResponseOf<
  typeof tables.DescribeQuorum
>["topics"][number]["partitions"][number];

const describeQuorum: Handler<"DescribeQuorum"> = (request, context) => ({
  errorCode: 0,
  errorMessage: null,
  topics: request.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) => {
      const isThere = topicName === metadataTopic && partitionIndex === 0;
      const fault = isThere ? null : Fault.plain("UNKNOWN_TOPIC_OR_PARTITION");
      return quorumPartition(partitionIndex, fault, context.services.clock.now());
    }),
  })),
  nodes: [{ nodeId, listeners: [{ name: "PLAINTEXT", ...endpointFor(context) }] }],
});

const quorumPartition = (
  partitionIndex: number,
  fault: Fault | null,
  now: number,
): QuorumPartition => ({
  partitionIndex,
  errorCode: fault?.code ?? 0,
  errorMessage: fault?.message ?? null,
  leaderId: fault === null ? nodeId : -1,
  leaderEpoch: fault === null ? leaderEpoch : -1,
  highWatermark: offset(fault === null ? 0 : -1),
  currentVoters: fault === null ? [thisReplica(now)] : [],
  observers: [],
});

/** A leader has always just seen what it has, as in Kafka. */
const thisReplica = (now: number): QuorumPartition["currentVoters"][number] => ({
  replicaId: nodeId,
  replicaDirectoryId: noUuid,
  logEndOffset: offset(0),
  lastFetchTimestamp: now,
  lastCaughtUpTimestamp: now,
});

export const handlers = {
  AlterPartitionReassignments: alterPartitionReassignments,
  DescribeLogDirs: describeLogDirs,
  DescribeQuorum: describeQuorum,
  ElectLeaders: electLeaders,
  ListPartitionReassignments: listPartitionReassignments,
} satisfies Partial<Handlers>;
