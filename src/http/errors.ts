/**
 * Errors as clients of Confluent's REST proxy know them: `{"error_code": 40403, "message": "…"}`,
 * for every path of this door. A code of three digits is the status; one of five says more.
 *
 * Sources: confluentinc/kafka-rest `Errors`, `KafkaExceptionMapper`. Ours: 40411, 507.
 */
import type { Refusal, RefusalCode } from "../base/refusal.ts";
import type { GroupErrorCode } from "../broker/group-errors.ts";
import { named, object, text, whole } from "./schema.ts";

/** An answer that is an error. The message says what was wrong, where, and what to do. */
export class HttpError {
  constructor(
    readonly status: number,
    readonly errorCode: number,
    readonly message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  /** An error that the status alone tells. */
  static of(
    status: number,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ): HttpError {
    return new HttpError(status, status, message, headers);
  }
}

/** For a large answer, while peers have not taken others. */
export const noRoom = HttpError.of(503, "too much of large answers waits to be taken", {
  "retry-after": "1",
});

/** The body of every error. */
export const errorBody = named(
  "Error",
  object({
    error_code: whole({ doc: "The status, or a code of five digits that says more." }),
    message: text({ doc: "What was wrong, where, and what to do." }),
  }),
);

/** A status, and the code that goes with it. */
type Codes = readonly [status: number, errorCode: number];

const badRequest: Codes = [400, 40002];

/** Confluent's words for each refusal of the broker. */
const refusalCodes: Readonly<Record<RefusalCode, Codes>> = {
  CORRUPT_MESSAGE: [500, 50002],
  DISK_FULL: [507, 50003],
  FENCED_LEADER_EPOCH: badRequest,
  INVALID_CONFIG: badRequest,
  INVALID_PARTITIONS: badRequest,
  INVALID_PRODUCER_EPOCH: badRequest,
  INVALID_RECORD: badRequest,
  INVALID_REQUEST: badRequest,
  INVALID_TIMESTAMP: badRequest,
  INVALID_TOPIC_EXCEPTION: badRequest,
  KAFKA_STORAGE_ERROR: [500, 50003],
  MESSAGE_TOO_LARGE: [413, 413],
  OFFSET_OUT_OF_RANGE: [404, 40411],
  OUT_OF_ORDER_SEQUENCE_NUMBER: badRequest,
  POLICY_VIOLATION: badRequest,
  SHUTTING_DOWN: [503, 50302],
  THROTTLING_QUOTA_EXCEEDED: [429, 42901],
  TOPIC_ALREADY_EXISTS: badRequest,
  UNKNOWN_LEADER_EPOCH: badRequest,
  UNKNOWN_TOPIC_OR_PARTITION: [404, 40403],
  UNSUPPORTED_COMPRESSION_TYPE: badRequest,
};

/** What a refusal of the broker is here. */
export function errorOf({ code, message }: Refusal): HttpError {
  const [status, errorCode] = refusalCodes[code];
  return new HttpError(status, errorCode, message);
}

const gone = "the broker starts or stops just now; ask again later";

/** The same for what the group coordinator answers. */
const groupErrors: Readonly<
  Record<Exclude<GroupErrorCode, "NONE">, readonly [...Codes, message: string]>
> = {
  COORDINATOR_NOT_AVAILABLE: [503, 50302, gone],
  FENCED_INSTANCE_ID: [409, 409, "another member has taken this group instance id"],
  GROUP_ID_NOT_FOUND: [404, 40403, "there is no such group"],
  GROUP_MAX_SIZE_REACHED: [400, 40002, "the group has all the members that it can have"],
  GROUP_SUBSCRIBED_TO_TOPIC: [409, 409, "members of the group read this topic"],
  ILLEGAL_GENERATION: [409, 409, "the group is in another generation"],
  INCONSISTENT_GROUP_PROTOCOL: [409, 409, "the group and this member have no protocol in common"],
  INVALID_GROUP_ID: [400, 40002, "no group can have this id"],
  INVALID_REQUEST: [400, 40002, "the request makes no sense as it is"],
  INVALID_SESSION_TIMEOUT: [400, 40002, "the session timeout is out of the allowed range"],
  KAFKA_STORAGE_ERROR: [500, 50003, "the disk does not take or give it"],
  MEMBER_ID_REQUIRED: [409, 409, "join again with the member id that was given"],
  NON_EMPTY_GROUP: [409, 409, "the group has members"],
  OFFSET_METADATA_TOO_LARGE: [400, 40002, "the text beside the offset is too long"],
  POLICY_VIOLATION: [400, 40002, "there are too many groups, or they are too large"],
  REBALANCE_IN_PROGRESS: [409, 409, "the group is rebalancing; ask again"],
  UNKNOWN_MEMBER_ID: [404, 40403, "the group has no such member"],
};

/** What an error of the group coordinator is here. @param what it is about, for the message */
export function groupError(code: Exclude<GroupErrorCode, "NONE">, what: string): HttpError {
  const [status, errorCode, message] = groupErrors[code];
  return new HttpError(status, errorCode, `${what}: ${message}`);
}
