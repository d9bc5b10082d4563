/** REST v3: topics. One broker holds one replica of each partition. */
import { Refusal } from "../../base/refusal.ts";
import type { NewTopic, Topic, TopicPlan } from "../../broker/broker.ts";
import { partitionsPerTopicMax } from "../../limits.ts";
import { errorOf, HttpError } from "../errors.ts";
import { json, noContent } from "../reply.ts";
import { jsonBody, route, type Route } from "../route.ts";
import {
  flag,
  list,
  named,
  nullable,
  object,
  optional,
  text,
  type ValueOf,
  whole,
} from "../schema.ts";
import {
  collection,
  inCluster,
  linkTo,
  listType,
  pageQuery,
  type Place,
  related,
  relatedType,
  resource,
  resourceType,
  topicIn,
  topicPath,
} from "./resource.ts";

const topicType = resourceType("KafkaTopic", {
  topic_name: text(),
  is_internal: flag(),
  replication_factor: whole(),
  partitions_count: whole(),
  partitions: relatedType,
  configs: relatedType,
  partition_reassignments: relatedType,
  authorized_operations: list(text()),
});
const topicListType = listType("KafkaTopicList", topicType);

const createTopicType = named(
  "CreateTopicRequest",
  object({
    topic_name: text({ example: "orders" }),
    partitions_count: optional(whole({ doc: "The broker's --partitions by default." })),
    replication_factor: optional(whole({ doc: "1: there is one broker." })),
    replicas_assignments: optional(
      list(object({ partition_id: whole(), broker_ids: list(whole()) }), {
        countMax: partitionsPerTopicMax,
        doc: "Instead of the two above.",
      }),
    ),
    configs: optional(list(object({ name: text(), value: nullable(text()) }))),
    validate_only: optional(flag({ doc: "Says what would come of it, and creates nothing." })),
  }),
);

/** Kafka's operations on topics: without access control, all of them (KIP-430). */
const operations = [
  "READ",
  "WRITE",
  "CREATE",
  "DELETE",
  "ALTER",
  "DESCRIBE",
  "DESCRIBE_CONFIGS",
  "ALTER_CONFIGS",
];

const includeQuery = {
  include_authorized_operations: optional(flag({ doc: "Whether to list what one may do." })),
};

function topicBody(
  place: Place,
  topic: Pick<Topic, "name"> & { readonly partitionsCount: number },
  hasOperations = false,
): unknown {
  const { name, partitionsCount } = topic;
  return resource(place, "KafkaTopic", ["topics", name], [["topic", name]], {
    topic_name: name,
    is_internal: false,
    replication_factor: 1,
    partitions_count: partitionsCount,
    partitions: related(place, "topics", name, "partitions"),
    configs: related(place, "topics", name, "configs"),
    partition_reassignments: related(place, "topics", name, "partitions", "-", "reassignment"),
    authorized_operations: hasOperations ? operations : [],
  });
}

const countedOf = ({ name, partitions }: Topic) => ({ name, partitionsCount: partitions.length });
const plannedOf = ({ name, partitionCount }: TopicPlan) => {
  return { name, partitionsCount: partitionCount };
};

/** What the broker is asked for; 400 for what only more brokers could do. */
function newTopicOf(
  asked: ValueOf<typeof createTopicType>,
  brokerId: number,
): NewTopic | HttpError {
  const { topic_name: name, partitions_count: partitionCount, replicas_assignments: given } = asked;
  const config = configOf(asked.configs ?? []);
  if (config instanceof HttpError) return config;
  if (given !== undefined && given.length > 0) {
    if (partitionCount !== undefined || asked.replication_factor !== undefined) {
      return bad("replicas_assignments stand instead of partitions_count and replication_factor");
    }
    const ids = given.map(({ partition_id: id }) => id).sort((one, other) => one - other);
    if (!ids.every((id, at) => id === at)) return bad("assignments are for the partitions from 0");
    const isHere = given.every(({ broker_ids: on }) => on.length === 1 && on[0] === brokerId);
    if (!isHere) return bad(`there is one broker: each partition has one replica, on ${brokerId}`);
    return { name, partitionCount: given.length, config };
  }
  const factor = asked.replication_factor ?? 1;
  if (factor !== 1) return bad(`replication_factor ${factor}: there is one broker, so it is 1`);
  return partitionCount === undefined ? { name, config } : { name, partitionCount, config };
}

