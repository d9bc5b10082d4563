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

/** What came, or is to come, of one batch. */
type Appending = PartitionResponse | Promise<PartitionResponse>;

/** Appends batch after batch, and waits for turns of the event loop only; then for the disk. */
const produce: Handler<"Produce"> = async ({ acks, topicData }, context) => {
  const { share } = context.services;
  const isKnownAcks = acks === -1 || acks === 0 || acks === 1;
  let release: (() => void) | null = null;
  const room: ErrorRoom = { recordErrors: kafkaRecordErrorsMax };
  const appending: Appending[] = [];
  for (const data of topicData) {
    const topic = isKnownAcks ? findTopic(data, context, 13) : "INVALID_REQUIRED_ACKS";
    for (const partitionData of data.partitionData) {
      if (share.isSpent) {
        release ??= context.caller.holdBack();
        await share.laterTurn();
      }
      appending.push(share.run(() => producePartition(topic, partitionData, context, room)));
    }
  }
  release?.();
  const answers = await Promise.all(appending);
  if (acks !== 0) {
    return { responses: responsesOf(topicData, answers), throttleTimeMs: 0, nodeEndpoints: [] };
  }
  const failed = answers.find(({ errorCode }) => errorCode !== 0);
  if (failed !== undefined) {
    context.caller.end(`a batch without acknowledgement is refused: ${failed.errorMessage}`);
  }
  return null;
};

/** The answers to all batches, in their order, each with its topic. */
function responsesOf(
  topicData: readonly TopicData[],
  answers: readonly PartitionResponse[],
): TopicResponse[] {
  let at = 0;
  return topicData.map(({ name, topicId, partitionData }) => {
    const from = at;
    at += partitionData.length;
    return { name, topicId, partitionResponses: answers.slice(from, at) };
  });
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
