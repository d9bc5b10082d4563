import { expect, test } from "bun:test";
import { topicByName, topicMetadata } from "../../../src/client/kafka/topic-metadata.ts";
import { errors } from "../../../src/kafka/errors.ts";
import { noUuid } from "../../../src/wire/table.ts";

const partition = (partitionIndex: number, leaderId: number) => ({
  errorCode: 0,
  partitionIndex,
  leaderId,
  leaderEpoch: 4,
  replicaNodes: [1, 2],
  isrNodes: [1],
  offlineReplicas: [2],
});

const row = {
  errorCode: 0,
  name: "orders",
  topicId: "01234567-89ab-cdef-0123-456789abcdef",
  isInternal: false,
  partitions: [partition(1, -1), partition(0, 2)],
  topicAuthorizedOperations: 0,
};

test("a topic has its partitions in the order of their numbers", () => {
  const topic = topicMetadata(row);
  expect(topic).toMatchObject({ name: "orders", topicId: row.topicId, error: null });
  expect(topic.partitions).toEqual([
    {
      partition: 0,
      leaderId: 2,
      leaderEpoch: 4,
      replicas: [1, 2],
      inSyncReplicas: [1],
      offlineReplicas: [2],
    },
    {
      partition: 1,
      leaderId: -1,
      leaderEpoch: 4,
      replicas: [1, 2],
      inSyncReplicas: [1],
      offlineReplicas: [2],
    },
  ]);
});

test("a topic that can't be told has an error that names it", () => {
  const errorCode = errors.INVALID_TOPIC_EXCEPTION.code;
  expect(topicMetadata({ ...row, errorCode, partitions: [] }).error).toMatchObject({
    code: "INVALID_TOPIC_EXCEPTION",
    message: expect.stringContaining("looking up topic orders"),
  });
});

test("a topic is asked for by its name alone", () => {
  expect(topicByName("orders")).toEqual({ name: "orders", topicId: noUuid });
});
