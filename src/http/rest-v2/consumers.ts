/**
 * REST v2: consumer instances. They behave as those of Confluent's proxy, except where that makes
 * clients wait in vain: a read answers as soon as there is something, unless `fetch.min.bytes` says
 * otherwise, and a record larger than `max_bytes` comes alone instead of never.
 *
 * `GET …/offsets` has a body in Confluent's documents, which HTTP gives no meaning to and the
 * server below does not hand on: it answers everything that the group has committed.
 */
import { Refusal } from "../../base/refusal.ts";
import type { ReachedOffset } from "../../broker/group-commits.ts";
import {
  httpRecordsBytesMax,
  httpWaitMsMax,
  restConsumerPartitionsMax,
  restConsumerTopicsMax,
} from "../../limits.ts";
import { HttpError } from "../errors.ts";
import { timeOf } from "../record-data.ts";
import type { Reply } from "../reply.ts";
import { route, type Route } from "../route.ts";
import { list, named, object, optional, text, type ValueOf, whole } from "../schema.ts";
import type { HttpServices } from "../services.ts";
import { consumerRequestType, settingsOf } from "./consumer-config.ts";
import { embeddedRecordsType } from "./embedded-record.ts";
import { consumerFault, formatMismatch, partitionNotFound } from "./errors.ts";
import {
  consumerBody,
  consumerMediaTypes,
  done,
  embeddedMediaType,
  optionalBody,
  v2Json,
  v2MediaType,
} from "./media.ts";
import type { RestConsumer } from "./rest-consumer.ts";
import { topicPattern } from "./topic-pattern.ts";

const instanceAt = "/consumers/{group_name}/instances/{instance}";
const instancePath = { group_name: text(), instance: text() };
type InstancePath = Record<keyof typeof instancePath, string>;

const common = { tag: "REST v2", path: instancePath } as const;
const nothing = { 204: { doc: "Done." } };
const answer = (doc: string, type: Parameters<typeof list>[0]) => {
  return { 200: { doc, type, mediaTypes: consumerMediaTypes } };
};

const partitionType = named(
  "TopicPartitionV2",
  object({ topic: text(), partition: whole({ min: 0 }) }),
);
const partitionsType = object({
  partitions: list(partitionType, { countMax: restConsumerPartitionsMax }),
});

/** The instance of a call, for what the call wants of it; 40403. */
async function withConsumer(
  { services, path }: { readonly services: HttpServices; readonly path: InstancePath },
  use: (consumer: RestConsumer) => HttpError | null | Promise<HttpError | null>,
): Promise<Reply | HttpError> {
  const consumer = services.consumers.get(path.group_name, path.instance);
  if (consumer instanceof HttpError) return consumer;
  return (await use(consumer)) ?? done();
}

const createConsumer = route({
  method: "POST",
  tag: "REST v2",
  at: "/consumers/{group_name}",
  operation: "createConsumerV2",
  summary: "Creates a consumer instance in a group.",
  path: { group_name: text() },
  body: optionalBody(consumerRequestType),
  answers: answer(
    "Where it is.",
    named("ConsumerV2", object({ instance_id: text(), base_uri: text() })),
  ),
  errors: [409, 422, 429],
  handle: ({ services, path, body, request, accepted }) => {
    const asked = body ?? {};
    const settings = settingsOf(asked);
    if (settings instanceof HttpError) return settings;
    const { group_name: group } = path;
    const consumer = services.consumers.create(group, asked.id ?? asked.name ?? null, settings);
    if (consumer instanceof HttpError) return consumer;
    const [groupPart, namePart] = [group, consumer.name].map(encodeURIComponent);
    const base = `${request.url.origin}/consumers/${groupPart}/instances/${namePart}`;
    return v2Json({ instance_id: consumer.name, base_uri: base }, accepted);
  },
});

const deleteConsumer = route({
  ...common,
  method: "DELETE",
  at: instanceAt,
  operation: "deleteConsumerV2",
  summary: "Removes a consumer instance, which leaves its group.",
  answers: nothing,
  handle: async ({ services, path }) => {
    return (await services.consumers.remove(path.group_name, path.instance)) ?? done();
  },
});

