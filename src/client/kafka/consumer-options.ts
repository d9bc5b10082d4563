/** What a consumer is told, checked and completed. */
import { quoted } from "../../base/printable.ts";
import {
  clientResponseBytesMax,
  consumerBufferBytes,
  consumerFetchBytes,
  consumerFetchWaitMs,
  consumerHeartbeatMs,
  consumerPartitionFetchBytes,
  consumerPollIntervalMs,
  consumerSessionMs,
  shownCharactersMax,
} from "../../limits.ts";
import { nameFault } from "../../log/layout.ts";
import { isAbsentOr, isListOf, isRecord, isText } from "../given.ts";
import type { Assignor } from "./assignor.ts";
import { ClientError } from "./client-error.ts";
import type { ConsumerCluster } from "./consumer-cluster.ts";
import { cooperativeStickyAssignor } from "./sticky-assignor.ts";
import type { FetcherOptions } from "./fetcher.ts";
import type { MembershipOptions } from "./membership.ts";
import { earliestTime, latestTime } from "./offset-lookup.ts";
import { rangeAssignor } from "./range-assignor.ts";
import type { RebalanceEvents } from "./rebalance.ts";
import { roundRobinAssignor } from "./round-robin-assignor.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** Kafka's names. */
export type AssignorName = "range" | "roundrobin" | "cooperative-sticky";

/** What a consumer is told. All times are milliseconds. */
export interface ConsumerOptions extends RebalanceEvents {
  /** `host:port` of some brokers; the others are learned from them. Or else `cluster`. */
  readonly brokers?: readonly string[];
  /** Is used together with others, and not closed with the consumer. */
  readonly cluster?: ConsumerCluster;
  /** What brokers call this client in their logs and quotas. */
  readonly clientId?: string;
  /** In whose name offsets are committed, and whose members divide the topics among them. */
  readonly group?: string;
  /** Makes it a static member: one that comes back within a session has its place (KIP-345). */
  readonly groupInstanceId?: string;
  /** Read as a member of the group; without a group, all partitions. They need not exist yet. */
  readonly topics?: readonly string[];
  /** Or these partitions, whoever else reads them; the group's offsets may be committed. */
  readonly assign?: readonly TopicPartition[];
  /**
   * Where to begin partitions of which the group has committed nothing, and where to go on if the
   * log does not have the offset: the start (`committed`, the default, says the same), the end, or
   * the first record as late as a time (milliseconds since 1970).
   */
  readonly from?: "committed" | "earliest" | "latest" | number;
  /**
   * How the group may divide partitions, as wished for; default: range, cooperative-sticky. With
   * cooperative-sticky alone, members go on reading what they keep while the group rebalances.
   */
  readonly assignors?: readonly AssignorName[];
  /** A member not heard of for so long is out of the group. */
  readonly sessionTimeoutMs?: number;
  readonly heartbeatIntervalMs?: number;
  /** A member that does not poll for so long leaves the group. */
  readonly maxPollIntervalMs?: number;
  /** How often what was polled before is committed by itself; `null`, the default: never. */
  readonly autoCommitIntervalMs?: number | null;
  /** How long a broker waits for the first record. */
  readonly fetchWaitMs?: number;
  /** The most that one response brings of all partitions, and of one; one batch may be larger. */
  readonly fetchBytes?: number;
  readonly partitionFetchBytes?: number;
  /** The most that is fetched ahead. */
  readonly bufferBytes?: number;
  /** Whether records of open and aborted transactions are left out; default: no. */
  readonly isolation?: "read_uncommitted" | "read_committed";
}

/** All of it, in the words of the parts. */
export interface ConsumerPlan {
  readonly group: string | null;
  readonly groupInstanceId: string | null;
  readonly topics: readonly string[];
  readonly assign: readonly TopicPartition[];
  readonly fromTime: number;
  readonly isCooperative: boolean;
  readonly autoCommitIntervalMs: number | null;
  readonly fetching: FetcherOptions;
  readonly membership: Omit<MembershipOptions, "group">;
}

const assignors: Readonly<Record<AssignorName, Assignor>> = {
  range: rangeAssignor,
  roundrobin: roundRobinAssignor,
  "cooperative-sticky": cooperativeStickyAssignor,
};

const int32Max = 0x7fff_ffff;

