/** Batches as a Produce request, and each batch's outcome out of the response. */
import type { apis } from "../../kafka/apis.ts";
import { noUuid, type RequestOf, type ResponseOf } from "../../wire/table.ts";
import { ClientError, kafkaError } from "./client-error.ts";
import type { ProduceOutcome } from "./produce-outcome.ts";

/** A batch on its way to its leader. */
export interface Parcel {
  readonly topic: string;
  /** `noUuid`: the cluster is too old to have topic ids. */
  readonly topicId: string;
  readonly partition: number;
  readonly bytes: Uint8Array;
}

/** @param parcels at most one for each partition */
export function produceRequest(
  parcels: readonly Parcel[],
  acks: "all" | 1 | 0,
  timeoutMs: number,
): RequestOf<typeof apis.Produce> {
  const topics = new Map<string, Parcel[]>();
  for (const parcel of parcels) {
    const key = parcel.topic + parcel.topicId;
    const others = topics.get(key);
    if (others === undefined) topics.set(key, [parcel]);
    else others.push(parcel);
  }
  return {
    transactionalId: null,
    acks: acks === "all" ? -1 : acks,
    timeoutMs,
    topicData: [...topics.values()].map((ofTopic) => ({
      name: ofTopic[0]?.topic ?? "",
      topicId: ofTopic[0]?.topicId ?? noUuid,
      partitionData: ofTopic.map(({ partition, bytes }) => ({ index: partition, records: bytes })),
    })),
  };
}

/** Produce by topic ids, and not by names. */
export const topicIdsSince = 13;

/** What became of each parcel, in their order. */
export function produceOutcomes(
  response: ResponseOf<typeof apis.Produce>,
  parcels: readonly Parcel[],
): readonly ProduceOutcome[] {
  const found = new Map<string, ProduceOutcome>();
  for (const { name, topicId, partitionResponses } of response.responses) {
    for (const partition of partitionResponses) {
      const { baseOffset, logAppendTimeMs, recordErrors } = partition;
      const error = kafkaError(partition.errorCode, "not stored", partition.errorMessage);
      const words = recordErrors.map(
        (each) => [each.batchIndex, each.batchIndexErrorMessage ?? ""] as const,
      );
      const outcome = { error, baseOffset, logAppendTimeMs, recordErrors: new Map(words) };
      found.set(`${name || topicId}/${partition.index}`, outcome);
    }
  }
  return parcels.map(
    ({ topic, topicId, partition }) =>
      found.get(`${topic}/${partition}`) ?? found.get(`${topicId}/${partition}`) ?? unanswered,
  );
}

/** The same for all batches of a request that came to nothing. */
export const failedOutcome = (error: ClientError): ProduceOutcome => ({
  error,
  baseOffset: -1,
  logAppendTimeMs: -1,
  recordErrors: new Map(),
});

/** There was no answer because none is sent: with acks 0. */
export const unknownOutcome: ProduceOutcome = {
  error: null,
  baseOffset: -1,
  logAppendTimeMs: -1,
  recordErrors: new Map(),
};

const unanswered = failedOutcome(
  new ClientError("MALFORMED", "the broker's answer leaves the batch out"),
);
