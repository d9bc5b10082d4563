/**
 * Produce: records in.
 *
 * - All batches of a request are appended at once, in its order; each is answered when the disk has
 *   it, whether `acks` is 1 or -1: one broker is all replicas.
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
import type { Partition, Produced } from "../../broker/broker.ts";
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
  const isKnown = acks === -1 || acks === 0 || acks === 1;
  const appending = request.topicData.map((data) => produceTopic(data, context, isKnown));
  const responses = await Promise.all(appending);
  if (acks !== 0) return { responses, throttleTimeMs: 0, nodeEndpoints: [] };
  const failed = responses
    .flatMap(({ partitionResponses }) => partitionResponses)
    .find(({ errorCode }) => errorCode !== 0);
  if (failed !== undefined) {
    context.caller.end(`a batch without acknowledgement is refused: ${failed.errorMessage}`);
  }
  return null;
};

/** Appends before it waits for anything: the order of calls is that of the batches. */
async function produceTopic(
  data: TopicData,
  context: RequestContext,
  isKnownAcks: boolean,
): Promise<TopicResponse> {
  const { name, topicId } = data;
  const topic = findTopic(data, context, 13);
  const options = { allowsZstd: context.apiVersion >= 7 };
  const appending = data.partitionData.map((partitionData) => {
    const { index } = partitionData;
    if (!isKnownAcks) return refused(index, "INVALID_REQUIRED_ACKS");
    if (typeof topic === "string") return refused(index, topic);
    const partition = topic.partitions[index];
    if (partition === undefined) return refused(index, "UNKNOWN_TOPIC_OR_PARTITION");
    return producePartition(partition, partitionData, options);
  });
  return { name, topicId, partitionResponses: await Promise.all(appending) };
}

const noRecords = new Uint8Array(0);

async function producePartition(
  partition: Partition,
  { index, records }: PartitionData,
  options: { readonly allowsZstd: boolean },
): Promise<PartitionResponse> {
  const produced = await partition.produce(records ?? noRecords, options);
  return produced instanceof Refusal ? refusedBy(index, produced) : stored(index, produced);
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

function refusedBy(index: number, refusal: Refusal): PartitionResponse {
  const recordErrors = refusal instanceof RecordsRefused ? refusal.recordErrors : [];
  return {
    ...refused(index, refusalErrors[refusal.code]),
    recordErrors: recordErrors.map(({ batchIndex, message }) => {
      return { batchIndex, batchIndexErrorMessage: message };
    }),
    errorMessage: refusal.message,
  };
}

export const handlers = { Produce: produce } satisfies Partial<Handlers>;
