/**
 * CreateTopics, DeleteTopics, CreatePartitions, DeleteRecords: the life of topics. Each topic of a
 * request stands for itself, and each is answered, in the order of the request.
 *
 * CreateTopics
 * - One broker holds one replica: a factor of 1, or -1 for the default, and assignments to it.
 * - Answered once the topic can be used, so `timeoutMs` is not looked at.
 * - From version 5 on the answer has the whole configuration, also of a topic that is only
 *   validated.
 * DeleteTopics
 * - Answered once the records are gone, and what groups have committed for them: another topic of
 *   the same name begins anew.
 * CreatePartitions
 * - `count` is how many there shall be. Records stay where they are.
 */
import { offset } from "../../base/brands.ts";
import { Refusal } from "../../base/refusal.ts";
import type { Broker, NewTopic } from "../../broker/broker.ts";
import type { ConfigEntry } from "../../broker/config-entries.ts";
import { paced } from "../../broker/paced.ts";
import { kafkaCreationsMax } from "../../limits.ts";
import { noUuid, type RequestOf, type ResponseOf } from "../../wire/table.ts";
import { sourceCodes } from "../config-codes.ts";
import { Fault, faultOf } from "../fault.ts";
import { type Handler, type Handlers, nodeId, type RequestContext } from "../handler.ts";
import type * as tables from "../messages/topics.ts";
import { unique } from "../unique.ts";

type CreatableTopic = RequestOf<typeof tables.CreateTopics>["topics"][number];
type CreatedTopic = ResponseOf<typeof tables.CreateTopics>["topics"][number];
type CreatedConfig = NonNullable<CreatedTopic["configs"]>[number];

const createTopics: Handler<"CreateTopics"> = async (request, { services }) => {
  const { broker } = services;
  const repeated = repeatedIn(request.topics.map(({ name }) => name));
  const create = (topic: CreatableTopic): CreatedTopic | Promise<CreatedTopic> => {
    if (repeated.has(topic.name)) return notCreated(topic.name, namedTwice);
    const wanted = newTopicOf(topic);
    if (wanted instanceof Fault) return notCreated(topic.name, wanted);
    return request.validateOnly ? validated(wanted, broker) : created(wanted, broker);
  };
  const named = unique(request.topics, ({ name }) => name);
  const topics = await paced(named, services, create, kafkaCreationsMax);
  return { throttleTimeMs: 0, topics };
};

/** What the broker is asked for. */
function newTopicOf(topic: CreatableTopic): NewTopic | Fault {
  const { name, numPartitions, replicationFactor, assignments } = topic;
  const configs: [string, string][] = [];
  for (const { name: key, value } of topic.configs) {
    if (value === null) return new Fault("INVALID_CONFIG", `${key} has no value`);
    configs.push([key, value]);
  }
  const config = Object.fromEntries(configs);
  if (assignments.length > 0) {
    if (numPartitions !== -1 || replicationFactor !== -1) {
      const message = "with assignments, partitions and replication factor are both -1";
      return new Fault("INVALID_REQUEST", message);
    }
    const fault = assignmentFault(assignments);
    return fault ?? { name, partitionCount: assignments.length, config };
  }
  if (replicationFactor !== -1 && replicationFactor !== 1) {
    const message = `replication factor ${replicationFactor}: there is one broker, so it is 1`;
    return new Fault("INVALID_REPLICATION_FACTOR", message);
  }
  return numPartitions === -1 ? { name, config } : { name, partitionCount: numPartitions, config };
}

function assignmentFault(assignments: CreatableTopic["assignments"]): Fault | null {
  const indexes = assignments.map(({ partitionIndex }) => partitionIndex).sort((a, b) => a - b);
  if (!indexes.every((index, at) => index === at)) {
    const message = "assignments are for the partitions from 0 on, each once";
    return new Fault("INVALID_REPLICA_ASSIGNMENT", message);
  }
  return assignments.every(({ brokerIds }) => isHere(brokerIds)) ? null : elsewhere;
}

const isHere = (brokerIds: readonly number[]): boolean =>
  brokerIds.length === 1 && brokerIds[0] === nodeId;

const elsewhere = new Fault(
  "INVALID_REPLICA_ASSIGNMENT",
  `there is one broker, so each partition has one replica, on broker ${nodeId}`,
);

const namedTwice = new Fault("INVALID_REQUEST", "the request names the topic twice");

async function created(wanted: NewTopic, broker: Broker): Promise<CreatedTopic> {
  const topic = await broker.createTopic(wanted);
  if (topic instanceof Refusal) return notCreated(wanted.name, faultOf(topic));
  const entries = broker.describeTopicConfig(topic.name);
  return {
    ...answered(topic.name),
    topicId: topic.id,
    numPartitions: topic.partitions.length,
    replicationFactor: 1,
    configs: (entries instanceof Refusal ? [] : entries).map(configRow),
  };
}

function validated(wanted: NewTopic, broker: Broker): CreatedTopic {
  const plan = broker.planTopic(wanted);
  if (plan instanceof Refusal) return notCreated(wanted.name, faultOf(plan));
  const { partitionCount: numPartitions } = plan;
  const configs = broker.describePlannedConfig(plan).map(configRow);
  return { ...answered(plan.name), numPartitions, replicationFactor: 1, configs };
}

