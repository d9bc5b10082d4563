/** REST v2: topics, partitions, offsets and brokers, to be looked at. */
import { Refusal } from "../../base/refusal.ts";
import type { Partition, Topic } from "../../broker/broker.ts";
import { HttpError } from "../errors.ts";
import { route, type Route } from "../route.ts";
import { flag, list, mapOf, named, nullable, object, text, whole } from "../schema.ts";
import type { HttpServices } from "../services.ts";
import { partitionNotFound, refusedV2, topicNotFound } from "./errors.ts";
import { v2Answers, v2Json } from "./media.ts";

export const topicPathV2 = { topic_name: text() };
export const partitionPathV2 = { topic_name: text(), partition_id: whole({ min: 0 }) };

const partitionType = named(
  "PartitionV2",
  object({
    partition: whole(),
    leader: whole(),
    replicas: list(object({ broker: whole(), leader: flag(), in_sync: flag() })),
  }),
);

const shownPartition = ({ brokerId }: HttpServices, { index }: Partition) => ({
  partition: index,
  leader: brokerId,
  replicas: [{ broker: brokerId, leader: true, in_sync: true }],
});

/** The topic, or 40401. */
const topicOf = ({ broker }: HttpServices, name: string): Topic | HttpError =>
  broker.topic(name) ?? topicNotFound;

/** The partition; 40401, 40402. */
function partitionOf(
  services: HttpServices,
  path: { readonly topic_name: string; readonly partition_id: number },
): Partition | HttpError {
  const topic = topicOf(services, path.topic_name);
  if (topic instanceof HttpError) return topic;
  return topic.partitions[path.partition_id] ?? partitionNotFound;
}

const common = { method: "GET", tag: "REST v2" } as const;

const listTopics = route({
  ...common,
  at: "/topics",
  operation: "listTopicsV2",
  summary: "The names of all topics.",
  answers: { 200: { doc: "Sorted.", type: list(text()), mediaTypes: v2Answers } },
  handle: ({ accepted, services }) => {
    return v2Json(
      services.broker.topics().map(({ name }) => name),
      accepted,
    );
  },
});

const topicType = named(
  "TopicV2",
  object({ name: text(), configs: mapOf(nullable(text())), partitions: list(partitionType) }),
);

const getTopic = route({
  ...common,
  at: "/topics/{topic_name}",
  operation: "getTopicV2",
  summary: "One topic: its configuration and its partitions.",
  path: topicPathV2,
  answers: { 200: { doc: "The topic.", type: topicType, mediaTypes: v2Answers } },
  handle: ({ path, accepted, services }) => {
    const topic = topicOf(services, path.topic_name);
    if (topic instanceof HttpError) return topic;
    const entries = services.broker.describeTopicConfig(topic.name);
    if (entries instanceof Refusal) return refusedV2(entries);
    const configs = Object.fromEntries(entries.map(({ name, value }) => [name, value]));
    const partitions = topic.partitions.map((each) => shownPartition(services, each));
    return v2Json({ name: topic.name, configs, partitions }, accepted);
  },
});

const listPartitions = route({
  ...common,
  at: "/topics/{topic_name}/partitions",
  operation: "listPartitionsV2",
  summary: "The partitions of a topic.",
  path: topicPathV2,
  answers: { 200: { doc: "All of them.", type: list(partitionType), mediaTypes: v2Answers } },
  handle: ({ path, accepted, services }) => {
    const topic = topicOf(services, path.topic_name);
    if (topic instanceof HttpError) return topic;
    return v2Json(
      topic.partitions.map((each) => shownPartition(services, each)),
      accepted,
    );
  },
});

const getPartition = route({
  ...common,
  at: "/topics/{topic_name}/partitions/{partition_id}",
  operation: "getPartitionV2",
  summary: "One partition.",
  path: partitionPathV2,
  answers: { 200: { doc: "The partition.", type: partitionType, mediaTypes: v2Answers } },
  handle: ({ path, accepted, services }) => {
    const partition = partitionOf(services, path);
    if (partition instanceof HttpError) return partition;
    return v2Json(shownPartition(services, partition), accepted);
  },
});

const offsetsType = named(
  "PartitionOffsetsV2",
  object({ beginning_offset: whole(), end_offset: whole() }),
);

const getOffsets = route({
  ...common,
  at: "/topics/{topic_name}/partitions/{partition_id}/offsets",
  operation: "getPartitionOffsetsV2",
  summary: "Where the records of a partition begin and end.",
  path: partitionPathV2,
  answers: { 200: { doc: "Both.", type: offsetsType, mediaTypes: v2Answers } },
  handle: ({ path, accepted, services }) => {
    const partition = partitionOf(services, path);
    if (partition instanceof HttpError) return partition;
    const fault = partition.offsetsFault();
    if (fault !== null) return refusedV2(fault);
    const { startOffset, highWatermark } = partition.watermarks;
    return v2Json({ beginning_offset: startOffset, end_offset: highWatermark }, accepted);
  },
});

const listBrokers = route({
  ...common,
  at: "/brokers",
  operation: "listBrokersV2",
  summary: "The broker's id.",
  answers: {
    200: { doc: "The only one.", type: object({ brokers: list(whole()) }), mediaTypes: v2Answers },
  },
  handle: ({ accepted, services }) => v2Json({ brokers: [services.brokerId] }, accepted),
});

/** The routes of this family. */
export const topicRoutesV2: readonly Route[] = [
  listTopics,
  getTopic,
  listPartitions,
  getPartition,
  getOffsets,
  listBrokers,
];
