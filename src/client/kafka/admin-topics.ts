/** The life of topics, as an admin asks for it: create, delete, grow, cut off at the front. */
import { offset } from "../../base/brands.ts";
import { apis } from "../../kafka/apis.ts";
import { clientRequestMsMax } from "../../limits.ts";
import { noUuid } from "../../wire/table.ts";
import {
  controllerRoute,
  leaderRoute,
  leftOut,
  type AdminCalls,
  type Ask,
  type Outcome,
} from "./admin-calls.ts";
import { ClientError, kafkaError } from "./client-error.ts";
import { byTopic, partitionName, type TopicPartition } from "./topic-partition.ts";

/** A topic to be made. */
export interface NewTopic {
  readonly name: string;
  /** Left out: the broker's default. */
  readonly partitionCount?: number;
  readonly replicationFactor?: number;
  /** By Kafka's names: `{ "retention.ms": "60000" }`. */
  readonly configs?: Readonly<Record<string, string>>;
}

/** What became of one topic. */
export interface TopicOutcome extends Outcome {
  readonly name: string;
}

export interface CreatedTopic extends TopicOutcome {
  /** `null`: the broker is too old to tell, or there is an error. */
  readonly topicId: string | null;
  readonly partitionCount: number | null;
  readonly replicationFactor: number | null;
}

/** How many partitions a topic shall have. */
export interface NewPartitions {
  readonly name: string;
  readonly count: number;
}

/** Records to be given up. */
export interface RecordsBefore extends TopicPartition {
  /** The first to keep; `null`: none of those that are there. */
  readonly beforeOffset: number | null;
}

export interface DeletedRecords extends TopicPartition, Outcome {
  /** The oldest offset that can be read now; -1 if there is an error. */
  readonly startOffset: number;
}

/** Nothing is done, but everything is checked. */
export interface ValidateOptions {
  readonly validateOnly?: boolean;
}

/** CreateTopics 4 is the first that knows the broker's defaults (KIP-464). */
const defaultsVersion = 4;

export function createTopics(
  calls: AdminCalls,
  topics: readonly NewTopic[],
  { validateOnly = false }: ValidateOptions,
): Promise<CreatedTopic[]> {
  const ask: Ask<NewTopic, CreatedTopic> = async (to, items, isRepeated) => {
    const isDefault = items.some(
      ({ partitionCount, replicationFactor }) =>
        partitionCount === undefined || replicationFactor === undefined,
    );
    const request = {
      topics: items.map(({ name, partitionCount = -1, replicationFactor = -1, configs = {} }) => ({
        name,
        numPartitions: partitionCount,
        replicationFactor,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      })),
      timeoutMs: clientRequestMsMax,
      validateOnly,
    };
    const options = isDefault ? { versionMin: defaultsVersion } : {};
    const response = await calls.cluster.send(to, apis.CreateTopics, request, options);
    const rows = new Map(response.topics.map((row) => [row.name, row]));
    return items.map((item) => {
      const row = rows.get(item.name);
      if (row === undefined) return notCreated(item, leftOut());
      const { errorCode, errorMessage, numPartitions, replicationFactor, topicId } = row;
      const error = kafkaError(errorCode, `creating topic ${item.name}`, errorMessage);
      if (error !== null) return notCreated(item, isRepeated ? maybeOurs(error) : error);
      calls.cluster.forgetTopic(item.name);
      return {
        name: item.name,
        topicId: topicId === noUuid ? null : topicId,
        partitionCount: numPartitions < 0 ? null : numPartitions,
        replicationFactor: replicationFactor < 0 ? null : replicationFactor,
        error: null,
      };
    });
  };
  const sizeOf = ({ configs = {} }: NewTopic): number => 1 + Object.keys(configs).length;
  return calls.each(topics, controllerRoute(calls.cluster), ask, notCreated, sizeOf);
}

const notCreated = ({ name }: NewTopic, error: ClientError): CreatedTopic => ({
  name,
  topicId: null,
  partitionCount: null,
  replicationFactor: null,
  error,
});

