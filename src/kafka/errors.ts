/**
 * Kafka's errors: what a response says instead of an answer (Kafka protocol guide, "Error Codes"),
 * and what each of the broker's refusals becomes among them.
 *
 * The table is Kafka's whole one, so that a client can name what any broker answers. Names and
 * codes are the protocol's; a client of Kafka's own tries again by itself what is retriable.
 */
import type { RefusalCode } from "../base/refusal.ts";

/** One row of the table. */
interface ErrorRow {
  readonly code: number;
  /** Whether the same request may succeed later, without anyone doing anything about it. */
  readonly retriable: boolean;
  /** What it means, for people; a response may say more in an `errorMessage`. */
  readonly message: string;
}

const final = (code: number, message: string): ErrorRow => ({ code, retriable: false, message });
const retriable = (code: number, message: string): ErrorRow => ({ code, retriable: true, message });

/** By Kafka's names, in the order of their codes. */
export const errors = {
  UNKNOWN_SERVER_ERROR: final(-1, "the server failed in a way that it did not expect"),
  NONE: final(0, ""),
  OFFSET_OUT_OF_RANGE: final(1, "the offset is not one that the log holds"),
  CORRUPT_MESSAGE: retriable(2, "the batch is damaged, or not of a form that can be stored"),
  UNKNOWN_TOPIC_OR_PARTITION: retriable(3, "there is no such topic or partition here"),
  INVALID_FETCH_SIZE: final(4, "the size to fetch is not valid"),
  LEADER_NOT_AVAILABLE: retriable(5, "the partition has no leader at the moment"),
  NOT_LEADER_OR_FOLLOWER: retriable(6, "this broker does not lead the partition"),
  REQUEST_TIMED_OUT: retriable(7, "the request was not done in its time"),
  BROKER_NOT_AVAILABLE: final(8, "the broker is not available"),
  REPLICA_NOT_AVAILABLE: retriable(9, "the replica is not available"),
  MESSAGE_TOO_LARGE: final(10, "the batch is larger than the topic takes"),
  STALE_CONTROLLER_EPOCH: final(11, "the controller has moved to another broker"),
  OFFSET_METADATA_TOO_LARGE: final(12, "the metadata of the committed offset is too large"),
  NETWORK_EXCEPTION: retriable(13, "the connection ended before the response had come"),
  COORDINATOR_LOAD_IN_PROGRESS: retriable(14, "the coordinator is still reading what it knows"),
  COORDINATOR_NOT_AVAILABLE: retriable(15, "the coordinator is not available"),
  NOT_COORDINATOR: retriable(16, "this broker is not the coordinator"),
  INVALID_TOPIC_EXCEPTION: final(17, "no topic can have this name"),
  RECORD_LIST_TOO_LARGE: final(18, "the batch is larger than a segment of the log"),
  NOT_ENOUGH_REPLICAS: retriable(19, "too few replicas are in sync to take records"),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: retriable(20, "the records are stored, on too few replicas"),
  INVALID_REQUIRED_ACKS: final(21, "acks is -1, 0 or 1"),
  ILLEGAL_GENERATION: final(22, "the group is in another generation"),
  INCONSISTENT_GROUP_PROTOCOL: final(23, "the group and this member have no protocol in common"),
  INVALID_GROUP_ID: final(24, "no group can have this id"),
  UNKNOWN_MEMBER_ID: final(25, "the group has no such member"),
  INVALID_SESSION_TIMEOUT: final(
    26,
    "the session timeout is out of the range that the broker allows",
  ),
  REBALANCE_IN_PROGRESS: final(27, "the group is rebalancing: join again"),
  INVALID_COMMIT_OFFSET_SIZE: final(28, "the committed offset is too large to store"),
  TOPIC_AUTHORIZATION_FAILED: final(29, "not authorized for this topic"),
  GROUP_AUTHORIZATION_FAILED: final(30, "not authorized for this group"),
  CLUSTER_AUTHORIZATION_FAILED: final(31, "not authorized for this cluster"),
  INVALID_TIMESTAMP: final(32, "a record's timestamp is too far from the time it is"),
  UNSUPPORTED_SASL_MECHANISM: final(33, "the broker does not have this SASL mechanism"),
  ILLEGAL_SASL_STATE: final(34, "the request does not fit the state of authentication"),
  UNSUPPORTED_VERSION: final(35, "the broker does not have this version of the API"),
  TOPIC_ALREADY_EXISTS: final(36, "a topic of this name exists"),
  INVALID_PARTITIONS: final(37, "the number of partitions is not one that the topic can have"),
  INVALID_REPLICATION_FACTOR: final(38, "there are not as many brokers as replicas wanted"),
  INVALID_REPLICA_ASSIGNMENT: final(39, "the assignment of replicas is not valid"),
  INVALID_CONFIG: final(40, "a configuration is not valid"),
  NOT_CONTROLLER: retriable(41, "this broker is not the controller"),
  INVALID_REQUEST: final(42, "the request makes no sense as it is"),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: final(
    43,
    "records are stored in a format that does not have this",
  ),
  POLICY_VIOLATION: final(44, "the broker's policy does not allow this"),
  OUT_OF_ORDER_SEQUENCE_NUMBER: final(45, "a batch of this producer is missing before this one"),
  DUPLICATE_SEQUENCE_NUMBER: final(46, "this batch of the producer is already stored"),
  INVALID_PRODUCER_EPOCH: final(47, "the producer has an old epoch"),
  INVALID_TXN_STATE: final(48, "the transaction is not in a state for this"),
  INVALID_PRODUCER_ID_MAPPING: final(49, "the producer id is not that of the transactional id"),
  INVALID_TRANSACTION_TIMEOUT: final(
    50,
    "the transaction timeout is larger than the broker allows",
  ),
  CONCURRENT_TRANSACTIONS: retriable(51, "the transactional id is still busy with something else"),
  TRANSACTION_COORDINATOR_FENCED: final(52, "another broker coordinates the transaction now"),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: final(53, "not authorized for this transactional id"),
  SECURITY_DISABLED: final(54, "the broker has no access control"),
  OPERATION_NOT_ATTEMPTED: final(55, "not tried, because another part of the request failed"),
  KAFKA_STORAGE_ERROR: retriable(56, "the disk does not take or give the records"),
  LOG_DIR_NOT_FOUND: final(57, "the broker has no such log directory"),
  SASL_AUTHENTICATION_FAILED: final(58, "authentication has failed"),
  UNKNOWN_PRODUCER_ID: final(59, "nothing is known of this producer"),
  REASSIGNMENT_IN_PROGRESS: final(60, "the partition is being moved"),
  DELEGATION_TOKEN_AUTH_DISABLED: final(61, "the broker has no delegation tokens"),
  DELEGATION_TOKEN_NOT_FOUND: final(62, "there is no such delegation token"),
  DELEGATION_TOKEN_OWNER_MISMATCH: final(63, "the delegation token is another's"),
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: final(
    64,
    "delegation tokens are not to be had on this connection",
  ),
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: final(65, "not authorized for this delegation token"),
  DELEGATION_TOKEN_EXPIRED: final(66, "the delegation token has expired"),
  INVALID_PRINCIPAL_TYPE: final(67, "there is no such type of principal"),
  NON_EMPTY_GROUP: final(68, "the group has members"),
  GROUP_ID_NOT_FOUND: final(69, "there is no such group"),
  FETCH_SESSION_ID_NOT_FOUND: retriable(70, "there is no such fetch session"),
  INVALID_FETCH_SESSION_EPOCH: retriable(71, "the fetch session is at another epoch"),
  LISTENER_NOT_FOUND: retriable(72, "the leader is not to be reached through this listener"),
  TOPIC_DELETION_DISABLED: final(73, "the broker does not delete topics"),
  FENCED_LEADER_EPOCH: retriable(74, "the leader epoch is older than the broker's"),
  UNKNOWN_LEADER_EPOCH: retriable(75, "the leader epoch is newer than the broker's"),
  UNSUPPORTED_COMPRESSION_TYPE: final(
    76,
    "this version of the API does not have the batch's compression",
  ),
  STALE_BROKER_EPOCH: final(77, "the broker has another epoch now"),
  OFFSET_NOT_AVAILABLE: retriable(
    78,
    "a new leader does not know yet how far the log is committed",
  ),
  MEMBER_ID_REQUIRED: final(79, "join again with the member id that was given"),
  PREFERRED_LEADER_NOT_AVAILABLE: retriable(80, "the preferred leader is not available"),
  GROUP_MAX_SIZE_REACHED: final(81, "the group has all the members that it can have"),
  FENCED_INSTANCE_ID: final(82, "another member has taken this group instance id"),
  ELIGIBLE_LEADERS_NOT_AVAILABLE: retriable(83, "no replica that could lead is available"),
  ELECTION_NOT_NEEDED: retriable(84, "the partition is led as it should be"),
  NO_REASSIGNMENT_IN_PROGRESS: final(85, "the partition is not being moved"),
  GROUP_SUBSCRIBED_TO_TOPIC: final(86, "members of the group read this topic"),
  INVALID_RECORD: final(87, "a record is not one that the topic takes"),
  UNSTABLE_OFFSET_COMMIT: retriable(88, "a transaction is about to change the offset"),
  THROTTLING_QUOTA_EXCEEDED: retriable(
    89,
    "more was asked for than the quota allows; later it may pass",
  ),
  PRODUCER_FENCED: final(90, "a newer producer has this transactional id"),
  RESOURCE_NOT_FOUND: final(91, "there is no such resource"),
  DUPLICATE_RESOURCE: final(92, "the same resource is named twice"),
  UNACCEPTABLE_CREDENTIAL: final(93, "the credential is not good enough"),
  INCONSISTENT_VOTER_SET: final(94, "the quorum has other voters"),
  INVALID_UPDATE_VERSION: final(95, "a feature can't go to this version"),
  FEATURE_UPDATE_FAILED: final(96, "the features could not be updated"),
  PRINCIPAL_DESERIALIZATION_FAILURE: final(97, "a forwarded principal can't be read"),
  SNAPSHOT_NOT_FOUND: final(98, "there is no such snapshot"),
  POSITION_OUT_OF_RANGE: final(99, "the snapshot does not have this position"),
  UNKNOWN_TOPIC_ID: retriable(100, "there is no topic with this id here"),
  DUPLICATE_BROKER_REGISTRATION: final(101, "another broker has this id"),
  BROKER_ID_NOT_REGISTERED: final(102, "no broker has this id"),
  INCONSISTENT_TOPIC_ID: retriable(103, "the log belongs to a topic with another id"),
  INCONSISTENT_CLUSTER_ID: final(104, "this is another cluster"),
  TRANSACTIONAL_ID_NOT_FOUND: final(105, "there is no such transactional id"),
  FETCH_SESSION_TOPIC_ID_ERROR: retriable(106, "the fetch session mixes names and ids of topics"),
  INELIGIBLE_REPLICA: final(107, "a replica can't be in sync"),
  NEW_LEADER_ELECTED: final(108, "the change was made, and the leader is another now"),
  OFFSET_MOVED_TO_TIERED_STORAGE: final(109, "the offset is in tiered storage now"),
  FENCED_MEMBER_EPOCH: final(
    110,
    "the member is fenced: it gives up its partitions and joins again",
  ),
  UNRELEASED_INSTANCE_ID: final(111, "a member that is still there has this instance id"),
  UNSUPPORTED_ASSIGNOR: final(112, "the group does not have this assignor"),
  STALE_MEMBER_EPOCH: final(113, "the member is at another epoch now"),
  MISMATCHED_ENDPOINT_TYPE: final(114, "this is not the type of endpoint asked for"),
  UNSUPPORTED_ENDPOINT_TYPE: final(115, "there is no such type of endpoint here"),
  UNKNOWN_CONTROLLER_ID: final(116, "no controller has this id"),
  UNKNOWN_SUBSCRIPTION_ID: final(117, "the subscription to telemetry is out of date"),
  TELEMETRY_TOO_LARGE: final(118, "there is more telemetry than the broker takes"),
  INVALID_REGISTRATION: final(119, "the controller does not take the registration"),
  TRANSACTION_ABORTABLE: final(120, "the transaction has failed and can be aborted"),
  INVALID_RECORD_STATE: final(121, "the record is not in a state to be acknowledged so"),
  SHARE_SESSION_NOT_FOUND: retriable(122, "there is no such share session"),
  INVALID_SHARE_SESSION_EPOCH: retriable(123, "the share session is at another epoch"),
  FENCED_STATE_EPOCH: final(124, "the share group has another state epoch"),
  INVALID_VOTER_KEY: final(125, "the voter's key is not that of this replica"),
  DUPLICATE_VOTER: final(126, "the voter is already one"),
  VOTER_NOT_FOUND: final(127, "there is no such voter"),
  INVALID_REGULAR_EXPRESSION: final(128, "the regular expression is not valid"),
  REBOOTSTRAP_REQUIRED: final(129, "what the client knows is out of date: it has to start anew"),
  STREAMS_INVALID_TOPOLOGY: final(130, "the topology is not valid"),
  STREAMS_INVALID_TOPOLOGY_EPOCH: final(131, "the topology has no such epoch"),
  STREAMS_TOPOLOGY_FENCED: final(132, "the topology has a newer epoch"),
  SHARE_SESSION_LIMIT_REACHED: retriable(133, "there are as many share sessions as there can be"),
} satisfies Readonly<Record<string, ErrorRow>>;

