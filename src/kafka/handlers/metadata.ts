/**
 * ApiVersions, Metadata, DescribeCluster, DescribeTopicPartitions, FindCoordinator: which versions,
 * brokers and topics there are, and where. There is one broker, which leads and coordinates all.
 *
 * ApiVersions
 * - An unknown version is answered in version 0, with UNSUPPORTED_VERSION and what is served.
 * - From version 3 on the client's name and version must be what Kafka allows (KIP-511).
 * - No features: what they stand for (KIP-584) is not there yet.
 *
 * Metadata
 * - Creates topics that are asked for by name, where request and broker allow it, and answers once
 *   they are there: no client ever sees LEADER_NOT_AVAILABLE.
 * - Versions 10 and 11 carry ids, and take none. From 12 on a topic is asked for by either.
 *
 * DescribeTopicPartitions
 * - Pages of at most `responsePartitionLimit` partitions, in the order of names; all topics where
 *   none is named. A partition that is not there any more ends its topic.
 *
 * FindCoordinator
 * - Groups only. Transactions and share groups are refused with a reason, which clients show.
 * - Before version 4 transactions are refused with TRANSACTIONAL_ID_AUTHORIZATION_FAILED: it alone
 *   makes librdkafka give up at once, which asks again on any other error until its time is over,
 *   and it shows the reason. Later versions are Java's and franz-go's, which give up on any error,
 *   and Java has its own words for that one.
 */
import { Refusal } from "../../base/refusal.ts";
import type { Topic } from "../../broker/broker.ts";
import { paced } from "../../broker/paced.ts";
import { kafkaCreationsMax, kafkaDescribedPartitionsMax } from "../../limits.ts";
import { noUuid, type ResponseOf } from "../../wire/table.ts";
import { advertised, isServed } from "../apis.ts";
import { errors, type ErrorName, refusalErrors } from "../errors.ts";
import {
  endpointFor,
  type Handler,
  type Handlers,
  leaderEpoch,
  nodeId,
  type RequestContext,
} from "../handler.ts";
import * as tables from "../messages/metadata.ts";
import { allowedOperations } from "../operations.ts";
import { unique } from "../unique.ts";

const noFeatures = {
  supportedFeatures: [],
  finalizedFeaturesEpoch: -1,
  finalizedFeatures: [],
  zkMigrationReady: false,
};

/** What a client may call itself and its version (KIP-511). */
const softwarePattern = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

const apiVersions: Handler<"ApiVersions"> = (request, { apiVersion }) => {
  const answer = (error: ErrorName, apiKeys: typeof advertised): ApiVersionsResponse => {
    return { errorCode: errors[error].code, apiKeys, throttleTimeMs: 0, ...noFeatures };
  };
  if (!isServed(tables.ApiVersions, apiVersion)) return answer("UNSUPPORTED_VERSION", advertised);
  const { clientSoftwareName: name, clientSoftwareVersion: version } = request;
  const isNamed = softwarePattern.test(name) && softwarePattern.test(version);
  return apiVersion >= 3 && !isNamed ? answer("INVALID_REQUEST", []) : answer("NONE", advertised);
};
type ApiVersionsResponse = ResponseOf<typeof tables.ApiVersions>;

type MetadataTopic = ResponseOf<typeof tables.Metadata>["topics"][number];

