/**
 * The idempotent producers of one partition, brought into memory when they are needed and written
 * beside the log from time to time.
 *
 * A start reads nothing of them: a broker has many partitions, and most are not written by such
 * producers. The first batch of one waits until the snapshot and the log behind it are read, and
 * so does every batch of one that comes meanwhile, in order. A snapshot is written at each
 * `producerTailBytesMax` of log and at the end, so there is never much to read, even after a kill.
 * Producers of a partition that nobody has asked for are read and written then, too: else the log
 * behind its snapshot would grow without a bound.
 */
import { offset, type Offset } from "../base/brands.ts";
import type { Logger } from "../base/logger.ts";
import { Refusal } from "../base/refusal.ts";
import { producerTailBytesMax } from "../limits.ts";
import type { PartitionLog } from "../log/log.ts";
import type { ProducerCensus } from "./producer-census.ts";
import { checkEndingAt, recoverProducers } from "./producer-recovery.ts";
import { encodeProducers, type ProducerStore } from "./producer-snapshot.ts";
import { Producers } from "./producers.ts";

/** See the head of this file. The partition tells it what its log does. */
export class ProducerKeeper {
  readonly producers: Producers;
  /** They were read, or were told of the log's first batch. */
  #isLoaded = false;
  /** The reading under way. Never rejects. */
  #loading: Promise<void> | null = null;
  /** What waits for it, in order. */
  #waiting: ((refusal: Refusal | null) => void)[] = [];
  /** The writing under way. Never rejects. */
  #writing: Promise<void> | null = null;
  /** Of the log behind what the snapshot tells, as far as is known. */
  #tailBytes = 0;
  /** Once there are so many, the snapshot is written. */
  #tailBytesMax = producerTailBytesMax;
  /** Where the snapshot ends that is kept; `null`: none is, as far as is known. */
  #snapshotEnd: Offset | null = null;
  /** Why nothing is read or written any more. */
  #ended: Refusal | null = null;

  constructor(
    private readonly log: PartitionLog,
    private readonly store: ProducerStore,
    census: ProducerCensus,
    private readonly logger: Logger,
  ) {
    this.producers = new Producers(census);
  }

  /** Whether all is known that there is to know; of an empty log, that is nothing. */
  get isLoaded(): boolean {
    return this.#isLoaded || this.log.endOffset === 0;
  }

  /** Calls `action` once the producers are known, or can't be; in the order of asking. */
  whenLoaded(action: (refusal: Refusal | null) => void): void {
    if (this.isLoaded || this.#ended !== null) return action(this.#ended);
    this.#waiting.push(action);
    this.#loading ??= this.#load();
  }

  /** Notes that so many bytes were appended at an offset. The hot path. */
  appended(baseOffset: Offset, bytes: number): void {
    if (baseOffset === 0) this.#isLoaded = true;
    this.#tailBytes += bytes;
    if (this.#tailBytes < this.#tailBytesMax || this.#writing !== null) return;
    this.#writing = this.#write().then(() => {
      this.#writing = null;
    });
  }

  /**
   * Sees to it that all of the log before `end` may be rewritten: that what is kept of producers
   * does not hang on it. The batch that ends at the offset which this resolves to must stay as it
   * is, since the snapshot names its checksum; -1: none must.
   */
  async beforeCompaction(end: Offset): Promise<Offset | Refusal> {
    const { promise, resolve } = Promise.withResolvers<Refusal | null>();
    this.whenLoaded(resolve);
    const unknown = await promise;
    if (unknown !== null) return unknown;
    await this.#writing;
    if (this.producers.count === 0 && this.#snapshotEnd === null) return offset(-1);
    // Of a log that has grown since, the batch which the snapshot names could be rewritten.
    const isBehind = (this.#snapshotEnd ?? -1) < end;
    const isGrown = this.#snapshotEnd === end && this.log.visibleOffset > end;
    if (!isBehind && !isGrown) return this.#snapshotEnd ?? offset(-1);
    this.#writing = this.#snapshot().then(() => {
      this.#writing = null;
    });
    await this.#writing;
    if (this.#ended !== null) return this.#ended;
    if (this.#snapshotEnd !== null && this.#snapshotEnd >= end) return this.#snapshotEnd;
    const message = "the producers could not be written, which would be forgotten";
    return new Refusal("KAFKA_STORAGE_ERROR", message);
  }

  /** Writes what is known, once the log is closed and everything in it is acknowledged. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#isLoaded && this.#tailBytes > 0 && this.#ended === null) await this.#snapshot();
    await this.end(closed);
  }

  /** Reads and writes no more, and forgets them; resolves once nothing is under way. */
  async end(refusal: Refusal): Promise<void> {
    this.#ended ??= refusal;
    this.producers.clear();
    await this.#loading;
    await this.#writing;
  }

  async #load(): Promise<void> {
    const recovered = await recoverProducers(this.log, this.store, this.logger);
    const refusal = this.#ended ?? (recovered instanceof Refusal ? recovered : null);
    if (refusal === null && !(recovered instanceof Refusal)) {
      this.producers.restore(recovered.entries);
      this.#tailBytes = Math.max(this.#tailBytes, recovered.readBytes);
      this.#snapshotEnd ??= recovered.snapshotEnd;
      this.#isLoaded = true;
    }
    this.#loading = null;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const action of waiting) action(refusal);
  }

  async #write(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<Refusal | null>();
    this.whenLoaded(resolve);
    const refusal = await promise;
    if (refusal === null) await this.#snapshot();
    else this.#failed(refusal);
  }

  async #snapshot(): Promise<void> {
    const tailBytes = this.#tailBytes;
    const end = this.log.visibleOffset;
    const entries = this.producers.acknowledged();
    const batchCheck = await checkEndingAt(this.log, end);
    if (this.#ended !== null) return;
    const refusal =
      batchCheck instanceof Refusal
        ? batchCheck
        : await this.store.write(encodeProducers({ offset: end, batchCheck, entries }));
    if (refusal !== null) return this.#failed(refusal);
    this.#snapshotEnd = end;
    this.#tailBytes -= tailBytes;
    this.#tailBytesMax = producerTailBytesMax;
  }

  /** What can't be written now is written later, or read from the log. */
  #failed(refusal: Refusal): void {
    this.#tailBytesMax = this.#tailBytes + producerTailBytesMax;
    this.logger.warn("producers not written", { reason: refusal.message });
  }
}

const closed = new Refusal("SHUTTING_DOWN", "the broker is shutting down; send again later");
