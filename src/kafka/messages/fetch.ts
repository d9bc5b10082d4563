/** The tables of reading a log: Fetch, ListOffsets, OffsetForLeaderEpoch. */
import {
  api,
  batches,
  int16,
  int32,
  int64,
  int8,
  list,
  roundedInt64,
  string,
  struct,
  uuid,
} from "../../wire/table.ts";
import {
  askedOffset,
  currentLeader,
  logOffset,
  nodeEndpoint,
  optionalOffset,
  timestamp,
} from "./columns.ts";

/**
 * Batches out, from given offsets on; waits for more if there are too few.
 *
 * 7: sessions that send only what has changed (KIP-227). 9: leader epochs (KIP-320). 10: zstd is
 * allowed. 12: divergence is found by epoch. 13: topics by id (KIP-516). 16: the new leader comes
 * with the error (KIP-951). 18, which only replicas use, is not served.
 */
export const Fetch = api(
  { name: "Fetch", key: 1, versions: [4, 17], flexible: 12 },
  {
    clusterId: string.since(12).nullable().tag(0).default(null),
    // -1: a consumer. Others are brokers, which nothing here replicates to.
    replicaId: int32.until(14).default(-1),
    replicaState: struct({
      replicaId: int32.default(-1),
      replicaEpoch: roundedInt64.default(-1),
    })
      .since(15)
      .tag(1),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fff_ffff),
    // 0: all records; 1: none of a transaction that is open or aborted.
    isolationLevel: int8,
    // 0 with epoch -1: no session; 0 with epoch 0: a new one is asked for.
    sessionId: int32.since(7),
    sessionEpoch: int32.since(7).default(-1),
    // In order: what comes first is answered first when the response fills up.
    topics: list({
      topic: string.until(12),
      topicId: uuid.since(13),
      partitions: list({
        partition: int32,
        currentLeaderEpoch: int32.since(9).default(-1),
        fetchOffset: askedOffset,
        lastFetchedEpoch: int32.since(12).default(-1),
        logStartOffset: roundedInt64.since(5).default(-1),
        partitionMaxBytes: int32,
        replicaDirectoryId: uuid.since(17).tag(0),
      }),
    }),
    // What the session is to leave out from now on.
    forgottenTopicsData: list({
      topic: string.until(12),
      topicId: uuid.since(13),
      partitions: list(int32),
    }).since(7),
    rackId: string.since(11),
  },
  {
    throttleTimeMs: int32,
    errorCode: int16.since(7),
    sessionId: int32.since(7),
    responses: list({
      topic: string.until(12),
      topicId: uuid.since(13),
      partitions: list({
        partitionIndex: int32,
        errorCode: int16,
        highWatermark: logOffset,
        lastStableOffset: optionalOffset,
        logStartOffset: optionalOffset.since(5),
        // Set when the log does not have `lastFetchedEpoch` up to `fetchOffset`.
        divergingEpoch: struct({
          epoch: int32.default(-1),
          endOffset: optionalOffset,
        })
          .since(12)
          .tag(0),
        currentLeader: struct(currentLeader).since(12).tag(1),
        snapshotId: struct({
          endOffset: optionalOffset,
          epoch: int32.default(-1),
        })
          .since(12)
          .tag(2),
        // For isolation level 1; null otherwise.
        abortedTransactions: list({
          producerId: int64,
          firstOffset: logOffset,
        }).nullable(),
        preferredReadReplica: int32.since(11).default(-1),
        records: batches.nullable(),
      }),
    }),
    // The nodes that `currentLeader` speaks of.
    nodeEndpoints: list(nodeEndpoint).since(16).tag(0),
  },
);

/**
 * The first offset whose record is as late as a given time, or an end of the log.
 *
 * 2: `isolationLevel`. 4: leader epochs. 7: the record with the latest time (KIP-734). 8, 9: the
 * ends of local and of tiered storage (KIP-405, KIP-1005). 10: `timeoutMs` (KIP-1075).
 */
export const ListOffsets = api(
  { name: "ListOffsets", key: 2, versions: [1, 10], flexible: 6 },
  {
    replicaId: int32,
    isolationLevel: int8.since(2),
    topics: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
        currentLeaderEpoch: int32.since(4).default(-1),
        // Or -1: the end, -2: the start, -3: the latest time, -4: the local start, -5: the
        // tiered end.
        timestamp,
      }),
    }),
    timeoutMs: int32.since(10),
  },
  {
    throttleTimeMs: int32.since(2),
    topics: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
        errorCode: int16,
        timestamp: timestamp.default(-1),
        offset: optionalOffset,
        // That of the record at `offset`.
        leaderEpoch: int32.since(4).default(-1),
      }),
    }),
  },
);

/** Where the records of a leader epoch end (KIP-320). */
export const OffsetForLeaderEpoch = api(
  { name: "OffsetForLeaderEpoch", key: 23, versions: [2, 4], flexible: 4 },
  {
    // -1: a consumer; -2: a replica of before version 3.
    replicaId: int32.since(3).default(-2),
    topics: list({
      topic: string,
      partitions: list({
        partition: int32,
        currentLeaderEpoch: int32.default(-1),
        leaderEpoch: int32,
      }),
    }),
  },
  {
    throttleTimeMs: int32,
    topics: list({
      topic: string,
      partitions: list({
        errorCode: int16,
        partition: int32,
        // The largest epoch that is not above the one asked for.
        leaderEpoch: int32.default(-1),
        endOffset: optionalOffset,
      }),
    }),
  },
);
