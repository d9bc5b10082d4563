/**
 * The replies of the original protocol, as values and as bytes, and the one table that says which
 * of them a refusal becomes.
 */
import type { RefusalCode } from "../base/refusal.ts";

/** Why a frame was not stored, in the original's words. */
export type NackReason = "CORRUPTED" | "INVALID_FORMAT" | "PROTOCOL_ERROR" | "PUBLISH_FAILED";
export type Reply = "OK" | NackReason;

/**
 * A refusal is always PUBLISH_FAILED: the frame parsed, and the broker would not or could not
 * store it. That holds for a name that no topic may have, too. INVALID_FORMAT is kept for bytes
 * that are no message: whoever is told so has an encoder to mend, and not a name to change.
 */
export const replyToRefusal: Readonly<Record<RefusalCode, NackReason>> = {
  CORRUPT_MESSAGE: "PUBLISH_FAILED",
  DISK_FULL: "PUBLISH_FAILED",
  FENCED_LEADER_EPOCH: "PUBLISH_FAILED",
  INVALID_CONFIG: "PUBLISH_FAILED",
  INVALID_PARTITIONS: "PUBLISH_FAILED",
  INVALID_PRODUCER_EPOCH: "PUBLISH_FAILED",
  INVALID_RECORD: "PUBLISH_FAILED",
  INVALID_REQUEST: "PUBLISH_FAILED",
  INVALID_TIMESTAMP: "PUBLISH_FAILED",
  INVALID_TOPIC_EXCEPTION: "PUBLISH_FAILED",
  KAFKA_STORAGE_ERROR: "PUBLISH_FAILED",
  MESSAGE_TOO_LARGE: "PUBLISH_FAILED",
  OFFSET_OUT_OF_RANGE: "PUBLISH_FAILED",
  OUT_OF_ORDER_SEQUENCE_NUMBER: "PUBLISH_FAILED",
  POLICY_VIOLATION: "PUBLISH_FAILED",
  SHUTTING_DOWN: "PUBLISH_FAILED",
  THROTTLING_QUOTA_EXCEEDED: "PUBLISH_FAILED",
  TOPIC_ALREADY_EXISTS: "PUBLISH_FAILED",
  UNKNOWN_LEADER_EPOCH: "PUBLISH_FAILED",
  UNKNOWN_TOPIC_OR_PARTITION: "PUBLISH_FAILED",
  UNSUPPORTED_COMPRESSION_TYPE: "PUBLISH_FAILED",
};

/** So many replies are made once and sent as slices: what a chunk of small frames asks for. */
const repeatsMax = 4096;

const repeated = (reply: Reply): Uint8Array => {
  const line = reply === "OK" ? "OK\n" : `NACK:${reply}\n`;
  return new TextEncoder().encode(line.repeat(repeatsMax));
};

/** Each is made when it is first sent. */
const repeats: Partial<Record<Reply, Uint8Array>> = {};

/** Sends `count` times the same reply, as bytes, in as few pieces as possible. */
export function sendReplies(reply: Reply, count: number, send: (bytes: Uint8Array) => void): void {
  const bytes = (repeats[reply] ??= repeated(reply));
  const lineBytes = bytes.length / repeatsMax;
  for (let left = count; left > 0; left -= repeatsMax) {
    send(left >= repeatsMax ? bytes : bytes.subarray(0, left * lineBytes));
  }
}