/** The first attempt may have made it, and its answer been lost. */
function maybeOurs(error: ClientError): ClientError {
  if (error.code !== "TOPIC_ALREADY_EXISTS") return error;
  const message = `${error.message}; it may come from this very call, whose first answer was lost`;
  return new ClientError(error.code, message);
}

export function deleteTopics(calls: AdminCalls, names: readonly string[]): Promise<TopicOutcome[]> {
  const failed = (name: string, error: ClientError): TopicOutcome => ({ name, error });
  const ask: Ask<string, TopicOutcome> = async (to, items, isRepeated) => {
    const request = {
      topics: items.map((name) => ({ name, topicId: noUuid })),
      topicNames: items,
      timeoutMs: clientRequestMsMax,
    };
    const response = await calls.cluster.send(to, apis.DeleteTopics, request);
    const rows = new Map(response.responses.map((row) => [row.name, row]));
    return items.map((name) => {
      const row = rows.get(name);
      if (row === undefined) return failed(name, leftOut());
      const error = kafkaError(row.errorCode, `deleting topic ${name}`, row.errorMessage);
      calls.cluster.forgetTopic(name);
      // The first attempt has deleted it, and its answer was lost.
      const isGone = isRepeated && error?.code === "UNKNOWN_TOPIC_OR_PARTITION";
      return { name, error: isGone ? null : error };
    });
  };
  return calls.each(names, controllerRoute(calls.cluster), ask, failed);
}

export function addPartitions(
  calls: AdminCalls,
  topics: readonly NewPartitions[],
  { validateOnly = false }: ValidateOptions,
): Promise<TopicOutcome[]> {
  const ask: Ask<NewPartitions, TopicOutcome> = async (to, items) => {
    const request = {
      topics: items.map(({ name, count }) => ({ name, count, assignments: null })),
      timeoutMs: clientRequestMsMax,
      validateOnly,
    };
    const response = await calls.cluster.send(to, apis.CreatePartitions, request);
    const rows = new Map(response.results.map((row) => [row.name, row]));
    return items.map(({ name }) => {
      const row = rows.get(name);
      calls.cluster.forgetTopic(name);
      const doing = `adding partitions to topic ${name}`;
      return { name, error: row ? kafkaError(row.errorCode, doing, row.errorMessage) : leftOut() };
    });
  };
  const failed = ({ name }: NewPartitions, error: ClientError): TopicOutcome => ({ name, error });
  return calls.each(topics, controllerRoute(calls.cluster), ask, failed);
}

export function deleteRecords(
  calls: AdminCalls,
  records: readonly RecordsBefore[],
): Promise<DeletedRecords[]> {
  const failed = (
    { topic, partition }: TopicPartition,
    error: ClientError | null,
  ): DeletedRecords => ({ topic, partition, startOffset: -1, error });
  const ask: Ask<RecordsBefore, DeletedRecords> = async (to, items) => {
    const request = {
      topics: [...byTopic(items)].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, beforeOffset }) => ({
          partitionIndex: partition,
          offset: offset(beforeOffset ?? -1),
        })),
      })),
      timeoutMs: clientRequestMsMax,
    };
    const response = await calls.cluster.send(to, apis.DeleteRecords, request);
    const rows = new Map(
      response.topics.flatMap(({ name, partitions }) =>
        partitions.map(
          (row) => [partitionName({ topic: name, partition: row.partitionIndex }), row] as const,
        ),
      ),
    );
    return items.map((item) => {
      const row = rows.get(partitionName(item));
      if (row === undefined) return failed(item, leftOut());
      const doing = `deleting records of ${item.topic}/${item.partition}`;
      const error = kafkaError(row.errorCode, doing);
      if (error !== null) return failed(item, error);
      return { ...failed(item, null), startOffset: row.lowWatermark };
    });
  };
  return calls.each(records, leaderRoute(calls.cluster), ask, failed);
}
