/**
 * Errors of REST v2, with Confluent's codes and words: clients compare both.
 *
 * Source: confluentinc/kafka-rest `Errors`, `KafkaExceptionMapper`.
 */
import type { Refusal, RefusalCode } from "../../base/refusal.ts";
import type { GroupErrorCode } from "../../broker/group-errors.ts";
import { errorOf, HttpError } from "../errors.ts";

export const topicNotFound = new HttpError(404, 40401, "Topic not found.");
export const partitionNotFound = new HttpError(404, 40402, "Partition not found.");
export const consumerNotFound = new HttpError(404, 40403, "Consumer instance not found.");

export const formatMismatch = new HttpError(
  406,
  40601,
  "The requested embedded data format does not match the deserializer for this consumer instance",
);

export const alreadyExists = new HttpError(
  409,
  40902,
  "Consumer with specified consumer ID already exists in the specified consumer group.",
);

export const illegalState = (what: string): HttpError =>
  new HttpError(409, 40903, `Illegal state: ${what}`);

export const invalidConfig = (what: string): HttpError =>
  new HttpError(422, 42204, `Invalid consumer configuration: ${what}`);

export const invalidConstraint = (what: string): HttpError =>
  new HttpError(
    422,
    40001,
    `Invalid consumer configuration. It does not abide by the constraints: ${what}`,
  );

const kafkaError = 50002;
const retriableError = 50003;

/** What the coordinator says to a consumer. */
export function groupFault(code: Exclude<GroupErrorCode, "NONE">): HttpError {
  const isRetriable = code === "REBALANCE_IN_PROGRESS" || code === "COORDINATOR_NOT_AVAILABLE";
  return new HttpError(500, isRetriable ? retriableError : kafkaError, `Kafka error: ${code}`);
}

/** Whatever else a consumer meets. */
export const consumerFault = (what: string): HttpError =>
  new HttpError(500, kafkaError, `Kafka error: ${what}`);

/** What the broker refuses about a topic. */
export const refusedV2 = (refusal: Refusal): HttpError =>
  refusal.code === "UNKNOWN_TOPIC_OR_PARTITION" ? topicNotFound : errorOf(refusal);

const retriable: ReadonlySet<RefusalCode> = new Set([
  "CORRUPT_MESSAGE",
  "DISK_FULL",
  "KAFKA_STORAGE_ERROR",
  "SHUTTING_DOWN",
]);

/** The code of one record that was not stored, within an answer. */
export const recordErrorCode = ({ code }: Refusal): number =>
  retriable.has(code) ? retriableError : kafkaError;
