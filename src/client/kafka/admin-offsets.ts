/** Offsets of partitions and producers in them, as an admin asks their leaders. */
import { apis } from "../../kafka/apis.ts";
import { leaderRoute, leftOut, type AdminCalls, type Ask, type Outcome } from "./admin-calls.ts";
import { type ClientError, kafkaError } from "./client-error.ts";
import { byTopic, partitionName, type TopicPartition } from "./topic-partition.ts";

/**
 * A place in a log: its first offset, the one after its last, that of the record with the latest
 * timestamp, or of the first record that is as late as a time (milliseconds since 1970).
 */
export type OffsetPlace = "earliest" | "latest" | "max-timestamp" | number;

export interface OffsetQuery extends TopicPartition {
  readonly at: OffsetPlace;
}

export interface ListedOffset extends TopicPartition, Outcome {
  /** `null`: no record is as late, or there is an error. */
  readonly offset: number | null;
  /** Of the record there, where a time was asked for; `null`: there is none. */
  readonly timestamp: number | null;
}

export interface ListOffsetsOptions {
  /** `read_committed`: the latest offset is where the first open transaction begins. */
  readonly isolation?: "read_uncommitted" | "read_committed";
}

const placeNumbers = { latest: -1, earliest: -2, "max-timestamp": -3 } as const;
/** The first that knows the latest time (KIP-734). */
const maxTimestampVersion = 7;
/** A consumer asks, no replica. */
const noReplica = -1;

export function listOffsets(
  calls: AdminCalls,
  queries: readonly OffsetQuery[],
  { isolation = "read_uncommitted" }: ListOffsetsOptions = {},
): Promise<ListedOffset[]> {
  const ask: Ask<OffsetQuery, ListedOffset> = async (to, items) => {
    const request = {
      replicaId: noReplica,
      isolationLevel: isolation === "read_committed" ? 1 : 0,
      topics: [...byTopic(items)].map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, at }) => ({
          partitionIndex: partition,
          currentLeaderEpoch: -1,
          timestamp: typeof at === "number" ? at : placeNumbers[at],
        })),
      })),
      timeoutMs: 0,
    };
    const isLatestTime = items.some(({ at }) => at === "max-timestamp");
    const options = isLatestTime ? { versionMin: maxTimestampVersion } : {};
    const { topics } = await calls.cluster.send(to, apis.ListOffsets, request, options);
    const rows = new Map(
      topics.flatMap(({ name, partitions }) =>
        partitions.map(
          (row) => [partitionName({ topic: name, partition: row.partitionIndex }), row] as const,
        ),
      ),
    );
    return items.map((item) => {
      const row = rows.get(partitionName(item));
      if (row === undefined) return notListed(item, leftOut());
      const error = kafkaError(row.errorCode, `asking for offsets of ${partitionName(item)}`);
      if (error !== null) return notListed(item, error);
      const known = (value: number): number | null => (value < 0 ? null : value);
      const { offset, timestamp } = row;
      return { ...notListed(item, null), offset: known(offset), timestamp: known(timestamp) };
    });
  };
  return calls.each(queries, leaderRoute(calls.cluster), ask, notListed);
}

const notListed = (
  { topic, partition }: TopicPartition,
  error: ClientError | null,
): ListedOffset => ({ topic, partition, offset: null, timestamp: null, error });

/** A producer whose batches a partition remembers (KIP-664). */
export interface ActiveProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly lastSequence: number;
  /** Milliseconds since 1970; -1: not known. */
  readonly lastTimestamp: number;
  /** Where its open transaction begins; -1: it has none. */
  readonly transactionStartOffset: number;
}

export interface DescribedProducers extends TopicPartition, Outcome {
  readonly producers: readonly ActiveProducer[];
}

export function describeProducers(
  calls: AdminCalls,
  partitions: readonly TopicPartition[],
): Promise<DescribedProducers[]> {
  const failed = (
    { topic, partition }: TopicPartition,
    error: ClientError | null,
  ): DescribedProducers => ({ topic, partition, producers: [], error });
  const ask: Ask<TopicPartition, DescribedProducers> = async (to, items) => {
    const request = {
      topics: [...byTopic(items)].map(([name, asked]) => ({
        name,
        partitionIndexes: asked.map(({ partition }) => partition),
      })),
    };
    const response = await calls.cluster.send(to, apis.DescribeProducers, request);
    const rows = new Map(
      response.topics.flatMap(({ name, partitions: answered }) =>
        answered.map(
          (row) => [partitionName({ topic: name, partition: row.partitionIndex }), row] as const,
        ),
      ),
    );
    return items.map((item) => {
      const row = rows.get(partitionName(item));
      if (row === undefined) return failed(item, leftOut());
      const doing = `describing the producers of ${partitionName(item)}`;
      const producers = row.activeProducers.map((producer) => ({
        producerId: producer.producerId,
        producerEpoch: producer.producerEpoch,
        lastSequence: producer.lastSequence,
        lastTimestamp: producer.lastTimestamp,
        transactionStartOffset: producer.currentTxnStartOffset,
      }));
      return { ...failed(item, kafkaError(row.errorCode, doing, row.errorMessage)), producers };
    });
  };
  return calls.each(partitions, leaderRoute(calls.cluster), ask, failed);
}
