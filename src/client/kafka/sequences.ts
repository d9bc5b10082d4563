/**
 * How the batches of one idempotent producer to one partition are numbered. Pure.
 *
 * The broker takes a batch only if its first number follows the last one that it has, and knows
 * its latest five again. So a batch keeps its numbers however often it is sent. What fails for good
 * leaves a gap that the broker would never get over; then all that is numbered and not stored is
 * numbered anew from 0, in the next epoch, which a broker takes from 0 on (KIP-360). That is
 * Kafka's way, but for two points:
 * - it happens only while nothing is under way, and nothing that came before the gap is undecided,
 *   so that nothing is stored under its old numbers and its new ones (Kafka's own producer takes
 *   that chance);
 * - until the first batch of an epoch is stored, it goes alone: a broker that knows nothing of the
 *   producer would take the second one for the first.
 *
 * Epochs count for each partition by itself, as brokers do.
 *
 * Sources: KIP-98, KIP-360; Apache Kafka, `TransactionManager`, `TxnPartitionEntry`.
 */
import { assert } from "../../base/assert.ts";
import { sequenceAfter } from "../../record/sequence.ts";

/** What a broker gave a producer. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** What a batch says of itself. */
export interface BatchNumber extends ProducerIdentity {
  readonly baseSequence: number;
}

const epochMax = 0x7fff;

/** See the head of this file. */
export class Sequences {
  /** `null`: none was given yet, or its epochs are used up. */
  #identity: ProducerIdentity | null = null;
  /** The id whose epochs are used up; -1: none. */
  #spentId = -1;
  #next = 0;
  /** The broker has stored a batch of this epoch. */
  #isProven = false;
  /** A batch that was given up may be stored: whether what comes next follows on is not known. */
  #isUnresolved = false;
  /** There is a gap. */
  #isBroken = false;

  /** It has to be given an identity, other than this id's, before anything can be numbered. */
  get spentId(): number | null {
    return this.#identity === null ? this.#spentId : null;
  }

  get isUnresolved(): boolean {
    return this.#isUnresolved;
  }

  identify(identity: ProducerIdentity): void {
    assert(this.#identity === null, "identify: there is none");
    assert(identity.producerId !== this.#spentId, "identify: a fresh one");
    this.#identity = identity;
    this.#begin();
  }

  /**
   * Whether a batch may be numbered and sent, as the newest.
   * @param inFlight some others are under way
   */
  takesNew(inFlight: boolean): boolean {
    if (this.#identity === null || this.#isBroken || this.#isUnresolved) return false;
    return this.#isProven || !inFlight;
  }

  /** Numbers a batch of `count` records. */
  assign(count: number): BatchNumber {
    assert(this.#identity !== null, "assign: there is an identity");
    const number = { ...this.#identity, baseSequence: this.#next };
    this.#next = sequenceAfter(this.#next, count);
    return number;
  }

  /** A numbered batch is stored, so everything before it was, too. */
  stored(): void {
    this.#isProven = true;
    this.#isUnresolved = false;
  }

  /** A numbered batch is given up that may be stored. */
  doubt(): void {
    this.#isUnresolved = true;
  }

  /** A numbered batch is not stored and won't be, or one before it: what is behind can't follow. */
  break(): void {
    this.#isBroken = true;
  }

  /** The next epoch, from 0 on. Only while nothing is under way. */
  restart(): void {
    const identity = this.#identity;
    if (identity === null) return;
    if (identity.producerEpoch < epochMax) {
      this.#identity = { ...identity, producerEpoch: identity.producerEpoch + 1 };
    } else {
      this.#identity = null;
      this.#spentId = identity.producerId;
    }
    this.#begin();
  }

  #begin(): void {
    this.#next = 0;
    this.#isProven = false;
    this.#isUnresolved = false;
    this.#isBroken = false;
  }
}
