/** What is refused of what is read, or asked about, in every version. */
import { describe } from "bun:test";
import { byId, type Ready, type Refused, refuses, unknownId } from "../support/refusals.ts";

/** A partition of a topic, in the words of each API. */
const fetchRow =
  (topic: string, partition: number, more: object = {}) =>
  (version: number, { ids }: Ready): object => {
    const asked = version >= 13 ? { topicId: ids[topic] ?? unknownId } : { topic };
    const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 1e6, ...more }];
    return { maxBytes: 1e6, topics: [{ ...asked, partitions }] };
  };
const listRow =
  (name: string, partitionIndex: number, more: object = {}) =>
  (): object => {
    return { topics: [{ name, partitions: [{ partitionIndex, timestamp: -1, ...more }] }] };
  };
const epochRow =
  (topic: string, partition: number, currentLeaderEpoch = -1) =>
  (): object => {
    return { topics: [{ topic, partitions: [{ partition, currentLeaderEpoch, leaderEpoch: 0 }] }] };
  };

const reading: readonly Refused[] = [
  { what: "no topic", api: "Fetch", request: fetchRow("none", 0), error: byId(13) },
  {
    what: "no partition",
    api: "Fetch",
    request: fetchRow("t", 3),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
  {
    what: "an offset above the end",
    api: "Fetch",
    request: fetchRow("t", 0, { fetchOffset: 99 }),
    error: "OFFSET_OUT_OF_RANGE",
  },
  {
    what: "an epoch to come",
    api: "Fetch",
    since: 9,
    request: fetchRow("t", 0, { currentLeaderEpoch: 3 }),
    error: "UNKNOWN_LEADER_EPOCH",
  },
  {
    what: "a session that there is not",
    api: "Fetch",
    since: 7,
    request: () => ({ sessionId: 77, sessionEpoch: 1 }),
    error: "FETCH_SESSION_ID_NOT_FOUND",
  },
  {
    what: "no topic",
    api: "ListOffsets",
    request: listRow("none", 0),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
  {
    what: "no partition",
    api: "ListOffsets",
    request: listRow("t", -1),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
  {
    what: "an epoch to come",
    api: "ListOffsets",
    since: 4,
    request: listRow("t", 0, { currentLeaderEpoch: 3 }),
    error: "UNKNOWN_LEADER_EPOCH",
  },
  {
    what: "a time that means nothing",
    api: "ListOffsets",
    request: listRow("t", 0, { timestamp: -6 }),
    error: "INVALID_REQUEST",
  },
  {
    what: "no topic",
    api: "OffsetForLeaderEpoch",
    request: epochRow("none", 0),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
  {
    what: "an epoch to come",
    api: "OffsetForLeaderEpoch",
    request: epochRow("t", 0, 3),
    error: "UNKNOWN_LEADER_EPOCH",
  },
  {
    what: "no topic, and none to be made",
    api: "Metadata",
    since: 4,
    request: () => ({ topics: [{ name: "none" }], allowAutoTopicCreation: false }),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
  {
    what: "a name that no topic can have",
    api: "Metadata",
    request: () => ({ topics: [{ name: "a/b" }], allowAutoTopicCreation: true }),
    error: "INVALID_TOPIC_EXCEPTION",
  },
  {
    what: "an id before it could be asked for",
    api: "Metadata",
    since: 10,
    until: 11,
    request: () => ({ topics: [{ name: null, topicId: unknownId }] }),
    error: "INVALID_REQUEST",
  },
  {
    what: "an id that nobody has",
    api: "Metadata",
    since: 12,
    request: () => ({ topics: [{ name: null, topicId: unknownId }] }),
    error: "UNKNOWN_TOPIC_ID",
  },
  {
    what: "no topic",
    api: "DescribeTopicPartitions",
    request: () => ({ topics: [{ name: "none" }], responsePartitionLimit: 10 }),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
  {
    what: "no partition",
    api: "DescribeProducers",
    request: () => ({ topics: [{ name: "t", partitionIndexes: [4] }] }),
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  },
  {
    what: "another kind of node",
    api: "DescribeCluster",
    since: 1,
    request: () => ({ endpointType: 2 }),
    error: "UNSUPPORTED_ENDPOINT_TYPE",
  },
];

describe("what is refused of what is read", () => refuses(reading));
