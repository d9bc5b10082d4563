/** A record as a program gets it from a consumer. */
import {
  nanosecondHeaderKey,
  nanosecondsOf,
  nanosecondsPerMillisecond,
} from "../record/nanoseconds.ts";
import type { BatchRecord, RecordHeader } from "../record/records.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Bytes are views of what was read, about a MiB: whoever keeps few of many messages for long
 * copies what it keeps. Never store into them.
 */
export class ConsumerMessage {
  readonly offset: number;
  /** Milliseconds since 1970; -1 if its producer gave none. */
  readonly timestamp: number;
  /** `null`: none. */
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** Names may repeat; without the one that keeps nanoseconds. */
  readonly headers: readonly RecordHeader[];
  readonly #nanoseconds: number;

  constructor(
    readonly topic: string,
    readonly partition: number,
    record: BatchRecord,
    /** The timestamp is the broker's, not the producer's; the embedded consumer does not tell. */
    readonly isAppendTime = false,
  ) {
    this.offset = record.offset;
    this.timestamp = record.timestamp;
    this.key = record.key;
    this.value = record.value;
    this.#nanoseconds = nanosecondsOf(record);
    this.headers =
      this.#nanoseconds === 0
        ? record.headers
        : record.headers.filter((header) => header.key !== nanosecondHeaderKey);
  }

  /** Nanoseconds since 1970, as exact as the producer was. */
  get timestampNs(): bigint {
    return BigInt(this.timestamp) * BigInt(nanosecondsPerMillisecond) + BigInt(this.#nanoseconds);
  }

  /** The key as UTF-8; what is none becomes U+FFFD. */
  get keyText(): string | null {
    return this.key === null ? null : utf8.decode(this.key);
  }

  /** The value likewise. */
  get valueText(): string | null {
    return this.value === null ? null : utf8.decode(this.value);
  }

  /** Bytes of key and value. */
  get bytes(): number {
    return (this.key?.length ?? 0) + (this.value?.length ?? 0);
  }
}
