/** Why a producer could not deliver, as one kind of error with a code for programs. */

/**
 * - `NACK`: the broker refused the message; `reason` is its word (see native/PROTOCOL.md).
 * - `TIMEOUT`: not acknowledged in time. It may have been stored all the same.
 * - `CLOSED`: the producer was closed. What was under way may have been stored all the same.
 * - `INVALID`: no frame can carry the message: too large, or a timestamp out of range.
 * - `OVERLOADED`: too many sends wait already.
 */
export type ProducerErrorCode = "NACK" | "TIMEOUT" | "CLOSED" | "INVALID" | "OVERLOADED";

/** See {@link ProducerErrorCode}. */
export class ProducerError extends Error {
  override readonly name = "ProducerError";
  constructor(
    readonly code: ProducerErrorCode,
    message: string,
    /** Of `NACK`: what the broker said, without `NACK:`. */
    readonly reason?: string,
    /** Of a batch: the first message that was not delivered, from 0. */
    readonly index?: number,
  ) {
    super(message);
  }
}
