/** The tables of the life of topics: create, delete, grow, cut off at the front. */
import { api, bool, int16, int32, int8, list, string, uuid } from "../../wire/table.ts";
import { askedOffset, logOffset } from "./columns.ts";

/**
 * Creates topics, each on its own: one that is refused does not stop the others.
 *
 * 4: -1 asks for the broker's defaults (KIP-464). 5: tells the configuration (KIP-525).
 * 6: THROTTLING_QUOTA_EXCEEDED (KIP-599). 7: `topicId`.
 */
export const CreateTopics = api(
  { name: "CreateTopics", key: 19, versions: [2, 7], flexible: 5 },
  {
    topics: list({
      name: string,
      // -1 with `assignments`, or for the default.
      numPartitions: int32,
      replicationFactor: int16,
      assignments: list({
        partitionIndex: int32,
        brokerIds: list(int32),
      }),
      configs: list({
        name: string,
        value: string.nullable(),
      }),
    }),
    timeoutMs: int32.default(60_000),
    validateOnly: bool,
  },
  {
    throttleTimeMs: int32,
    topics: list({
      name: string,
      topicId: uuid.since(7),
      errorCode: int16,
      errorMessage: string.nullable(),
      // Why `configs` is null: who asks may not see it.
      topicConfigErrorCode: int16.since(5).tag(0),
      numPartitions: int32.since(5).default(-1),
      replicationFactor: int16.since(5).default(-1),
      configs: list({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.default(-1),
        isSensitive: bool,
      })
        .since(5)
        .nullable(),
    }),
  },
);

/** Deletes topics. 5: `errorMessage`. 6: by id (KIP-516). */
export const DeleteTopics = api(
  { name: "DeleteTopics", key: 20, versions: [1, 6], flexible: 4 },
  {
    topics: list({
      // Null: by id.
      name: string.nullable().default(null),
      topicId: uuid,
    }).since(6),
    topicNames: list(string).until(5),
    timeoutMs: int32,
  },
  {
    throttleTimeMs: int32,
    responses: list({
      name: string.nullable(6),
      topicId: uuid.since(6),
      errorCode: int16,
      errorMessage: string.since(5).nullable().default(null),
    }),
  },
);

/** Adds partitions. 3: THROTTLING_QUOTA_EXCEEDED (KIP-599). */
export const CreatePartitions = api(
  { name: "CreatePartitions", key: 37, versions: [0, 3], flexible: 2 },
  {
    topics: list({
      name: string,
      // How many there shall be, not how many more.
      count: int32,
      assignments: list({
        brokerIds: list(int32),
      }).nullable(),
    }),
    timeoutMs: int32,
    validateOnly: bool,
  },
  {
    throttleTimeMs: int32,
    results: list({
      name: string,
      errorCode: int16,
      errorMessage: string.nullable().default(null),
    }),
  },
);

/** Moves the starts of logs up (KIP-107). */
export const DeleteRecords = api(
  { name: "DeleteRecords", key: 21, versions: [0, 2], flexible: 2 },
  {
    topics: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
        // -1: up to the high watermark.
        offset: askedOffset,
      }),
    }),
    timeoutMs: int32,
  },
  {
    throttleTimeMs: int32,
    topics: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
        lowWatermark: logOffset,
        errorCode: int16,
      }),
    }),
  },
);
