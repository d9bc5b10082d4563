/** The table of Produce: records in. */
import { api, int16, int32, list, records, string, struct, uuid } from "../../wire/table.ts";
import { currentLeader, logOffset, nodeEndpoint, optionalOffset, timestamp } from "./columns.ts";

/**
 * Appends batches, one a partition. With `acks` 0 there is no response.
 *
 * Versions 0–2 are advertised and not served: librdkafka compresses only where it sees version 0
 * (KAFKA-18659). 7: zstd is allowed. 8: `recordErrors` (KIP-467). 10: the new leader comes with
 * the error (KIP-951). 11: TRANSACTION_ABORTABLE. 12: within a transaction, adds the partitions to
 * it (KIP-890). 13: topics by id (KIP-516).
 */
export const Produce = api(
  { name: "Produce", key: 0, versions: [3, 13], advertised: [0, 13], flexible: 9 },
  {
    transactionalId: string.nullable().default(null),
    // 0: no response; 1, -1: once it is committed.
    acks: int16,
    timeoutMs: int32,
    topicData: list({
      name: string.until(12),
      topicId: uuid.since(13),
      partitionData: list({
        index: int32,
        // Exactly one batch, of magic 2.
        records: records.nullable(),
      }),
    }),
  },
  {
    responses: list({
      name: string.until(12),
      topicId: uuid.since(13),
      partitionResponses: list({
        index: int32,
        errorCode: int16,
        baseOffset: logOffset,
        // -1 unless the topic stamps the time of the append.
        logAppendTimeMs: timestamp.default(-1),
        logStartOffset: optionalOffset.since(5),
        // Which records have had the whole batch refused.
        recordErrors: list({
          batchIndex: int32,
          batchIndexErrorMessage: string.nullable().default(null),
        }).since(8),
        errorMessage: string.since(8).nullable().default(null),
        currentLeader: struct(currentLeader).since(10).tag(0),
      }),
    }),
    throttleTimeMs: int32,
    nodeEndpoints: list(nodeEndpoint).since(10).tag(0),
  },
);
