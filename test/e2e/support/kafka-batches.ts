/** Records of a history as the batches of Kafka's protocol. */
import { assert } from "../../../src/base/assert.ts";
import type { Random } from "../../../src/base/random.ts";
import { compressionNames } from "../../../src/record/batch.ts";
import { BatchBuilder, type BatchOptions } from "../../../src/record/builder.ts";
import { nanosecondHeader } from "../../../src/record/nanoseconds.ts";
import type { ProducerHistory } from "./history.ts";

/** The producer's records of these numbers, in this order, in one batch. */
export function batchOfNumbers(
  producer: ProducerHistory,
  numbers: readonly number[],
  options: BatchOptions = {},
): Uint8Array {
  const builder = new BatchBuilder();
  for (const number of numbers) {
    const { timestamp, nanoseconds, key, value } = producer.message(number);
    const headers = nanoseconds === 0 ? [] : [nanosecondHeader(nanoseconds)];
    const record = { timestamp, key: key.length === 0 ? null : key, value, headers };
    assert(builder.append(record), "the records fit one batch");
  }
  return builder.build(options);
}

/** Any compression, every other time none. */
export const someCompression = (random: Random): (typeof compressionNames)[number] =>
  compressionNames[Math.max(0, random.below(9) - 4)]!;
