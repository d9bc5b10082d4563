/** Why a producer could not deliver, as one kind of error with a code for programs. */

/**
 * - `NACK`: the broker refused the message; `reason` is its word (see native/PROTOCOL.md).
 * - `TIMEOUT`: not acknowledged in time.
 * - `CLOSED`: the producer was closed.
 * - `INVALID`: no frame can carry the message: too large, or a timestamp out of range.
 * - `OVERLOADED`: too many sends wait already.
 */
export type ProducerErrorCode = "NACK" | "TIMEOUT" | "CLOSED" | "INVALID" | "OVERLOADED";

/** What is known beside the code. */
export interface ProducerErrorFacts {
  /** Of `NACK`: what the broker said, without `NACK:`. */
  readonly reason?: string;
  /** Of a batch: the first message that was not delivered, from 0. */
  readonly index?: number | undefined;
  /** Default: no. */
  readonly mayBeStored?: boolean;
}

/** See {@link ProducerErrorCode}. */
export class ProducerError extends Error {
  override readonly name = "ProducerError";
  readonly reason: string | undefined;
  readonly index: number | undefined;
  /**
   * Something of what the call was given is stored, or perhaps is: to send all of it again may
   * store that twice. False: nothing of it is stored.
   */
  readonly mayBeStored: boolean;

  constructor(
    readonly code: ProducerErrorCode,
    message: string,
    facts: ProducerErrorFacts = {},
  ) {
    super(message);
    this.reason = facts.reason;
    this.index = facts.index;
    this.mayBeStored = facts.mayBeStored ?? false;
  }
}