/** @throws ClientError INVALID */
export function planOf(options: ConsumerOptions): ConsumerPlan {
  const { group = null, groupInstanceId = null, topics = [], assign = [], from } = options;
  const { assignors: names = ["range", "cooperative-sticky"], autoCommitIntervalMs } = options;
  checkKinds(options);
  checkWhat(options);
  for (const name of names) check(Object.hasOwn(assignors, name), `no assignor is called ${name}`);
  const chosen = [...new Set(names)].map((name) => assignors[name]);
  check(chosen.length > 0, "a member of a group has one assignor at least");
  const sessionTimeoutMs = positive("sessionTimeoutMs", options, consumerSessionMs);
  const heartbeatIntervalMs = positive("heartbeatIntervalMs", options, consumerHeartbeatMs);
  check(heartbeatIntervalMs < sessionTimeoutMs, "heartbeatIntervalMs is below sessionTimeoutMs");
  const fetchBytes = positive("fetchBytes", options, consumerFetchBytes);
  check(fetchBytes < clientResponseBytesMax, `fetchBytes is below ${clientResponseBytesMax}`);
  return {
    group,
    groupInstanceId,
    topics,
    assign,
    fromTime: timeOf(from ?? "committed"),
    isCooperative: chosen.every(({ isCooperative }) => isCooperative),
    autoCommitIntervalMs:
      group === null || (autoCommitIntervalMs ?? null) === null
        ? null
        : positive("autoCommitIntervalMs", options, 0),
    fetching: {
      isolationLevel: options.isolation === "read_committed" ? 1 : 0,
      fetchWaitMs: positive("fetchWaitMs", options, consumerFetchWaitMs),
      fetchBytes,
      partitionFetchBytes: positive("partitionFetchBytes", options, consumerPartitionFetchBytes),
      bufferBytes: positive("bufferBytes", options, consumerBufferBytes),
    },
    membership: {
      groupInstanceId,
      topics,
      assignors: chosen,
      sessionTimeoutMs,
      heartbeatIntervalMs,
      maxPollIntervalMs: positive("maxPollIntervalMs", options, consumerPollIntervalMs),
    },
  };
}

/** That each thing is of its kind. */
function checkKinds(options: ConsumerOptions): void {
  const { topics, assign, assignors: names, group, groupInstanceId, from, isolation } = options;
  check(isAbsentOr(topics, isTexts), "topics are a list of names");
  check(isAbsentOr(assign, isPartitions), "assign is a list of { topic, partition }");
  check(isAbsentOr(names, isTexts), "assignors are a list of names");
  check(isAbsentOr(group, isText), "a consumer group has a name");
  check(isAbsentOr(groupInstanceId, isText), "groupInstanceId is a name");
  const isPlace = from === undefined || typeof from === "number" || places.includes(from);
  check(isPlace, `\`from\` is one of ${places.join(", ")}, or a time`);
  const isLevel = isolation === undefined || isolations.includes(isolation);
  check(isLevel, `isolation is one of ${isolations.join(", ")}`);
  for (const name of ["onAssigned", "onRevoked", "onLost"] as const) {
    check(isAbsentOr(options[name], isFunction), `${name} is a function`);
  }
}

const places: readonly (string | number)[] = ["committed", "earliest", "latest"];
const isolations: readonly string[] = ["read_uncommitted", "read_committed"];
const isFunction = (given: unknown): boolean => typeof given === "function";
const isTexts = (given: unknown): boolean => isListOf(given, isText);
const isPartitions = (given: unknown): boolean =>
  isListOf(given, (each): each is TopicPartition => isRecord(each) && isText(each["topic"]));

function checkWhat({ brokers, cluster, group, groupInstanceId, topics, assign }: ConsumerOptions) {
  check((brokers === undefined) !== (cluster === undefined), "brokers or a cluster, one of them");
  const isTopics = (topics?.length ?? 0) > 0;
  const isAssign = (assign?.length ?? 0) > 0;
  check(isTopics !== isAssign, "a consumer has topics, or partitions to `assign`, one of them");
  for (const topic of [...(topics ?? []), ...(assign ?? []).map((each) => each.topic)]) {
    const fault = nameFault(topic);
    const name = quoted(topic, shownCharactersMax);
    check(fault === null, `${name} cannot be the name of a topic: ${fault}`);
  }
  for (const { topic, partition } of assign ?? []) {
    const isPartition = Number.isInteger(partition) && partition >= 0 && partition <= int32Max;
    check(isPartition, `${topic}/${partition} cannot be a partition`);
  }
  check(group !== "", "a consumer group has a name");
  const isMember = group !== undefined && isTopics;
  check(groupInstanceId === undefined || isMember, "groupInstanceId is for a member of a group");
  check(groupInstanceId !== "", "groupInstanceId is a name");
}

type NumberName = {
  [Name in keyof ConsumerOptions]-?: ConsumerOptions[Name] extends number | null | undefined
    ? Name
    : never;
}[keyof ConsumerOptions];

function positive(name: NumberName, options: ConsumerOptions, fallback: number): number {
  const value = options[name] ?? fallback;
  // What goes out as an int32 has its limit.
  const isRight = Number.isInteger(value) && value > 0 && value <= int32Max;
  check(isRight, `${name} is a positive integer, and not ${value}`);
  return value;
}

function timeOf(from: NonNullable<ConsumerOptions["from"]>): number {
  if (from === "latest") return latestTime;
  if (typeof from !== "number") return earliestTime;
  check(Number.isInteger(from) && from >= 0, "`from` is a time in milliseconds since 1970");
  return from;
}

function check(condition: boolean, message: string): void {
  if (!condition) throw new ClientError("INVALID", message);
}