const metadata: Handler<"Metadata"> = (request, context) => {
  const { services, apiVersion } = context;
  const isAll = request.topics === null || (apiVersion === 0 && request.topics.length === 0);
  const wanted =
    isAll || request.topics === null ? services.broker.topics() : askedTopics(request.topics);
  const topics = wanted.map((topic) => {
    if ("partitions" in topic) return topic;
    return soughtTopic(topic, request.allowAutoTopicCreation, context);
  });
  const answer = (found: readonly FoundTopic[]): ResponseOf<typeof tables.Metadata> => ({
    throttleTimeMs: 0,
    brokers: [{ nodeId, ...endpointFor(context), rack: null }],
    clusterId: services.clusterId,
    controllerId: nodeId,
    topics: found.map((topic) => {
      return metadataTopic(topic, request.includeTopicAuthorizedOperations);
    }),
    clusterAuthorizedOperations: allowedOperations(
      "cluster",
      request.includeClusterAuthorizedOperations,
    ),
    errorCode: 0,
  });
  const known = topics.filter((topic): topic is FoundTopic => typeof topic !== "function");
  if (known.length === topics.length) return answer(known);
  return paced(
    topics,
    services,
    (topic) => (typeof topic === "function" ? topic() : topic),
    kafkaCreationsMax,
  ).then(answer);
};

interface AskedTopic {
  readonly name: string | null;
  readonly topicId: string;
}

/** Each once, as in Kafka: a topic of many partitions, named often, would fill the memory. */
const askedTopics = (topics: readonly AskedTopic[]): AskedTopic[] =>
  unique(topics, ({ name, topicId }) => `${topicId} ${name ?? ""}`);

/** A topic, or what to say of one that is not there. */
type FoundTopic = Topic | { readonly name: string | null; readonly id: string; error: ErrorName };

/** A topic that was asked for; a function if it has to be created first. */
function soughtTopic(
  { name, topicId }: AskedTopic,
  isCreated: boolean,
  { services, apiVersion }: RequestContext,
): FoundTopic | (() => Promise<FoundTopic>) {
  const { broker, topicIds } = services;
  const byId = topicId !== noUuid;
  if (apiVersion < 12 && (byId || name === null)) {
    return { name: name ?? "", id: topicId, error: "INVALID_REQUEST" };
  }
  if (byId) return topicIds.find(topicId) ?? { name: null, id: topicId, error: "UNKNOWN_TOPIC_ID" };
  if (name === null) return { name, id: noUuid, error: "INVALID_REQUEST" };
  const topic = broker.topic(name);
  if (topic !== undefined) return topic;
  if (!isCreated) return { name, id: noUuid, error: "UNKNOWN_TOPIC_OR_PARTITION" };
  return async () => {
    const ensured = await broker.ensureTopic(name);
    if (!(ensured instanceof Refusal)) return ensured;
    return { name, id: noUuid, error: refusalErrors[ensured.code] };
  };
}

function metadataTopic(topic: FoundTopic, isAuthorizing: boolean): MetadataTopic {
  if (!("partitions" in topic)) {
    const { name, id, error } = topic;
    return {
      errorCode: errors[error].code,
      name,
      topicId: id,
      isInternal: false,
      partitions: [],
      topicAuthorizedOperations: allowedOperations("topic", false),
    };
  }
  return {
    errorCode: 0,
    name: topic.name,
    topicId: topic.id,
    isInternal: false,
    partitions: topic.partitions.map(({ index }) => ({ ...ledHere, partitionIndex: index })),
    topicAuthorizedOperations: allowedOperations("topic", isAuthorizing),
  };
}

/** What is the same of every partition. */
const ledHere = {
  errorCode: 0,
  leaderId: nodeId,
  leaderEpoch,
  replicaNodes: [nodeId],
  isrNodes: [nodeId],
  offlineReplicas: [],
};

const describeCluster: Handler<"DescribeCluster"> = (request, context) => {
  // Controllers have no address of their own here.
  const isBrokers = request.endpointType === 1;
  return {
    throttleTimeMs: 0,
    errorCode: errors[isBrokers ? "NONE" : "UNSUPPORTED_ENDPOINT_TYPE"].code,
    errorMessage: isBrokers ? null : "brokers can be described here, controllers can't",
    endpointType: request.endpointType,
    clusterId: context.services.clusterId,
    controllerId: isBrokers ? nodeId : -1,
    brokers: isBrokers
      ? [{ brokerId: nodeId, ...endpointFor(context), rack: null, isFenced: false }]
      : [],
    clusterAuthorizedOperations: allowedOperations(
      "cluster",
      request.includeClusterAuthorizedOperations,
    ),
  };
};

