/** What became of a batch that was sent, and what that means for it. Pure. */
import type { ClientError, ClientErrorCode } from "./client-error.ts";
import type { RecordErrors } from "./producer-batch.ts";

/** See the head of this file. */
export interface ProduceOutcome {
  readonly error: ClientError | null;
  /** Of the first record; -1: not known. */
  readonly baseOffset: number;
  /** -1: the records keep their own timestamps. */
  readonly logAppendTimeMs: number;
  readonly recordErrors: RecordErrors;
}

/**
 * - `stored`: it is there.
 * - `too large`: its halves may still go.
 * - `gap`: its numbers don't follow on what the broker has.
 * - `again`: the same may succeed later.
 * - `given up`: it won't.
 */
export type ProduceVerdict = "stored" | "too large" | "gap" | "again" | "given up";

const verdicts: Partial<Record<ClientErrorCode, ProduceVerdict>> = {
  DUPLICATE_SEQUENCE_NUMBER: "stored",
  MESSAGE_TOO_LARGE: "too large",
  RECORD_LIST_TOO_LARGE: "too large",
  OUT_OF_ORDER_SEQUENCE_NUMBER: "gap",
  UNKNOWN_PRODUCER_ID: "gap",
  INVALID_PRODUCER_EPOCH: "gap",
};

export function judge(error: ClientError | null): ProduceVerdict {
  if (error === null) return "stored";
  return verdicts[error.code] ?? (error.retriable ? "again" : "given up");
}

/**
 * Errors that come before anything is written. With all others, a broker that has stopped leading,
 * or waited in vain for others, may have the batch.
 */
const refusals: ReadonlySet<ClientErrorCode> = new Set<ClientErrorCode>([
  "INVALID",
  "OVERLOADED",
  "UNSUPPORTED",
  "MESSAGE_TOO_LARGE",
  "RECORD_LIST_TOO_LARGE",
  "OUT_OF_ORDER_SEQUENCE_NUMBER",
  "UNKNOWN_PRODUCER_ID",
  "INVALID_PRODUCER_EPOCH",
  "CORRUPT_MESSAGE",
  "INVALID_RECORD",
  "INVALID_TIMESTAMP",
  "INVALID_REQUIRED_ACKS",
  "INVALID_TOPIC_EXCEPTION",
  "UNSUPPORTED_COMPRESSION_TYPE",
  "UNSUPPORTED_FOR_MESSAGE_FORMAT",
  "UNSUPPORTED_VERSION",
  "TOPIC_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "POLICY_VIOLATION",
  "THROTTLING_QUOTA_EXCEEDED",
  "UNKNOWN_TOPIC_ID",
  "INCONSISTENT_TOPIC_ID",
]);

/** Whether a batch that ended so may be stored. */
export const mayBeStored = (error: ClientError): boolean => !refusals.has(error.code);

/** Whether a broker tells with it that the leader may be another by now. */
export const doubtsLeader = (error: ClientError): boolean =>
  error.retriable && !leaderAnswers.has(error.code);

/** What only a leader says. */
const leaderAnswers: ReadonlySet<ClientErrorCode> = new Set<ClientErrorCode>([
  "OVERLOADED",
  "CORRUPT_MESSAGE",
  "REQUEST_TIMED_OUT",
  "NOT_ENOUGH_REPLICAS",
  "NOT_ENOUGH_REPLICAS_AFTER_APPEND",
  "THROTTLING_QUOTA_EXCEEDED",
]);
