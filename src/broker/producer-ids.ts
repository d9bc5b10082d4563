/**
 * The ids of idempotent producers (Kafka's InitProducerId without a transactional id). An id is
 * given once, for ever: two producers with one id would have each other's batches for their own.
 *
 * Ids are reserved in blocks, durably, before the first of a block is given; what is left of one at
 * a stop is never used. A block also begins no lower than the time, in microseconds: so an id comes
 * only once even if the metadata was lost, or an older copy was put back, while the logs still tell
 * of producers that got theirs later.
 *
 * Source: KIP-98, KIP-360; Apache Kafka, `ProducerIdManager`, `TransactionCoordinator`.
 */
import type { Clock } from "../base/clock.ts";
import { Refusal } from "../base/refusal.ts";
import { producerIdsReserved } from "../limits.ts";
import type { ProducerIdStore } from "../metadata/metadata.ts";

/** Who a producer is. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** What an InitProducerId request says of the producer it has been; -1 and -1: none. */
export type PastIdentity = ProducerIdentity;

/** See the head of this file. */
export class ProducerIds {
  /** The ids that are reserved and not given: from `#next` to before `#end`. */
  #next = 0;
  #end = 0;
  /** The reservation under way, for all who wait for one. */
  #reserving: Promise<Refusal | null> | null = null;

  constructor(
    private readonly store: ProducerIdStore,
    private readonly clock: Clock,
  ) {}

  /**
   * A new identity, with epoch 0. Who has been another one before gets a new one all the same, as
   * with Kafka: without a transactional id nothing tells who may go on as whom.
   * INVALID_REQUEST: `past` is half of an identity. KAFKA_STORAGE_ERROR, DISK_FULL,
   * SHUTTING_DOWN: none can be reserved.
   */
  async init(past: PastIdentity): Promise<ProducerIdentity | Refusal> {
    if ((past.producerId === -1) !== (past.producerEpoch === -1)) {
      const said = `producer id ${past.producerId} and epoch ${past.producerEpoch}`;
      return new Refusal("INVALID_REQUEST", `${said} don't go together`);
    }
    while (this.#next === this.#end) {
      this.#reserving ??= this.#reserve();
      const refusal = await this.#reserving;
      if (refusal !== null) return refusal;
    }
    return { producerId: this.#next++, producerEpoch: 0 };
  }

  async #reserve(): Promise<Refusal | null> {
    const least = Math.max(0, Math.floor(this.clock.now() * 1000));
    const first = await this.store.reserve(producerIdsReserved, least);
    this.#reserving = null;
    if (first instanceof Refusal) return first;
    this.#next = first;
    this.#end = first + producerIdsReserved;
    return null;
  }
}
