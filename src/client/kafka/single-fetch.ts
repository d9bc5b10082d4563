/** Fetches one batch of one partition, beside all sessions: to look at a place in a log. */
import { offset } from "../../base/brands.ts";
import { apis } from "../../kafka/apis.ts";
import { noUuid } from "../../wire/table.ts";
import { kafkaError } from "./client-error.ts";
import type { ConsumerCluster } from "./consumer-cluster.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** As much of a cluster as it takes. */
export type FetchCluster = Pick<ConsumerCluster, "topic" | "leaderOf" | "send" | "forgetTopic">;

/** The last version that asks for topics by their names. */
const nameVersionMax = 12;

/**
 * The batch that holds an offset, and perhaps some of those that follow; `null`: there is none.
 * Rejects with the partition's error.
 */
export async function fetchBatch(
  cluster: FetchCluster,
  { topic, partition }: TopicPartition,
  from: number,
): Promise<Uint8Array | null> {
  const { topicId } = await cluster.topic(topic);
  const { leaderId } = await cluster.leaderOf(topic, partition);
  const request = {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [
      {
        topic,
        topicId,
        partitions: [
          {
            partition,
            currentLeaderEpoch: -1,
            fetchOffset: offset(from),
            lastFetchedEpoch: -1,
            logStartOffset: -1,
            // The first batch comes as a whole, however small this is.
            partitionMaxBytes: 1,
            replicaDirectoryId: noUuid,
          },
        ],
      },
    ],
    forgottenTopicsData: [],
    rackId: "",
  };
  const options = topicId === noUuid ? { versionMax: nameVersionMax } : {};
  const response = await cluster.send(leaderId, apis.Fetch, request, options);
  const row = response.responses[0]?.partitions[0];
  const doing = `reading ${topic}/${partition} at offset ${from}`;
  const error = kafkaError(response.errorCode || (row?.errorCode ?? 0), doing);
  if (error?.retriable) cluster.forgetTopic(topic);
  if (error !== null) throw error;
  return row?.records?.[0] ?? null;
}
