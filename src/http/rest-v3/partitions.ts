/** REST v3: partitions and their replicas. Every partition has one, on the one broker. */
import type { Topic } from "../../broker/broker.ts";
import { errorOf, HttpError } from "../errors.ts";
import { json } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { flag, text, whole } from "../schema.ts";
import {
  brokerPath,
  collection,
  inCluster,
  listType,
  otherBroker,
  pageQuery,
  partitionIn,
  partitionPath,
  type Place,
  related,
  relatedType,
  resource,
  resourceType,
  topicIn,
  topicPath,
} from "./resource.ts";

type Partition = Topic["partitions"][number];

const partitionType = resourceType("KafkaPartition", {
  topic_name: text(),
  partition_id: whole(),
  leader: relatedType,
  replicas: relatedType,
  reassignment: relatedType,
});

const partitionSegments = ({ topic, index }: Partition) => ["topics", topic, "partitions", index];

const partitionName = ({ topic, index }: Partition) =>
  [
    ["topic", topic],
    ["partition", index],
  ] as const;

function partitionBody(place: Place, partition: Partition): unknown {
  const { topic, index } = partition;
  const segments = partitionSegments(partition);
  return resource(place, "KafkaPartition", segments, partitionName(partition), {
    topic_name: topic,
    partition_id: index,
    leader: related(place, ...segments, "replicas", place.services.brokerId),
    replicas: related(place, ...segments, "replicas"),
    reassignment: related(place, ...segments, "reassignment"),
  });
}

const offsetsType = resourceType("KafkaPartitionWithOffsets", {
  topic_name: text(),
  partition_id: whole(),
  earliest_offset: whole({ doc: "The oldest record that can be read." }),
  latest_offset: whole({ doc: "What the next record will get." }),
});

function offsetsBody(place: Place, partition: Partition): unknown {
  const { topic, index, watermarks } = partition;
  const segments = [...partitionSegments(partition), "offset"];
  return resource(place, "KafkaPartitionWithOffsets", segments, partitionName(partition), {
    topic_name: topic,
    partition_id: index,
    earliest_offset: watermarks.startOffset,
    latest_offset: watermarks.highWatermark,
  });
}

const replicaType = resourceType("KafkaReplica", {
  topic_name: text(),
  partition_id: whole(),
  broker_id: whole(),
  is_leader: flag(),
  is_in_sync: flag(),
  broker: relatedType,
});
const replicaListType = listType("KafkaReplicaList", replicaType);

function replicaBody(place: Place, partition: Partition): unknown {
  const { topic, index } = partition;
  const { brokerId } = place.services;
  const segments = [...partitionSegments(partition), "replicas", brokerId];
  const name = [...partitionName(partition), ["replica", brokerId]] as const;
  return resource(place, "KafkaReplica", segments, name, {
    topic_name: topic,
    partition_id: index,
    broker_id: brokerId,
    is_leader: true,
    is_in_sync: true,
    broker: related(place, "brokers", brokerId),
  });
}

const listPartitions = route({
  method: "GET",
  at: "/topics/{topic_name}/partitions",
  operation: "listKafkaPartitions",
  tag: "partitions",
  summary: "The partitions of a topic.",
  path: topicPath,
  query: pageQuery,
  answers: {
    200: { doc: "A page of them.", type: listType("KafkaPartitionList", partitionType) },
  },
  handle: (call) => {
    const topic = topicIn(call, call.path.topic_name);
    if (topic instanceof HttpError) return topic;
    return collection(call, "KafkaPartitionList", topic.partitions, (partition) => {
      return partitionBody(call, partition);
    });
  },
});

const getPartition = route({
  method: "GET",
  at: "/topics/{topic_name}/partitions/{partition_id}",
  operation: "getKafkaPartition",
  tag: "partitions",
  summary: "One partition.",
  path: partitionPath,
  answers: { 200: { doc: "The partition.", type: partitionType } },
  handle: (call) => {
    const partition = partitionIn(call, call.path);
    return partition instanceof HttpError ? partition : json(partitionBody(call, partition));
  },
});

const getOffsets = route({
  method: "GET",
  at: "/topics/{topic_name}/partitions/{partition_id}/offset",
  operation: "getKafkaPartitionOffsets",
  tag: "partitions",
  summary: "Where the records of a partition begin and end.",
  path: partitionPath,
  answers: { 200: { doc: "The offsets.", type: offsetsType } },
  handle: (call) => {
    const partition = partitionIn(call, call.path);
    if (partition instanceof HttpError) return partition;
    const fault = partition.offsetsFault();
    return fault === null ? json(offsetsBody(call, partition)) : errorOf(fault);
  },
});

const listReplicas = route({
  method: "GET",
  at: "/topics/{topic_name}/partitions/{partition_id}/replicas",
  operation: "listKafkaReplicas",
  tag: "partitions",
  summary: "The replicas of a partition.",
  path: partitionPath,
  query: pageQuery,
  answers: { 200: { doc: "There is one.", type: replicaListType } },
  handle: (call) => {
    const partition = partitionIn(call, call.path);
    if (partition instanceof HttpError) return partition;
    return collection(call, "KafkaReplicaList", [partition], (each) => replicaBody(call, each));
  },
});

const getReplica = route({
  method: "GET",
  at: "/topics/{topic_name}/partitions/{partition_id}/replicas/{broker_id}",
  operation: "getKafkaReplica",
  tag: "partitions",
  summary: "One replica.",
  path: { ...partitionPath, ...brokerPath },
  answers: { 200: { doc: "The replica.", type: replicaType } },
  handle: (call) => {
    const partition = partitionIn(call, call.path);
    if (partition instanceof HttpError) return partition;
    return otherBroker(call, call.path.broker_id) ?? json(replicaBody(call, partition));
  },
});

const listBrokerReplicas = route({
  method: "GET",
  at: "/brokers/{broker_id}/partition-replicas",
  operation: "searchReplicasByBroker",
  tag: "brokers",
  summary: "The replicas on a broker: all there are.",
  path: brokerPath,
  query: pageQuery,
  answers: { 200: { doc: "A page of them.", type: replicaListType } },
  handle: (call) => {
    const other = otherBroker(call, call.path.broker_id);
    if (other !== null) return other;
    const all = call.services.broker.topics().flatMap(({ partitions }) => partitions);
    return collection(call, "KafkaReplicaList", all, (each) => replicaBody(call, each));
  },
});

/** The routes of this family. */
export const partitionRoutes: readonly Route[] = [
  listPartitions,
  getPartition,
  getOffsets,
  listReplicas,
  getReplica,
  listBrokerReplicas,
].map(inCluster);
