/**
 * Records on their way to brokers, and what became of them: what a run of `produce` asks of
 * whoever sends, whichever protocol that is (`produce-kafka.ts`, `produce-native.ts`).
 */
import type { ProducerRecord } from "../client/kafka/producer-record.ts";
import { producerInFlightBytesMax, producerInFlightMessagesMax } from "../limits.ts";
import type { Portion } from "./produce-sources.ts";

/** What became of records that were sent. */
export interface Tally {
  stored: number;
  /** Not stored, for certain. */
  refused: number;
  /** Without an answer that tells: they may be stored. */
  unknown: number;
  /** Keys and values of those that are stored, as far as that is known of each. */
  bytes: number;
}

/** Who is told how it goes. */
export interface SenderEvents {
  /** The counts have moved. */
  settled(): void;
  /** Records were not stored: which, and why. */
  failed(message: string): void;
  /** No more is to be sent; what is under way is waited for. */
  halt(message: string): void;
  /** Nothing more will come of it. */
  hopeless(message: string): void;
  /** Nothing was stored, and nothing will be: nobody is there, or somebody else. */
  nobodyThere(message: string): void;
  /** A connection to a broker broke; it is made again. */
  lost(reason: string): void;
  /** It is there again. */
  back(): void;
}

/** One for a run. */
export interface Sender {
  readonly tally: Tally;
  /** How many records to send at a time. */
  readonly batchRecords: number;
  /** `null` if these may be sent; otherwise resolves when to ask again. */
  room(records: readonly ProducerRecord[]): Promise<void> | null;
  /** Sends records of a portion. */
  send(portion: Portion, from: number, count: number): void;
  /** Resolves when all that was sent is settled. */
  flush(): Promise<void>;
  /** Disconnects, afterwards. */
  close(): Promise<void>;
  /** Gives up what is not settled. */
  abort(): void;
}

/** Begins to send, and tells from now on. `null`: there is nobody to send to, and that was told. */
export type SenderBegin = (events: SenderEvents) => Promise<Sender | null>;

/** Records that are under way: at most what a producer keeps in flight, and one call's more. */
export class UnderWay {
  #records = 0;
  #bytes = 0;
  #hasRoom: (() => void) | null = null;

  /** `null` if there is room for more; otherwise resolves once there is. */
  room(): Promise<void> | null {
    return this.#isFull() ? new Promise((resolve) => (this.#hasRoom = resolve)) : null;
  }

  add(records: number, bytes: number): void {
    this.#records += records;
    this.#bytes += bytes;
  }

  remove(records: number, bytes: number): void {
    this.add(-records, -bytes);
    if (this.#isFull()) return;
    this.#hasRoom?.();
    this.#hasRoom = null;
  }

  #isFull(): boolean {
    return this.#records >= producerInFlightMessagesMax || this.#bytes >= producerInFlightBytesMax;
  }
}

/** Bytes of key and value. */
export const bytesOf = ({ key, value }: ProducerRecord): number =>
  (key?.length ?? 0) + (value?.length ?? 0);