function configOf(
  configs: readonly { readonly name: string; readonly value: string | null }[],
): Readonly<Record<string, string>> | HttpError {
  const entries: [string, string][] = [];
  for (const { name, value } of configs) {
    if (value === null) return bad(`configuration ${name} has no value`);
    entries.push([name, value]);
  }
  return Object.fromEntries(entries);
}

const bad = (message: string): HttpError => new HttpError(400, 40002, message);

const listTopics = route({
  method: "GET",
  at: "/topics",
  operation: "listKafkaTopics",
  tag: "topics",
  summary: "All topics, by name.",
  query: { ...pageQuery, ...includeQuery },
  answers: { 200: { doc: "A page of them.", type: topicListType } },
  handle: (call) =>
    collection(call, "KafkaTopicList", call.services.broker.topics(), (topic) => {
      return topicBody(call, countedOf(topic), call.query.include_authorized_operations);
    }),
});

const createTopic = route({
  method: "POST",
  at: "/topics",
  operation: "createKafkaTopic",
  tag: "topics",
  summary: "Creates a topic.",
  body: jsonBody(createTopicType),
  answers: {
    201: { doc: "It is there, and can be used.", type: topicType },
    200: { doc: "With `validate_only`: what it would be.", type: topicType },
  },
  errors: [507],
  handle: async (call) => {
    const { broker, brokerId } = call.services;
    const wanted = newTopicOf(call.body, brokerId);
    if (wanted instanceof HttpError) return wanted;
    if (call.body.validate_only === true) {
      const plan = broker.planTopic(wanted);
      return plan instanceof Refusal ? errorOf(plan) : json(topicBody(call, plannedOf(plan)));
    }
    const topic = await broker.createTopic(wanted);
    if (topic instanceof Refusal) return errorOf(topic);
    const headers = { location: linkTo(call, "topics", topic.name) };
    return json(topicBody(call, countedOf(topic)), { status: 201, headers });
  },
});

const getTopic = route({
  method: "GET",
  at: "/topics/{topic_name}",
  operation: "getKafkaTopic",
  tag: "topics",
  summary: "One topic.",
  path: topicPath,
  query: includeQuery,
  answers: { 200: { doc: "The topic.", type: topicType } },
  handle: (call) => {
    const topic = topicIn(call, call.path.topic_name);
    if (topic instanceof HttpError) return topic;
    return json(topicBody(call, countedOf(topic), call.query.include_authorized_operations));
  },
});

const updatePartitions = route({
  method: "PATCH",
  at: "/topics/{topic_name}",
  operation: "updatePartitionCountKafkaTopic",
  tag: "topics",
  summary: "Gives a topic more partitions; its records stay where they are.",
  path: topicPath,
  body: jsonBody(
    named("UpdatePartitionCountRequest", object({ partitions_count: whole({ doc: "In all." }) })),
  ),
  answers: { 200: { doc: "The topic as it is now.", type: topicType } },
  errors: [507],
  handle: async (call) => {
    const { broker } = call.services;
    const { topic_name: name } = call.path;
    const refusal = await broker.createPartitions(name, call.body.partitions_count);
    if (refusal !== null) return errorOf(refusal);
    const topic = topicIn(call, name);
    return topic instanceof HttpError ? topic : json(topicBody(call, countedOf(topic)));
  },
});

const deleteTopic = route({
  method: "DELETE",
  at: "/topics/{topic_name}",
  operation: "deleteKafkaTopic",
  tag: "topics",
  summary: "Removes a topic, its records, and what groups have committed for it.",
  path: topicPath,
  answers: { 204: { doc: "It is gone." } },
  handle: async ({ services, path }) => {
    const refusal = await services.broker.deleteTopic(path.topic_name);
    return refusal === null ? noContent() : errorOf(refusal);
  },
});

/** The routes of this family. */
export const topicRoutes: readonly Route[] = [
  listTopics,
  createTopic,
  getTopic,
  updatePartitions,
  deleteTopic,
].map(inCluster);