export type ErrorName = keyof typeof errors;

const names = new Map<number, ErrorName>();
for (const name of Object.keys(errors) as ErrorName[]) names.set(errors[name].code, name);

/** The name of a code; `undefined` if Kafka has given it away since. */
export const errorName = (code: number): ErrorName | undefined => names.get(code);

/**
 * What a refusal is called in Kafka's words.
 * - A full disk may have room again, as KAFKA_STORAGE_ERROR has it: a producer goes on trying for
 *   its delivery timeout, and is told why where the response has a message.
 * - A broker that stops leads nothing any more: clients ask around who does, until it is back.
 */
export const refusalErrors: Readonly<Record<RefusalCode, ErrorName>> = {
  CORRUPT_MESSAGE: "CORRUPT_MESSAGE",
  DISK_FULL: "KAFKA_STORAGE_ERROR",
  FENCED_LEADER_EPOCH: "FENCED_LEADER_EPOCH",
  INVALID_CONFIG: "INVALID_CONFIG",
  INVALID_PARTITIONS: "INVALID_PARTITIONS",
  INVALID_PRODUCER_EPOCH: "INVALID_PRODUCER_EPOCH",
  INVALID_RECORD: "INVALID_RECORD",
  INVALID_REQUEST: "INVALID_REQUEST",
  INVALID_TIMESTAMP: "INVALID_TIMESTAMP",
  INVALID_TOPIC_EXCEPTION: "INVALID_TOPIC_EXCEPTION",
  KAFKA_STORAGE_ERROR: "KAFKA_STORAGE_ERROR",
  MESSAGE_TOO_LARGE: "MESSAGE_TOO_LARGE",
  OFFSET_OUT_OF_RANGE: "OFFSET_OUT_OF_RANGE",
  OUT_OF_ORDER_SEQUENCE_NUMBER: "OUT_OF_ORDER_SEQUENCE_NUMBER",
  POLICY_VIOLATION: "POLICY_VIOLATION",
  SHUTTING_DOWN: "NOT_LEADER_OR_FOLLOWER",
  THROTTLING_QUOTA_EXCEEDED: "THROTTLING_QUOTA_EXCEEDED",
  TOPIC_ALREADY_EXISTS: "TOPIC_ALREADY_EXISTS",
  UNKNOWN_LEADER_EPOCH: "UNKNOWN_LEADER_EPOCH",
  UNKNOWN_TOPIC_OR_PARTITION: "UNKNOWN_TOPIC_OR_PARTITION",
  UNSUPPORTED_COMPRESSION_TYPE: "UNSUPPORTED_COMPRESSION_TYPE",
};