type DescribedTopic = ResponseOf<typeof tables.DescribeTopicPartitions>["topics"][number];

const describeTopicPartitions: Handler<"DescribeTopicPartitions"> = (request, { services }) => {
  const { broker } = services;
  const { cursor } = request;
  const asked = request.topics.map(({ name }) => name);
  const names = asked.length > 0 ? [...new Set(asked)].sort() : broker.topics().map(nameOf);
  let left = Math.max(1, Math.min(request.responsePartitionLimit, kafkaDescribedPartitionsMax));
  const topics: DescribedTopic[] = [];
  for (const name of names) {
    if (cursor !== null && name < cursor.topicName) continue;
    const from = name === cursor?.topicName ? Math.max(0, cursor.partitionIndex) : 0;
    const topic = broker.topic(name);
    // What was named by the page before, and is gone, need not be named again.
    if (topic === undefined && from > 0) continue;
    if (left === 0) {
      const nextCursor = { topicName: name, partitionIndex: from };
      return { throttleTimeMs: 0, topics, nextCursor };
    }
    const count = topic === undefined ? 0 : Math.min(left, topic.partitions.length - from);
    topics.push(describedTopic(name, topic, from, count));
    left -= Math.max(count, 0);
    if (topic !== undefined && from + count < topic.partitions.length) {
      const nextCursor = { topicName: name, partitionIndex: from + count };
      return { throttleTimeMs: 0, topics, nextCursor };
    }
  }
  return { throttleTimeMs: 0, topics, nextCursor: null };
};

const nameOf = ({ name }: Topic): string => name;

function describedTopic(
  name: string,
  topic: Topic | undefined,
  from: number,
  count: number,
): DescribedTopic {
  const partitions = topic?.partitions.slice(from, from + count) ?? [];
  return {
    errorCode: errors[topic === undefined ? "UNKNOWN_TOPIC_OR_PARTITION" : "NONE"].code,
    name,
    topicId: topic?.id ?? noUuid,
    isInternal: false,
    partitions: partitions.map(({ index }) => ({
      ...ledHere,
      partitionIndex: index,
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
    })),
    topicAuthorizedOperations: allowedOperations("topic", true),
  };
}

/** FindCoordinator's `keyType`. */
const keyTypes: Readonly<Record<number, string>> = { 1: "transactions", 2: "share groups" };

function coordinatorError(keyType: number, apiVersion: number): ErrorName {
  if (keyType === 0) return "NONE";
  const isFinal = keyType === 1 && apiVersion < 4;
  return isFinal ? "TRANSACTIONAL_ID_AUTHORIZATION_FAILED" : "INVALID_REQUEST";
}

const findCoordinator: Handler<"FindCoordinator"> = (request, context) => {
  const { keyType } = request;
  const isGroup = keyType === 0;
  const errorCode = errors[coordinatorError(keyType, context.apiVersion)].code;
  const refused = keyTypes[keyType] ?? `coordinators of type ${keyType}`;
  const errorMessage = isGroup ? null : `${refused} are not served by this broker`;
  const place = isGroup ? { nodeId, ...endpointFor(context) } : { nodeId: -1, host: "", port: -1 };
  const found = { ...place, errorCode, errorMessage };
  if (context.apiVersion < 4) return { throttleTimeMs: 0, ...found, coordinators: [] };
  const coordinators = request.coordinatorKeys.map((key) => ({ key, ...found }));
  return { throttleTimeMs: 0, ...found, coordinators };
};

export const handlers = {
  ApiVersions: apiVersions,
  DescribeCluster: describeCluster,
  DescribeTopicPartitions: describeTopicPartitions,
  FindCoordinator: findCoordinator,
  Metadata: metadata,
} satisfies Partial<Handlers>;
