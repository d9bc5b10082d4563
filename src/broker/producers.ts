/**
 * The idempotent producers of one partition, with what is acknowledged of them and what is under
 * way. The rules are in `producer-sequence.ts`; here is when they change their mind.
 *
 * A batch counts from the moment it is appended, so that the next one is in order and the same one
 * again is known, and it stops counting if the log could not store it. The log goes back as a
 * whole, to its visible end, before any of those appends is refused; so do the producers, in the
 * same call. No batch can be judged in between.
 *
 * Invariants: batches under way are in the order of their offsets, all behind the visible end; what
 * is acknowledged is what reading the log from its beginning would tell (a test compares), save for
 * those who were forgotten.
 */
import { assert } from "../base/assert.ts";
import type { Offset } from "../base/brands.ts";
import type { Refusal } from "../base/refusal.ts";
import type { Appended } from "../log/log.ts";
import { isAfter } from "../record/sequence.ts";
import type { ProducerCensus, TrackedProducer } from "./producer-census.ts";
import {
  entryAfter,
  judge,
  type ProducerEntry,
  type RetainedBatch,
  type SequencedBatch,
  type Verdict,
} from "./producer-sequence.ts";

/** A batch that was appended and is not acknowledged. */
interface InFlight {
  readonly producer: TrackedProducer;
  /** What is remembered of its producer once it is acknowledged. */
  readonly entry: ProducerEntry;
  readonly baseSequence: number;
  readonly appended: Appended;
}

/** See the head of this file. */
export class Producers {
  readonly #producers = new Map<number, TrackedProducer>();
  #inFlight: InFlight[] = [];
  /** Those before it are acknowledged. */
  #settled = 0;

  constructor(private readonly census: ProducerCensus) {}

  get count(): number {
    return this.#producers.size;
  }

  judge(batch: SequencedBatch): Verdict {
    const producer = this.#producers.get(batch.producerId);
    return judge(producer?.current ?? null, producer?.awaited ?? null, batch);
  }

  /** Notes a batch that was judged `next` and has just been appended. */
  appended(batch: SequencedBatch, appended: Appended, timestamp: number): void {
    const producer = this.#track(batch.producerId);
    const { baseOffset, nextOffset } = appended;
    const entry = entryAfter(producer.current, batch, baseOffset, nextOffset, timestamp);
    producer.current = entry;
    producer.inFlight += 1;
    this.#inFlight.push({ producer, entry, baseSequence: batch.baseSequence, appended });
    this.census.use(producer);
  }

  /** Notes a batch that was judged `next` and could not be appended: it has to come again. */
  refused(batch: SequencedBatch): void {
    const producer = this.#track(batch.producerId);
    if (producer.current === null) expectAgain(producer, batch.producerEpoch, batch.baseSequence);
    this.census.use(producer);
  }

  /** How a batch ends that was here before: what its first coming is, or will be, answered. */
  fateOf(batch: RetainedBatch): Promise<Refusal | null> {
    const found = this.#find(batch.baseOffset);
    return found === undefined ? acknowledged : found.appended.committed;
  }

  /** Everything before `visible` is acknowledged. */
  commit(visible: Offset): void {
    const { length } = this.#inFlight;
    let at = this.#settled;
    for (; at < length; at++) {
      const next = this.#inFlight[at];
      if (next === undefined || next.appended.nextOffset > visible) break;
      next.producer.committed = next.entry;
      next.producer.awaited = null;
      next.producer.inFlight -= 1;
    }
    this.#settled = at;
    if (at === length) {
      this.#inFlight = [];
      this.#settled = 0;
    } else if (at > keptMax) {
      this.#inFlight.splice(0, at);
      this.#settled = 0;
    }
  }

  /** Nothing that is under way was stored. */
  rollBack(): void {
    for (const { producer, entry, baseSequence } of this.#inFlight.slice(this.#settled)) {
      producer.current = producer.committed;
      producer.inFlight -= 1;
      if (producer.committed === null) expectAgain(producer, entry.producerEpoch, baseSequence);
    }
    this.#inFlight = [];
    this.#settled = 0;
  }

  /** What is acknowledged, by producer id. */
  acknowledged(): Map<number, ProducerEntry> {
    const entries = new Map<number, ProducerEntry>();
    for (const [producerId, { committed }] of this.#producers) {
      if (committed !== null) entries.set(producerId, committed);
    }
    return entries;
  }

  /** Takes over what was remembered. */
  restore(entries: ReadonlyMap<number, ProducerEntry>): void {
    assert(this.#inFlight.length === 0, "what was remembered comes before what is new");
    for (const [producerId, entry] of entries) {
      const producer = this.#track(producerId);
      producer.committed = producer.current = entry;
      producer.awaited = null;
      this.census.use(producer);
    }
  }

  /** Forgets all of them. */
  clear(): void {
    for (const producer of this.#producers.values()) this.census.drop(producer);
    this.#producers.clear();
  }

  #track(producerId: number): TrackedProducer {
    const known = this.#producers.get(producerId);
    if (known !== undefined) return known;
    const producer: TrackedProducer = {
      producerId,
      committed: null,
      current: null,
      awaited: null,
      inFlight: 0,
      usedAt: 0,
      forget: () => this.#producers.delete(producerId),
    };
    this.#producers.set(producerId, producer);
    return producer;
  }

  /** The batch under way that begins at `baseOffset`: by halves, since there may be many. */
  #find(baseOffset: Offset): InFlight | undefined {
    let low = this.#settled;
    let high = this.#inFlight.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const offset = this.#inFlight[middle]?.appended.baseOffset ?? Infinity;
      if (offset < baseOffset) low = middle + 1;
      else high = middle;
    }
    const found = this.#inFlight[low];
    return found?.appended.baseOffset === baseOffset ? found : undefined;
  }
}

/** Acknowledged batches that stay at the head of the list until it is made anew. */
const keptMax = 256;

const acknowledged: Promise<Refusal | null> = Promise.resolve(null);

/** The first one that could not be stored counts; those of a newer epoch begin again. */
function expectAgain(producer: TrackedProducer, producerEpoch: number, baseSequence: number): void {
  const { awaited } = producer;
  const isCovered =
    awaited !== null &&
    (awaited.producerEpoch > producerEpoch ||
      (awaited.producerEpoch === producerEpoch && !isAfter(awaited.baseSequence, baseSequence)));
  if (!isCovered) producer.awaited = { producerEpoch, baseSequence };
}
