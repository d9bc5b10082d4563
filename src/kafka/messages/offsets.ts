/** The tables of committed offsets. */
import { api, bool, int16, int32, list, roundedInt64, string, uuid } from "../../wire/table.ts";
import { logOffset } from "./columns.ts";

/**
 * Commits offsets, for a member of a group or for a group without any.
 *
 * 5: `retentionTimeMs` is gone (KIP-211). 6: leader epochs. 7: static members. 9: groups of
 * KIP-848. 10: topics by id.
 */
export const OffsetCommit = api(
  { name: "OffsetCommit", key: 8, versions: [2, 10], flexible: 8 },
  {
    groupId: string,
    // -1: not a member of the group.
    generationIdOrMemberEpoch: int32.default(-1),
    memberId: string,
    groupInstanceId: string.since(7).nullable().default(null),
    retentionTimeMs: roundedInt64.default(-1).until(4),
    topics: list({
      name: string.until(9),
      topicId: uuid.since(10),
      partitions: list({
        partitionIndex: int32,
        committedOffset: logOffset,
        committedLeaderEpoch: int32.since(6).default(-1),
        committedMetadata: string.nullable(),
      }),
    }),
  },
  {
    throttleTimeMs: int32.since(3),
    topics: list({
      name: string.until(9),
      topicId: uuid.since(10),
      partitions: list({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
);

/**
 * Committed offsets.
 *
 * 2: null asks for all topics. 7: `requireStable` (KIP-447). 8: many groups at once (KIP-709).
 * 9: groups of KIP-848. 10: topics by id.
 */
export const OffsetFetch = api(
  { name: "OffsetFetch", key: 9, versions: [1, 10], flexible: 6 },
  {
    groupId: string.until(7),
    topics: list({
      name: string,
      partitionIndexes: list(int32),
    })
      .until(7)
      .nullable(2),
    groups: list({
      groupId: string,
      memberId: string.since(9).nullable().default(null),
      memberEpoch: int32.since(9).default(-1),
      topics: list({
        name: string.until(9),
        topicId: uuid.since(10),
        partitionIndexes: list(int32),
      }).nullable(),
    }).since(8),
    // Offsets that a transaction is about to change are UNSTABLE_OFFSET_COMMIT.
    requireStable: bool.since(7),
  },
  {
    throttleTimeMs: int32.since(3),
    topics: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
        // -1: none is committed.
        committedOffset: logOffset,
        committedLeaderEpoch: int32.since(5).default(-1),
        metadata: string.nullable(),
        errorCode: int16,
      }),
    }).until(7),
    errorCode: int16.since(2).until(7),
    groups: list({
      groupId: string,
      topics: list({
        name: string.until(9),
        topicId: uuid.since(10),
        partitions: list({
          partitionIndex: int32,
          // -1: none is committed.
          committedOffset: logOffset,
          committedLeaderEpoch: int32.default(-1),
          metadata: string.nullable(),
          errorCode: int16,
        }),
      }),
      errorCode: int16,
    }).since(8),
  },
);

/** Deletes offsets of topics to which no member is subscribed (KIP-496). */
export const OffsetDelete = api(
  { name: "OffsetDelete", key: 47, versions: [0, 0] },
  {
    groupId: string,
    topics: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
      }),
    }),
  },
  {
    errorCode: int16,
    throttleTimeMs: int32,
    topics: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
        errorCode: int16,
      }),
    }),
  },
);
