/**
 * All idempotent producers that are remembered, over all partitions, in the order of their last
 * use: so that what is remembered has a bound, and is forgotten when it can be of no use any more.
 *
 * Time here never goes back and is not the time of records: a clock that jumps, or a producer that
 * sends old records, must not have anybody forgotten. Nothing runs by itself: whoever is used makes
 * room.
 */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { producerExpirationMs, producersMax } from "../limits.ts";
import type { AwaitedBatch, ProducerEntry } from "./producer-sequence.ts";

/** One producer in one partition. */
export interface TrackedProducer {
  readonly producerId: number;
  /** What is acknowledged. `null`: nothing yet. */
  committed: ProducerEntry | null;
  /** With what is under way. Invariant: the same as `committed` while nothing is. */
  current: ProducerEntry | null;
  /** Only where `committed` is `null`. */
  awaited: AwaitedBatch | null;
  /** Batches under way. */
  inFlight: number;
  /** When it last sent something, by the clock that never goes back. */
  usedAt: number;
  /** Lets go of it: called once, when it is forgotten. */
  readonly forget: () => void;
}

/** How many that are in use are passed over at a time, in search of one that may go. */
const passedMax = 64;

/** See the head of this file. */
export class ProducerCensus {
  /** Least recently used first. */
  readonly #producers = new Set<TrackedProducer>();

  /** @param countMax how many are remembered */
  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly countMax = producersMax,
  ) {}

  get count(): number {
    return this.#producers.size;
  }

  /** Notes that a producer sends something; others go to make room for it. */
  use(producer: TrackedProducer): void {
    const now = this.clock.monotonic();
    this.#touch(producer, now);
    let passed = 0;
    for (const oldest of this.#producers) {
      const isExpired = now - oldest.usedAt >= producerExpirationMs;
      const isTooMany = this.#producers.size > this.countMax;
      if (oldest === producer || (!isExpired && !isTooMany) || passed === passedMax) return;
      if (oldest.inFlight > 0) {
        this.#touch(oldest, now);
        passed += 1;
        continue;
      }
      this.#producers.delete(oldest);
      oldest.forget();
      if (!isExpired) this.logger.warn("idempotent producer forgotten: there are too many");
    }
  }

  /** Takes a producer out without telling it. */
  drop(producer: TrackedProducer): void {
    this.#producers.delete(producer);
  }

  #touch(producer: TrackedProducer, now: number): void {
    producer.usedAt = now;
    this.#producers.delete(producer);
    this.#producers.add(producer);
  }
}