const subscribe = route({
  ...common,
  method: "POST",
  at: `${instanceAt}/subscription`,
  operation: "subscribeV2",
  summary: "Subscribes to topics, by their names or by a pattern.",
  body: consumerBody(
    object({
      topics: optional(list(text(), { countMax: restConsumerTopicsMax })),
      topic_pattern: optional(text({ doc: "The whole name has to match." })),
    }),
  ),
  answers: nothing,
  errors: [409, 422],
  handle: async (call) => {
    const { topics, topic_pattern: given } = call.body;
    return await withConsumer(call, async (consumer) => {
      if ((topics === undefined) === (given === undefined)) {
        return HttpError.of(422, "either topics or topic_pattern");
      }
      if (topics !== undefined) {
        // A subscription creates topics, as far as that is on; one that can't be is left out.
        await Promise.all(topics.map((name) => call.services.broker.ensureTopic(name)));
        return consumer.read({ kind: "topics", topics: [...new Set(topics)] });
      }
      const pattern = topicPattern(given ?? "");
      return pattern instanceof HttpError ? pattern : consumer.read({ kind: "pattern", pattern });
    });
  },
});

const getSubscription = route({
  ...common,
  method: "GET",
  at: `${instanceAt}/subscription`,
  operation: "getSubscriptionV2",
  summary: "The topics that an instance has subscribed to.",
  answers: answer("Their names.", object({ topics: list(text()) })),
  handle: ({ services, path, accepted }) => {
    const consumer = services.consumers.get(path.group_name, path.instance);
    if (consumer instanceof HttpError) return consumer;
    return v2Json({ topics: consumer.subscription }, accepted);
  },
});

const unsubscribe = route({
  ...common,
  method: "DELETE",
  at: `${instanceAt}/subscription`,
  operation: "unsubscribeV2",
  summary: "Unsubscribes, or gives up assigned partitions.",
  answers: nothing,
  handle: async (call) => {
    return await withConsumer(call, async (consumer) => {
      await consumer.unsubscribe();
      return null;
    });
  },
});

const assign = route({
  ...common,
  method: "POST",
  at: `${instanceAt}/assignments`,
  operation: "assignV2",
  summary: "Assigns partitions by hand, without the group.",
  body: consumerBody(partitionsType),
  answers: nothing,
  errors: [409, 422],
  handle: async (call) => {
    const { partitions } = call.body;
    return await withConsumer(call, (consumer) =>
      consumer.read({ kind: "partitions", partitions }),
    );
  },
});

const getAssignments = route({
  ...common,
  method: "GET",
  at: `${instanceAt}/assignments`,
  operation: "getAssignmentsV2",
  summary: "The partitions that an instance reads now.",
  answers: answer("The partitions.", partitionsType),
  handle: ({ services, path, accepted }) => {
    const consumer = services.consumers.get(path.group_name, path.instance);
    if (consumer instanceof HttpError) return consumer;
    return v2Json({ partitions: consumer.assignment }, accepted);
  },
});

const getRecords = route({
  ...common,
  method: "GET",
  at: `${instanceAt}/records`,
  operation: "consumeV2",
  summary: "The next records of an instance; none if none come in time.",
  isMoving: true,
  query: {
    timeout: optional(
      whole({ min: -1, doc: "Milliseconds; at most what the instance was created with." }),
    ),
    max_bytes: optional(whole({ min: -1, doc: "Of keys and values." })),
  },
  answers: answer("The records.", embeddedRecordsType),
  errors: [409],
  handle: async ({ services, path, query, request, accepted }) => {
    const { group_name: group, instance } = path;
    const consumer = services.consumers.get(group, instance);
    if (consumer instanceof HttpError) return consumer;
    const { format, waitMs } = consumer.settings;
    const own = embeddedMediaType(format);
    if (accepted !== v2MediaType && accepted !== own) return formatMismatch;
    const { timeout = -1, max_bytes: bytesMax = -1 } = query;
    const records = await services.consumers.records(group, instance, {
      bytesMax: bytesMax <= 0 ? httpRecordsBytesMax : Math.min(bytesMax, httpRecordsBytesMax),
      waitMs: timeout <= 0 ? waitMs : Math.min(timeout, waitMs, httpWaitMsMax),
      isPeek: request.method === "HEAD",
      hasRoom: request.hasRoom,
      onEnd: request.onEnd,
    });
    return records instanceof HttpError ? records : v2Json(records, own);
  },
});

const offsetType = object({
  topic: text(),
  partition: whole({ min: 0 }),
  offset: whole({ min: 0 }),
  metadata: optional(text()),
});

const offsetList = list(offsetType, { countMax: restConsumerPartitionsMax });

const reachedOf = ({ metadata, ...place }: ValueOf<typeof offsetType>): ReachedOffset =>
  metadata === undefined ? place : { ...place, metadata };

