/** The tables of producers that number their batches. */
import { api, int16, int32, int64, list, roundedInt64, string } from "../../wire/table.ts";
import { optionalOffset, timestamp } from "./columns.ts";

/**
 * Gives a producer its id and epoch (KIP-98).
 *
 * 3: a producer that has an id asks for its next epoch (KIP-360). 4: PRODUCER_FENCED (KIP-588).
 * 5: TRANSACTION_ABORTABLE (KIP-890). 6, two-phase commit, is not served (KIP-939).
 */
export const InitProducerId = api(
  { name: "InitProducerId", key: 22, versions: [0, 5], flexible: 2 },
  {
    transactionalId: string.nullable(),
    transactionTimeoutMs: int32,
    // -1: it has none.
    producerId: roundedInt64.since(3).default(-1),
    producerEpoch: int16.since(3).default(-1),
  },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    producerId: int64.default(-1),
    producerEpoch: int16,
  },
);

/** The producers whose batches a partition remembers (KIP-664). */
export const DescribeProducers = api(
  { name: "DescribeProducers", key: 61, versions: [0, 0], flexible: 0 },
  {
    topics: list({
      name: string,
      partitionIndexes: list(int32),
    }),
  },
  {
    throttleTimeMs: int32,
    topics: list({
      name: string,
      partitions: list({
        partitionIndex: int32,
        errorCode: int16,
        errorMessage: string.nullable().default(null),
        activeProducers: list({
          producerId: int64,
          // An int32, as nowhere else.
          producerEpoch: int32,
          lastSequence: int32.default(-1),
          lastTimestamp: timestamp.default(-1),
          coordinatorEpoch: int32,
          currentTxnStartOffset: optionalOffset,
        }),
      }),
    }),
  },
);
