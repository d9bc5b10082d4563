/** Why a record was not delivered: where it was to go, and whether it may be there all the same. */
import { ClientError, type ClientErrorCode } from "./client-error.ts";

/** Where a record was to go. */
export interface DeliveryPlace {
  readonly topic: string;
  /** -1: none had been chosen yet. */
  readonly partition: number;
  /** Of `sendBatch`: the first record that was not delivered, from 0. */
  readonly index?: number;
  /**
   * The records were sent, and what became of them is not known: to send them again may store them
   * twice. False: they are not stored.
   */
  readonly mayBeStored: boolean;
}

/** See the head of this file. */
export class DeliveryError extends ClientError {
  readonly topic: string;
  readonly partition: number;
  readonly index: number | undefined;
  readonly mayBeStored: boolean;

  constructor(code: ClientErrorCode, message: string, place: DeliveryPlace) {
    super(code, message);
    this.topic = place.topic;
    this.partition = place.partition;
    this.index = place.index;
    this.mayBeStored = place.mayBeStored;
  }

  /** The same, of one record among those of a call. */
  at(index: number): DeliveryError {
    const { code, message, topic, partition, mayBeStored } = this;
    const place = { topic, partition, index, mayBeStored };
    return new DeliveryError(code, `record ${index}: ${message}`, place);
  }
}
