/**
 * What the broker counts of its records, since the start, as plain numbers. Only `broker/`, and
 * for what is sent the protocols, write here; `/metrics` reads.
 */
import { countBounds, Histogram, sizeBounds } from "../base/histogram.ts";

/** Over all topics. */
export class BrokerStats {
  /** Batches that were taken. */
  readonly batchBytes = new Histogram(sizeBounds);
  readonly batchRecords = new Histogram(countBounds);

  /** A batch was handed to its log. */
  appended(bytes: number, records: number): void {
    this.batchBytes.observe(bytes);
    this.batchRecords.observe(records);
  }
}

/** Of one partition, since it was opened. */
export class Traffic {
  /** Stored, and visible to readers. */
  receivedRecords = 0;
  receivedBytes = 0;
  /** Handed to clients, by whatever protocol. */
  sentRecords = 0;
  sentBytes = 0;

  received(records: number, bytes: number): void {
    this.receivedRecords += records;
    this.receivedBytes += bytes;
  }

  sent(records: number, bytes: number): void {
    this.sentRecords += records;
    this.sentBytes += bytes;
  }
}
