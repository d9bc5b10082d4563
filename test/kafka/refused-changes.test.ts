/** What is refused of changes to topics and configurations, in every version. */
import { describe } from "bun:test";
import type { ErrorName } from "../../src/kafka/errors.ts";
import { noUuid } from "../../src/wire/table.ts";
import { type Refused, refuses, unknownId } from "../support/refusals.ts";

const create = (topic: object) => (): object => ({
  topics: [{ name: "new", numPartitions: 1, replicationFactor: 1, ...topic }],
  validateOnly: true,
});
const created: readonly (readonly [what: string, topic: object, error: ErrorName])[] = [
  ["a name that no topic can have", { name: "a b" }, "INVALID_TOPIC_EXCEPTION"],
  ["no name", { name: "" }, "INVALID_TOPIC_EXCEPTION"],
  ["a name that is too long", { name: "x".repeat(250) }, "INVALID_TOPIC_EXCEPTION"],
  ["a topic that is there", { name: "t" }, "TOPIC_ALREADY_EXISTS"],
  ["no partitions", { numPartitions: 0 }, "INVALID_PARTITIONS"],
  ["a negative number of partitions", { numPartitions: -2 }, "INVALID_PARTITIONS"],
  ["three replicas", { replicationFactor: 3 }, "INVALID_REPLICATION_FACTOR"],
  ["no replica", { replicationFactor: 0 }, "INVALID_REPLICATION_FACTOR"],
  ["a configuration that there is not", config("no.such"), "INVALID_CONFIG"],
  ["a value that can't be", config("retention.ms", "soon"), "INVALID_CONFIG"],
  ["a configuration without a value", config("retention.ms", null), "INVALID_CONFIG"],
  [
    "another broker",
    {
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds: [2] }],
    },
    "INVALID_REPLICA_ASSIGNMENT",
  ],
  [
    "assignments and numbers",
    { assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
    "INVALID_REQUEST",
  ],
];

function config(name: string, value: string | null = "1"): object {
  return { configs: [{ name, value }] };
}

const grow = (name: string, count: number) => (): object => {
  return { topics: [{ name, count, assignments: null }], validateOnly: true };
};
const resource =
  (resourceType: number, resourceName: string, more: object = {}) =>
  (): object => {
    return { resources: [{ resourceType, resourceName, ...more }], validateOnly: true };
  };
const wrongConfig = { configs: [{ name: "retention.ms", value: "soon" }] };

const changing: readonly Refused[] = [
  ...created.map(([what, topic, error]): Refused => {
    return { what, api: "CreateTopics", request: create(topic), error };
  }),
  {
    what: "a topic twice",
    api: "CreateTopics",
    request: () => ({ topics: [{ name: "new" }, { name: "new" }] }),
    error: "INVALID_REQUEST",
  },
  {
    what: "no topic",
    api: "DeleteTopics",
    request: () => ({ topicNames: ["none"], topics: [{ name: "none" }] }),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
  {
    what: "an id that nobody has",
    api: "DeleteTopics",
    since: 6,
    request: () => ({ topics: [{ name: null, topicId: unknownId }] }),
    error: "UNKNOWN_TOPIC_ID",
  },
  {
    what: "neither name nor id",
    api: "DeleteTopics",
    since: 6,
    request: () => ({ topics: [{ name: null, topicId: noUuid }] }),
    error: "INVALID_REQUEST",
  },
  {
    what: "no topic",
    api: "CreatePartitions",
    request: grow("none", 3),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
  ...[1, 0, -1].map((count): Refused => {
    return {
      what: `${count} in all, of 1`,
      api: "CreatePartitions",
      request: grow("t", count),
      error: "INVALID_PARTITIONS",
    };
  }),
  {
    what: "no partition",
    api: "DeleteRecords",
    request: () => ({ topics: [{ name: "t", partitions: [{ partitionIndex: 9 }] }] }),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
  {
    what: "an offset above the end",
    api: "DeleteRecords",
    request: () => ({ topics: [{ name: "t", partitions: [{ partitionIndex: 0, offset: 99 }] }] }),
    error: "OFFSET_OUT_OF_RANGE",
  },
  {
    what: "a topic that keeps its records",
    api: "DeleteRecords",
    request: () => ({
      topics: [{ name: "keyed", partitions: [{ partitionIndex: 0, offset: 0 }] }],
    }),
    error: "POLICY_VIOLATION",
  },
  ...(["DescribeConfigs", "AlterConfigs", "IncrementalAlterConfigs"] as const).flatMap(
    (api): Refused[] => [
      { what: "no topic", api, request: resource(2, "none"), error: "UNKNOWN_TOPIC_OR_PARTITION" },
      { what: "another broker", api, request: resource(4, "9"), error: "INVALID_REQUEST" },
      { what: "loggers", api, request: resource(8, "1"), error: "INVALID_REQUEST" },
      { what: "a kind of the future", api, request: resource(99, "x"), error: "INVALID_REQUEST" },
    ],
  ),
  ...(["AlterConfigs", "IncrementalAlterConfigs"] as const).map((api): Refused => {
    const request = resource(2, "t", wrongConfig);
    return { what: "a value that can't be", api, request, error: "INVALID_CONFIG" };
  }),
  {
    what: "an operation that there is not",
    api: "IncrementalAlterConfigs",
    request: resource(2, "t", { configs: [{ name: "retention.ms", configOperation: 9 }] }),
    error: "INVALID_REQUEST",
  },
  {
    what: "a kind of the future",
    api: "ListConfigResources",
    since: 1,
    request: () => ({ resourceTypes: [99] }),
    error: "UNSUPPORTED_VERSION",
  },
  {
    what: "a leader that is right",
    api: "ElectLeaders",
    request: () => ({ topicPartitions: [{ topic: "t", partitions: [0] }] }),
    error: "ELECTION_NOT_NEEDED",
  },
  {
    what: "another broker",
    api: "AlterPartitionReassignments",
    request: () => ({
      topics: [{ name: "t", partitions: [{ partitionIndex: 0, replicas: [2] }] }],
    }),
    error: "INVALID_REPLICA_ASSIGNMENT",
  },
  {
    what: "another topic",
    api: "DescribeQuorum",
    request: () => ({ topics: [{ topicName: "t", partitions: [{ partitionIndex: 0 }] }] }),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
];

describe("what is refused of changes", () => refuses(changing));
