/**
 * Produce: records in.
 *
 * - All batches of a request are appended in its order, before anything that comes later on the
 *   connection starts; at once, unless they take more than their share of the event loop. Each is
 *   answered when the disk has it, whether `acks` is 1 or -1: one broker is all replicas.
 * - With `acks` 0 there is no response. A batch that is refused then ends the connection, as in
 *   Kafka: there is no other way to tell its producer that something is wrong.
 * - `timeoutMs` is not looked at: it is how long Kafka waits for other replicas.
 * - Does not create topics, nor check a transaction: batches of one are refused.
 *
 * Versions: 3–6 may not send zstd. 8 tells which records have had a batch refused. 13 names topics
 * by id.
 */
import { Refusal } from "../../base/refusal.ts";
import { offset } from "../../base/brands.ts";
import { RecordsRefused } from "../../broker/batch-rules.ts";
import type { Produced, Topic } from "../../broker/broker.ts";
import { kafkaRecordErrorsMax } from "../../limits.ts";
import type { RequestOf, ResponseOf } from "../../wire/table.ts";
import { errors, type ErrorName, refusalErrors } from "../errors.ts";
import type { Handler, Handlers, RequestContext } from "../handler.ts";
import type * as tables from "../messages/produce.ts";
import { findTopic } from "../topic-ids.ts";

type TopicData = RequestOf<typeof tables.Produce>["topicData"][number];
type PartitionData = TopicData["partitionData"][number];
type TopicResponse = ResponseOf<typeof tables.Produce>["responses"][number];
type PartitionResponse = TopicResponse["partitionResponses"][number];

const produce: Handler<"Produce"> = async (request, context) => {
  const { acks } = request;
  const responses = await Promise.all(await appendAll(request, context));
  if (acks !== 0) return { responses, throttleTimeMs: 0, nodeEndpoints: [] };
  const failed = responses
    .flatMap(({ partitionResponses }) => partitionResponses)
    .find(({ errorCode }) => errorCode !== 0);
  if (failed !== undefined) {
    context.caller.end(`a batch without acknowledgement is refused: ${failed.errorMessage}`);
  }
  return null;
};

/** Appends batch after batch, and waits for turns of the event loop only; then all is under way. */
async function appendAll(
  { acks, topicData }: RequestOf<typeof tables.Produce>,
  context: RequestContext,
): Promise<Promise<TopicResponse>[]> {
  const { share } = context.services;
  const isKnownAcks = acks === -1 || acks === 0 || acks === 1;
  let release: (() => void) | null = null;
  const room: ErrorRoom = { recordErrors: kafkaRecordErrorsMax };
  const topics: Promise<TopicResponse>[] = [];
  for (const data of topicData) {
    const topic = isKnownAcks ? findTopic(data, context, 13) : "INVALID_REQUIRED_ACKS";
    const appending: (PartitionResponse | Promise<PartitionResponse>)[] = [];
    for (const partitionData of data.partitionData) {
      if (share.isSpent) {
        release ??= context.caller.holdBack();
        await share.laterTurn();
      }
      appending.push(share.run(() => producePartition(topic, partitionData, context, room)));
    }
    topics.push(answered(data, appending));
  }
  release?.();
  return topics;
}

async function answered(
  { name, topicId }: TopicData,
  appending: readonly (PartitionResponse | Promise<PartitionResponse>)[],
): Promise<TopicResponse> {
  return { name, topicId, partitionResponses: await Promise.all(appending) };
}

/** What the answer may still say of single records. */
interface ErrorRoom {
  recordErrors: number;
}

const noRecords = new Uint8Array(0);

function producePartition(
  topic: Topic | ErrorName,
  { index, records }: PartitionData,
  { apiVersion, memories }: RequestContext,
  room: ErrorRoom,
): PartitionResponse | Promise<PartitionResponse> {
  if (typeof topic === "string") return refused(index, topic);
  const partition = topic.partitions[index];
  if (partition === undefined) return refused(index, "UNKNOWN_TOPIC_OR_PARTITION");
  const options = { allowsZstd: apiVersion >= 7, memory: memories[0] };
  const producing = partition.produce(records ?? noRecords, options);
  return producing.then((produced) => {
    return produced instanceof Refusal ? refusedBy(index, produced, room) : stored(index, produced);
  });
}

/** Nobody leads a partition but the broker that was asked. */
const currentLeader = { leaderId: -1, leaderEpoch: -1 };

const stored = (index: number, produced: Produced): PartitionResponse => ({
  index,
  errorCode: 0,
  ...produced,
  recordErrors: [],
  errorMessage: null,
  currentLeader,
});

const refused = (index: number, error: ErrorName): PartitionResponse => ({
  index,
  errorCode: errors[error].code,
  baseOffset: offset(-1),
  logAppendTimeMs: -1,
  logStartOffset: offset(-1),
  recordErrors: [],
  errorMessage: errors[error].message,
  currentLeader,
});

function refusedBy(index: number, refusal: Refusal, room: ErrorRoom): PartitionResponse {
  const all = refusal instanceof RecordsRefused ? refusal.recordErrors : [];
  const recordErrors = all.slice(0, room.recordErrors);
  room.recordErrors -= recordErrors.length;
  return {
    ...refused(index, refusalErrors[refusal.code]),
    recordErrors: recordErrors.map(({ batchIndex, message }) => {
      return { batchIndex, batchIndexErrorMessage: message };
    }),
    errorMessage: refusal.message,
  };
}

export const handlers = { Produce: produce } satisfies Partial<Handlers>;