const commitOffsets = route({
  ...common,
  method: "POST",
  at: `${instanceAt}/offsets`,
  operation: "commitOffsetsV2",
  summary: "Commits what was consumed: these records, or without a body all that were answered.",
  query: { async: optional(text({ doc: "For Confluent's clients; it is always waited for." })) },
  body: optionalBody(object({ offsets: optional(offsetList) })),
  answers: answer("Committed.", list(object({}))),
  errors: [422],
  handle: async (call) => {
    const offsets = call.body?.offsets ?? null;
    // An offset names the last record that was consumed; what is committed is the next one.
    const reached =
      offsets && offsets.map((each) => reachedOf({ ...each, offset: each.offset + 1 }));
    const reply = await withConsumer(call, (consumer) => consumer.commit(reached));
    return reply instanceof HttpError ? reply : v2Json([], call.accepted);
  },
});

const getOffsets = route({
  ...common,
  method: "GET",
  at: `${instanceAt}/offsets`,
  operation: "getCommittedOffsetsV2",
  summary: "All offsets that the group has committed.",
  answers: answer("The offsets of the next records.", object({ offsets: list(offsetType) })),
  handle: async ({ services, path, accepted }) => {
    const consumer = services.consumers.get(path.group_name, path.instance);
    if (consumer instanceof HttpError) return consumer;
    const offsets = await consumer.committed();
    return offsets instanceof HttpError ? offsets : v2Json({ offsets }, accepted);
  },
});

const timestampType = object({
  topic: text(),
  partition: whole({ min: 0 }),
  timestamp: text({ doc: "RFC 3339." }),
  metadata: optional(text()),
});

/** The first record that is as late, or the end; 422, 40402. */
async function offsetAt(
  { broker }: HttpServices,
  { topic, partition: index, timestamp }: ValueOf<typeof timestampType>,
): Promise<ReachedOffset | HttpError> {
  const time = timeOf(timestamp);
  if (time === null) return HttpError.of(422, "timestamp: RFC 3339, or milliseconds since 1970");
  const partition = broker.topic(topic)?.partitions[index];
  if (partition === undefined) return partitionNotFound;
  const found = await partition.offsetForTime(time);
  if (found instanceof Refusal) return consumerFault(found.message);
  return { topic, partition: index, offset: found?.offset ?? partition.highWatermark };
}

const seek = route({
  ...common,
  method: "POST",
  at: `${instanceAt}/positions`,
  operation: "seekV2",
  summary: "Moves to offsets, or to the first records of a time.",
  body: consumerBody(
    object({
      offsets: optional(offsetList),
      timestamps: optional(list(timestampType, { countMax: restConsumerPartitionsMax })),
    }),
  ),
  answers: nothing,
  errors: [409, 422],
  handle: async (call) => {
    const { offsets = [], timestamps = [] } = call.body;
    return await withConsumer(call, async (consumer) => {
      const reached = offsets.map(reachedOf);
      for (const each of timestamps) {
        const found = await offsetAt(call.services, each);
        if (found instanceof HttpError) return found;
        reached.push(found);
      }
      return consumer.seek(reached);
    });
  },
});

/** Where a partition begins, or ends. */
const seekTo = (edge: "beginning" | "end"): Route =>
  route({
    ...common,
    method: "POST",
    at: `${instanceAt}/positions/${edge}`,
    operation: edge === "end" ? "seekToEndV2" : "seekToBeginningV2",
    summary: `Moves to the ${edge} of partitions.`,
    body: consumerBody(partitionsType),
    answers: nothing,
    errors: [409, 422],
    handle: async (call) => {
      const reached: ReachedOffset[] = [];
      for (const { topic, partition: index } of call.body.partitions) {
        const partition = call.services.broker.topic(topic)?.partitions[index];
        const fault = partition?.offsetsFault() ?? null;
        if (fault !== null) return consumerFault(fault.message);
        const { startOffset = 0, highWatermark = 0 } = partition?.watermarks ?? {};
        const at = edge === "end" ? highWatermark : startOffset;
        reached.push({ topic, partition: index, offset: at });
      }
      return await withConsumer(call, (consumer) => consumer.seek(reached));
    },
  });

/** The routes of this family. */
export const consumerRoutesV2: readonly Route[] = [
  createConsumer,
  deleteConsumer,
  subscribe,
  getSubscription,
  unsubscribe,
  assign,
  getAssignments,
  getRecords,
  commitOffsets,
  getOffsets,
  seek,
  seekTo("beginning"),
  seekTo("end"),
];
