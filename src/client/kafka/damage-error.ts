/** That the next records of a partition can't be read: where, and how to go on. */
import { ClientError, type ClientErrorCode } from "./client-error.ts";
import { partitionName, type TopicPartition } from "./topic-partition.ts";

/**
 * The consumer stays in front of them, however often it polls, until `skipDamage` or `seek`.
 * - `CORRUPT_MESSAGE`: they are not what was written.
 * - `MESSAGE_TOO_LARGE`: the batch is larger than what is fetched of it.
 * - `UNSUPPORTED_FOR_MESSAGE_FORMAT`: they are of before Kafka 0.11.
 */
export class DamageError extends ClientError {
  readonly topic: string;
  readonly partition: number;

  /** @param offset the first of them */
  constructor(
    code: ClientErrorCode,
    where: TopicPartition,
    readonly offset: number,
    message: string,
  ) {
    const { topic, partition } = where;
    super(
      code,
      `reading ${partitionName(where)} at offset ${offset}: ${message} (${code}). ` +
        `skipDamage("${topic}", ${partition}) goes on behind it`,
      false,
    );
    this.topic = topic;
    this.partition = partition;
  }
}
