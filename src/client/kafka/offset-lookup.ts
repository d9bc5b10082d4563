/** Asks the leaders of partitions for offsets: the ends of logs, times, the ends of epochs. */
import { apis } from "../../kafka/apis.ts";
import { clientNewTopicMsMax, clientRequestMsMax } from "../../limits.ts";
import type { RequestOf, ResponseOf } from "../../wire/table.ts";
import { ClientError, isGone, kafkaError } from "./client-error.ts";
import type { ConsumerCluster } from "./consumer-cluster.ts";
import { piecesOf } from "./pieces.ts";
import { partitionIn, type PartitionMetadata } from "./topic-metadata.ts";
import { byTopic, partitionName, type TopicPartition } from "./topic-partition.ts";

/** Times that are none. */
export const latestTime = -1;
export const earliestTime = -2;

/** 0: all records; 1: none of a transaction that is open or aborted. */
export type IsolationLevel = 0 | 1;

/** A question. */
export interface TimedPartition extends TopicPartition {
  /** Milliseconds since 1970, or one of the times above. */
  readonly timestamp: number;
}

export interface FoundOffset {
  /** -1: no record is as late as the time asked for. */
  readonly offset: number;
  /** -1: unknown. */
  readonly leaderEpoch: number;
}

type Led<T> = T & { readonly leader: PartitionMetadata };

/** See the head of this file. */
export class OffsetLookup {
  constructor(
    private readonly cluster: ConsumerCluster,
    private readonly isolationLevel: IsolationLevel,
  ) {}

