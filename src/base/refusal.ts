/**
 * Everything the broker can refuse, as values of one closed union. A refusal is an answer, not an
 * exception: it crosses folders as a return value, and each protocol has one exhaustive table that
 * turns its code into what that protocol says.
 */

import type { Offset } from "./brands.ts";

/**
 * Kafka's error names where Kafka has the case (Kafka protocol guide, "Error Codes"). `DISK_FULL`
 * and `SHUTTING_DOWN` are ours: operators must be able to tell them from a broken disk.
 */
export type RefusalCode =
  | "CORRUPT_MESSAGE"
  | "DISK_FULL"
  | "FENCED_LEADER_EPOCH"
  | "INVALID_CONFIG"
  | "INVALID_PARTITIONS"
  | "INVALID_PRODUCER_EPOCH"
  | "INVALID_RECORD"
  | "INVALID_REQUEST"
  | "INVALID_TIMESTAMP"
  | "INVALID_TOPIC_EXCEPTION"
  | "KAFKA_STORAGE_ERROR"
  | "MESSAGE_TOO_LARGE"
  | "OFFSET_OUT_OF_RANGE"
  | "OUT_OF_ORDER_SEQUENCE_NUMBER"
  | "POLICY_VIOLATION"
  | "SHUTTING_DOWN"
  | "THROTTLING_QUOTA_EXCEEDED"
  | "TOPIC_ALREADY_EXISTS"
  | "UNKNOWN_LEADER_EPOCH"
  | "UNKNOWN_TOPIC_OR_PARTITION"
  | "UNSUPPORTED_COMPRESSION_TYPE";

/** One refusal: the code for programs; the message says what was wrong, where, what to do. */
export class Refusal {
  constructor(
    readonly code: RefusalCode,
    readonly message: string,
    /** Where reading may go on, when what was asked for is damaged for good. */
    readonly resumeAt?: Offset,
  ) {}

  toString(): string {
    return `${this.code}: ${this.message}`;
  }
}
