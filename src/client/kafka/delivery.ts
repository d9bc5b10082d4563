/**
 * One call of `send` or `sendBatch`, from its records to its promise, and the group of calls that
 * a flush waits for.
 *
 * Invariant: each record is settled once: delivered, or not. After the last one the promise is
 * settled as well, and the group knows.
 */
import { assert } from "../../base/assert.ts";
import type { DeliveryError } from "./delivery-error.ts";
import type { EncodedRecord } from "./producer-record.ts";

/** Where a record is. */
export interface RecordMetadata {
  readonly topic: string;
  readonly partition: number;
  /** -1: the broker did not tell: with acks 0, or because it had the record from an earlier try. */
  readonly offset: number;
  /** Milliseconds since 1970: the record's own, or the log's where the topic says so. */
  readonly timestamp: number;
}

/** Calls that were made between two flushes. */
export class DeliveryGroup {
  #unsettled = 0;
  #watcher: (() => void) | undefined;

  get unsettled(): number {
    return this.#unsettled;
  }

  begin(): void {
    this.#unsettled += 1;
  }

  end(): void {
    this.#unsettled -= 1;
    if (this.#unsettled === 0) this.#watcher?.();
  }

  /** Resolves once all calls are settled; nobody begins one afterwards. */
  over(): Promise<void> {
    if (this.#unsettled === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#watcher = resolve;
    });
  }
}

/** How a call ends: an error, or where its only record is; of several, `null`. */
export type DeliveryEnd = (error: DeliveryError | null, metadata: RecordMetadata | null) => void;

/** See the head of this file. */
export class Delivery {
  /** The next one that waits for room. */
  next: Delivery | null = null;
  /** Records that found room. */
  taken = 0;
  #unsettled: number;
  #error: DeliveryError | null = null;
  #metadata: RecordMetadata | null = null;

  /** @param deadline of the monotonic clock */
  constructor(
    readonly records: readonly EncodedRecord[],
    readonly deadline: number,
    private readonly group: DeliveryGroup,
    private readonly done: DeliveryEnd,
  ) {
    assert(records.length > 0, "a delivery has a record");
    this.#unsettled = records.length;
    group.begin();
  }

  /** `count` records are stored, the first of them there. */
  delivered(count: number, topic: string, partition: number, offset: number, time: number): void {
    if (this.records.length === 1) {
      this.#metadata = { topic, partition, offset, timestamp: time };
    }
    this.#settle(count);
  }

  /** @param index the first of them */
  failed(count: number, index: number, error: DeliveryError): void {
    this.#error ??= this.records.length === 1 ? error : error.at(index);
    this.#settle(count);
  }

  #settle(count: number): void {
    assert(count <= this.#unsettled, "each record settles once");
    this.#unsettled -= count;
    if (this.#unsettled > 0) return;
    this.done(this.#error, this.#metadata);
    this.group.end();
  }
}