const configRow = (entry: ConfigEntry): CreatedConfig => ({
  name: entry.name,
  value: entry.value,
  readOnly: entry.readOnly,
  configSource: sourceCodes[entry.configSource],
  isSensitive: false,
});

const answered = (name: string): CreatedTopic => ({
  name,
  topicId: noUuid,
  errorCode: 0,
  errorMessage: null,
  topicConfigErrorCode: 0,
  numPartitions: -1,
  replicationFactor: -1,
  configs: [],
});

const notCreated = (name: string, { code: errorCode, message: errorMessage }: Fault) => {
  return { ...answered(name), errorCode, errorMessage };
};

type DeletedTopic = ResponseOf<typeof tables.DeleteTopics>["responses"][number];

const deleteTopics: Handler<"DeleteTopics"> = async (request, context) => {
  const wanted =
    context.apiVersion >= 6
      ? request.topics
      : request.topicNames.map((name) => ({ name, topicId: noUuid }));
  // One after another: the second of two that mean one topic finds it gone.
  const responses = await paced(wanted, context.services, (topic) => deleted(topic, context));
  return { throttleTimeMs: 0, responses };
};

async function deleted(
  { name, topicId }: { readonly name: string | null; readonly topicId: string },
  { services }: RequestContext,
): Promise<DeletedTopic> {
  const { broker, topicIds } = services;
  const failed = ({ code: errorCode, message: errorMessage }: Fault): DeletedTopic => {
    return { name, topicId, errorCode, errorMessage };
  };
  const byId = topicId !== noUuid;
  if (byId === (name !== null)) {
    return failed(new Fault("INVALID_REQUEST", "a topic is named by name, or by id"));
  }
  const topic = byId ? topicIds.find(topicId) : broker.topic(name ?? "");
  if (topic === undefined) {
    return failed(Fault.plain(byId ? "UNKNOWN_TOPIC_ID" : "UNKNOWN_TOPIC_OR_PARTITION"));
  }
  const refusal = await broker.deleteTopic(topic.name);
  if (refusal !== null) return failed(faultOf(refusal));
  return { name: topic.name, topicId: topic.id, errorCode: 0, errorMessage: null };
}

type GrownTopic = ResponseOf<typeof tables.CreatePartitions>["results"][number];
type GrowableTopic = RequestOf<typeof tables.CreatePartitions>["topics"][number];

const createPartitions: Handler<"CreatePartitions"> = async (request, { services }) => {
  const { validateOnly } = request;
  const repeated = repeatedIn(request.topics.map(({ name }) => name));
  const grow = async (topic: GrowableTopic): Promise<GrownTopic> => {
    const { name, count } = topic;
    const fault = repeated.has(name) ? namedTwice : newAssignmentFault(topic, services.broker);
    if (fault !== null) return grown(name, fault);
    const refusal = await services.broker.createPartitions(name, count, { validateOnly });
    return grown(name, refusal === null ? null : faultOf(refusal));
  };
  const named = unique(request.topics, ({ name }) => name);
  const results = await paced(named, services, grow, kafkaCreationsMax);
  return { throttleTimeMs: 0, results };
};

const grown = (name: string, fault: Fault | null): GrownTopic => {
  return { name, errorCode: fault?.code ?? 0, errorMessage: fault?.message ?? null };
};

/** Assignments are for the new partitions. */
function newAssignmentFault(wanted: GrowableTopic, broker: Broker): Fault | null {
  const { assignments, count } = wanted;
  const topic = broker.topic(wanted.name);
  if (assignments === null || topic === undefined) return null;
  if (!assignments.every(({ brokerIds }) => isHere(brokerIds))) return elsewhere;
  const added = count - topic.partitions.length;
  if (assignments.length === added || added <= 0) return null;
  const message = `${assignments.length} assignments for ${added} new partitions`;
  return new Fault("INVALID_REPLICA_ASSIGNMENT", message);
}

/** Those that come twice or more. */
function repeatedIn(names: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  return new Set(names.filter((name) => seen.size === seen.add(name).size));
}

type TrimmedPartition = ResponseOf<
  typeof tables.DeleteRecords
>["topics"][number]["partitions"][number];

const deleteRecords: Handler<"DeleteRecords"> = async (request, { services }) => {
  const topics = request.topics.map(async ({ name, partitions }) => {
    const found = services.broker.topic(name)?.partitions;
    const trimmed = partitions.map(
      async ({ partitionIndex, offset: before }): Promise<TrimmedPartition> => {
        const partition = found?.[partitionIndex];
        const start = (await partition?.deleteRecords(before)) ?? null;
        if (start !== null && !(start instanceof Refusal)) {
          return { partitionIndex, lowWatermark: start, errorCode: 0 };
        }
        const fault = start === null ? Fault.plain("UNKNOWN_TOPIC_OR_PARTITION") : faultOf(start);
        return { partitionIndex, lowWatermark: offset(-1), errorCode: fault.code };
      },
    );
    return { name, partitions: await Promise.all(trimmed) };
  });
  return { throttleTimeMs: 0, topics: await Promise.all(topics) };
};

export const handlers = {
  CreatePartitions: createPartitions,
  CreateTopics: createTopics,
  DeleteRecords: deleteRecords,
  DeleteTopics: deleteTopics,
} satisfies Partial<Handlers>;
