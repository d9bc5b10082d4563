/**
 * Sends over the original's own protocol.
 *
 * A batch that is refused says which of its records was refused first, and nothing of those behind
 * it. So batches begin with one record and double while all is well; after a refusal they begin
 * with one again. Few records are then of unknown fate, and a long file still goes in large ones.
 */
import type { Clock } from "../base/clock.ts";
import { assert } from "../base/assert.ts";
import type { ProducerRecord } from "../client/kafka/producer-record.ts";
import { Producer } from "../client/producer.ts";
import { ProducerError } from "../client/producer-error.ts";
import type { ProducerMessage } from "../client/producer-message.ts";
import { dialTcp } from "../client/socket.ts";
import { produceBatchRecordsMax } from "../limits.ts";
import type { BrokerAddress } from "./broker-address.ts";
import { watchedDial } from "./produce-dial.ts";
import {
  bytesOf,
  type Sender,
  type SenderBegin,
  type SenderEvents,
  type Tally,
  UnderWay,
} from "./produce-sender.ts";
import type { Portion } from "./produce-sources.ts";

/** What it takes to send: a `Producer`. */
export interface BatchTaker extends Pick<Producer, "sendBatch" | "flush" | "close" | "abort"> {}

/** Where to send to. */
export interface NativeTarget {
  readonly broker: BrokerAddress;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Connects when there is something to send. */
export const nativeSender =
  ({ broker, timeoutMs, clock }: NativeTarget): SenderBegin =>
  async (events) => {
    const dial = watchedDial(dialTcp, {
      hopeless: (reason) => events.nobodyThere(reason),
      lost: (reason) => events.lost(reason),
      back: () => events.back(),
    });
    return new NativeSender(
      new Producer({ ...broker, clock, deliveryTimeoutMs: timeoutMs, dial }),
      events,
    );
  };

/** One batch under way. */
interface Batch {
  readonly portion: Portion;
  readonly from: number;
  readonly count: number;
  readonly bytes: number;
}

/**
 * See the head of this file. Invariant: all records that were sent are stored, refused, unknown, or
 * under way.
 */
export class NativeSender implements Sender {
  readonly tally: Tally = { stored: 0, refused: 0, unknown: 0, bytes: 0 };
  readonly #underWay = new UnderWay();
  #batchRecords = 1;

  constructor(
    private readonly taker: BatchTaker,
    private readonly events: SenderEvents,
  ) {}

  get batchRecords(): number {
    return this.#batchRecords;
  }

  room(): Promise<void> | null {
    return this.#underWay.room();
  }

  send(portion: Portion, from: number, count: number): void {
    const records = portion.records.slice(from, from + count);
    const bytes = records.reduce((sum, record) => sum + bytesOf(record), 0);
    const batch = { portion, from, count, bytes };
    this.#underWay.add(count, bytes);
    void this.taker.sendBatch(records.map(messageOf)).then(
      () => this.#stored(batch),
      (error: unknown) => this.#failed(batch, error),
    );
  }

  flush(): Promise<void> {
    return this.taker.flush();
  }

  close(): Promise<void> {
    return this.taker.close();
  }

  abort(): void {
    this.taker.abort();
  }

  #stored(batch: Batch): void {
    this.tally.stored += batch.count;
    this.tally.bytes += batch.bytes;
    this.#batchRecords = Math.min(produceBatchRecordsMax, this.#batchRecords * 2);
    this.#settle(batch);
  }

  #failed(batch: Batch, error: unknown): void {
    if (!(error instanceof ProducerError)) throw error;
    const { tally, events } = this;
    const { code, index = 0, message } = error;
    if (code === "NACK") {
      tally.stored += index;
      tally.refused += 1;
      tally.unknown += batch.count - index - 1;
      this.#batchRecords = 1;
      events.failed(refusalText(batch, index, message));
    } else if (code === "TIMEOUT" || code === "CLOSED") {
      if (error.mayBeStored) tally.unknown += batch.count;
      else tally.refused += batch.count;
      events.hopeless(message);
    } else throw error;
    this.#settle(batch);
  }

  #settle({ count, bytes }: Batch): void {
    this.#underWay.remove(count, bytes);
    this.events.settled();
  }
}

/** Records with more than a message has are not read for this protocol. */
function messageOf({ topic, key, value, timestamp }: ProducerRecord): ProducerMessage {
  assert(value !== null, "a message of this protocol has a value");
  return {
    topic,
    value,
    ...(key === null || key === undefined ? {} : { key }),
    ...(timestamp === undefined ? {} : { timestamp }),
  };
}

function refusalText({ portion, from, count }: Batch, index: number, message: string): string {
  const place = (at: number): string => portion.placeOf(portion.numbers[at] ?? 0);
  const text = `${place(from + index)}: ${message}`;
  if (index === count - 1) return text;
  return `${text}; perhaps also what follows, up to ${place(from + count - 1)}`;
}
