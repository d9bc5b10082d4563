/**
 * Records on their way to the broker, and what became of them.
 *
 * A batch that is refused says which of its records was refused first, and nothing of those behind
 * it. So batches begin with one record and double while all is well; after a refusal they begin
 * with one again. Few records are then of unknown fate, and a long file still goes in large ones.
 *
 * Owns the counts. Invariant: all records that were sent are stored, refused, unknown, or under
 * way; those under way are at most what a producer keeps in flight, and one batch more.
 */
import type { ProducerMessage } from "../client/producer-message.ts";
import { ProducerError } from "../client/producer-error.ts";
import {
  produceBatchRecordsMax,
  producerInFlightBytesMax,
  producerInFlightMessagesMax,
} from "../limits.ts";
import type { Portion } from "./produce-sources.ts";

/** What became of records that were sent. */
export interface Tally {
  stored: number;
  refused: number;
  /** Without an answer that tells: they may be stored. */
  unknown: number;
  /** Keys and values of those that are stored; of a batch that was refused, none are counted. */
  bytes: number;
}

/** Who is told how it goes. */
export interface SenderEvents {
  /** The counts have moved. */
  settled(): void;
  /** Records were not stored: which, and why. */
  failed(message: string): void;
  /** Nothing more will come of it. */
  hopeless(message: string): void;
}

/** What it takes to send: a `Producer`. */
export interface BatchTaker {
  sendBatch(messages: readonly ProducerMessage[]): Promise<void>;
}

/** One batch under way. */
interface Batch {
  readonly portion: Portion;
  readonly from: number;
  readonly count: number;
  readonly bytes: number;
}

/** See the head of this file. */
export class Sender {
  readonly tally: Tally = { stored: 0, refused: 0, unknown: 0, bytes: 0 };
  #batchRecords = 1;
  #records = 0;
  #bytes = 0;
  #hasRoom: (() => void) | null = null;

  constructor(
    private readonly taker: BatchTaker,
    private readonly events: SenderEvents,
  ) {}

  /** How many records to send at a time. */
  get batchRecords(): number {
    return this.#batchRecords;
  }

  /** `null` if there is room for a batch; otherwise resolves once there is. */
  room(): Promise<void> | null {
    return this.#isFull() ? new Promise((resolve) => (this.#hasRoom = resolve)) : null;
  }

  /** Sends records of a portion. */
  send(portion: Portion, from: number, count: number): void {
    const messages = portion.messages.slice(from, from + count);
    const bytes = messages.reduce((sum, message) => sum + bytesOf(message), 0);
    const batch = { portion, from, count, bytes };
    this.#records += count;
    this.#bytes += bytes;
    void this.taker.sendBatch(messages).then(
      () => this.#stored(batch),
      (error: unknown) => this.#failed(batch, error),
    );
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
      tally.unknown += batch.count;
      events.hopeless(message);
    } else throw error;
    this.#settle(batch);
  }

  #settle(batch: Batch): void {
    this.#records -= batch.count;
    this.#bytes -= batch.bytes;
    this.events.settled();
    if (this.#isFull()) return;
    this.#hasRoom?.();
    this.#hasRoom = null;
  }

  #isFull(): boolean {
    return this.#records >= producerInFlightMessagesMax || this.#bytes >= producerInFlightBytesMax;
  }
}

const bytesOf = ({ key, value }: ProducerMessage): number => (key?.length ?? 0) + value.length;

function refusalText({ portion, from, count }: Batch, index: number, message: string): string {
  const place = (at: number): string => portion.placeOf(portion.numbers[at] ?? 0);
  const text = `${place(from + index)}: ${message}`;
  if (index === count - 1) return text;
  return `${text}; perhaps also what follows, up to ${place(from + count - 1)}`;
}
