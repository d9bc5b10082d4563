/**
 * What a group coordinator can answer, by Kafka's error names (Kafka protocol guide, "Error
 * Codes"), and what a refusal of the metadata store becomes among them.
 */
import type { Refusal } from "../base/refusal.ts";

/** One closed union, so that the table of codes is exhaustive. */
export type GroupErrorCode =
  | "NONE"
  | "COORDINATOR_NOT_AVAILABLE"
  | "FENCED_INSTANCE_ID"
  | "GROUP_ID_NOT_FOUND"
  | "GROUP_MAX_SIZE_REACHED"
  | "GROUP_SUBSCRIBED_TO_TOPIC"
  | "ILLEGAL_GENERATION"
  | "INCONSISTENT_GROUP_PROTOCOL"
  | "INVALID_GROUP_ID"
  | "INVALID_REQUEST"
  | "INVALID_SESSION_TIMEOUT"
  | "KAFKA_STORAGE_ERROR"
  | "MEMBER_ID_REQUIRED"
  | "NON_EMPTY_GROUP"
  | "OFFSET_METADATA_TOO_LARGE"
  | "POLICY_VIOLATION"
  | "REBALANCE_IN_PROGRESS"
  | "UNKNOWN_MEMBER_ID";

/**
 * The answer when the store has refused. A full disk passes, so clients may come again, as they do
 * for COORDINATOR_NOT_AVAILABLE; a broken one does not, and they must not wait for it in vain.
 */
export function storeErrorCode(refusal: Refusal): GroupErrorCode {
  switch (refusal.code) {
    case "DISK_FULL":
    case "SHUTTING_DOWN":
      return "COORDINATOR_NOT_AVAILABLE";
    default:
      return "KAFKA_STORAGE_ERROR";
  }
}