  /**
   * The first offset as late as the time, for each. What is found is told at once; rejects with the
   * first error once all leaders have been asked.
   */
  async list<T extends TimedPartition>(
    wanted: readonly T[],
    found: (asked: T, offset: FoundOffset) => void,
  ): Promise<void> {
    await this.#ask(wanted, async (nodeId, asked) => {
      const response = await this.cluster.send(nodeId, apis.ListOffsets, this.#listing(asked));
      return this.#take(asked, offsetRows(response), found);
    });
  }

  /**
   * The same for one offset each, by the name of its partition; tries again for a while. Rejects
   * with UNKNOWN_TOPIC_OR_PARTITION once it is sure that one is not there.
   */
  async all(wanted: readonly TimedPartition[]): Promise<ReadonlyMap<string, number>> {
    const offsets = new Map<string, number>();
    const deadline = this.cluster.world.clock.monotonic() + clientRequestMsMax;
    const attempt = this.patiently(wanted, () => {
      const rest = wanted.filter((each) => !offsets.has(partitionName(each)));
      return this.list(rest, (asked, { offset }) => offsets.set(partitionName(asked), offset));
    });
    await this.cluster.retry(deadline, attempt);
    return offsets;
  }

  /**
   * An attempt whose error is not retriable where waiting does not help: a topic that is there has
   * all its partitions. One that is not may have been created just now, and has a little time.
   */
  patiently(wanted: readonly TopicPartition[], attempt: () => Promise<void>): () => Promise<void> {
    const { clock } = this.cluster.world;
    const patientUntil = clock.monotonic() + clientNewTopicMsMax;
    return async () => {
      try {
        await attempt();
      } catch (error) {
        if (!isGone(error)) throw error;
        const missing = await this.#missing(wanted);
        if (missing === null) throw error;
        if (missing.isTopic && clock.monotonic() < patientUntil) throw error;
        throw new ClientError("UNKNOWN_TOPIC_OR_PARTITION", missing.message, false);
      }
    };
  }

  /** What the cluster does not have of these; a partition that its topic lacks before all else. */
  async #missing(
    wanted: readonly TopicPartition[],
  ): Promise<{ readonly isTopic: boolean; readonly message: string } | null> {
    const topics = await this.cluster.topics([...new Set(wanted.map(({ topic }) => topic))]);
    const known = new Map(topics.map((topic) => [topic.name, topic]));
    let unknown: string | null = null;
    for (const { topic, partition } of wanted) {
      const found = known.get(topic);
      if (found === undefined) continue;
      const { error, partitions } = found;
      if (isGone(error)) unknown ??= error?.message ?? "";
      if (error !== null || partitionIn(partitions, partition) !== undefined) continue;
      const message = `topic ${topic} has ${partitions.length} partitions, and no ${partition}`;
      return { isTopic: false, message };
    }
    return unknown === null ? null : { isTopic: true, message: unknown };
  }

  /** Where the records of an epoch end: below that, the log holds what it held then (KIP-320). */
  async endOfEpoch(where: TopicPartition, leaderEpoch: number): Promise<FoundOffset> {
    let end: FoundOffset = { offset: -1, leaderEpoch: -1 };
    await this.#ask([where], async (nodeId, asked) => {
      const topics = [...byTopic(asked)].map(([topic, partitions]) => ({
        topic,
        partitions: partitions.map(({ partition, leader }) => {
          return { partition, currentLeaderEpoch: leader.leaderEpoch, leaderEpoch };
        }),
      }));
      const request = { replicaId: -1, topics };
      const response = await this.cluster.send(nodeId, apis.OffsetForLeaderEpoch, request);
      return this.#take(asked, epochRows(response), (_, found) => {
        end = found;
      });
    });
    return end;
  }

  /** Asks each leader for its partitions; all leaders at once. */
  async #ask<T extends TopicPartition>(
    wanted: readonly T[],
    ask: (nodeId: number, asked: readonly Led<T>[]) => Promise<ClientError | null>,
  ): Promise<void> {
    const byLeader = new Map<number, Led<T>[]>();
    let failure: unknown = null;
    const note = (error: unknown): void => {
      failure ??= error;
    };
    await Promise.all(
      wanted.map(async (each) => {
        const leader = await this.cluster
          .leaderOf(each.topic, each.partition)
          .catch((error: unknown) => note(error));
        if (leader === undefined) return;
        const led = byLeader.get(leader.leaderId);
        if (led === undefined) byLeader.set(leader.leaderId, [{ ...each, leader }]);
        else led.push({ ...each, leader });
      }),
    );
    await Promise.all(
      [...byLeader].map(async ([nodeId, asked]) => {
        try {
          for (const piece of piecesOf(asked)) {
            const error = await ask(nodeId, piece);
            if (error !== null) note(error);
          }
        } catch (error) {
          // The next look may find another leader.
          for (const { topic } of asked) this.cluster.forgetTopic(topic);
          note(error);
        }
      }),
    );
    if (failure !== null) throw failure;
  }

  #listing(asked: readonly Led<TimedPartition>[]): RequestOf<typeof apis.ListOffsets> {
    const topics = [...byTopic(asked)].map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, timestamp, leader }) => {
        return { partitionIndex: partition, currentLeaderEpoch: leader.leaderEpoch, timestamp };
      }),
    }));
    const { isolationLevel } = this;
    return { replicaId: -1, isolationLevel, topics, timeoutMs: clientRequestMsMax };
  }

  #take<T extends TopicPartition>(
    asked: readonly T[],
    rows: ReadonlyMap<string, FoundOffset & { readonly errorCode: number }>,
    found: (asked: T, offset: FoundOffset) => void,
  ): ClientError | null {
    let failure: ClientError | null = null;
    for (const each of asked) {
      const name = partitionName(each);
      const row = rows.get(name);
      const error =
        row === undefined
          ? new ClientError("MALFORMED", `asking for an offset of ${name}: no answer`)
          : kafkaError(row.errorCode, `asking for an offset of ${name}`);
      if (error === null && row !== undefined) found(each, row);
      if (error?.retriable) this.cluster.forgetTopic(each.topic);
      failure ??= error;
    }
    return failure;
  }
}

type Rows = ReadonlyMap<string, FoundOffset & { readonly errorCode: number }>;

const offsetRows = ({ topics }: ResponseOf<typeof apis.ListOffsets>): Rows =>
  new Map(
    topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex, errorCode, offset, leaderEpoch }) => [
        partitionName({ topic: name, partition: partitionIndex }),
        { errorCode, offset, leaderEpoch },
      ]),
    ),
  );

const epochRows = ({ topics }: ResponseOf<typeof apis.OffsetForLeaderEpoch>): Rows =>
  new Map(
    topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, errorCode, endOffset, leaderEpoch }) => [
        partitionName({ topic, partition }),
        { errorCode, offset: endOffset, leaderEpoch },
      ]),
    ),
  );
