/**
 * The original protocol as a whole: what its connections share. It fits the `Protocol` of `net/`.
 *
 * Owns the names of topics seen lately, idle batch builders, and the counters. Builders are taken
 * and given back within one synchronous step of one session, so a few serve all connections.
 */
import type { Clock } from "../base/clock.ts";
import { RequestStats } from "../base/request-stats.ts";
import type { Broker } from "../broker/broker.ts";
import { nativeBuildersIdleMax, nativeFrameBytesMax } from "../limits.ts";
import { BatchBuilder } from "../record/builder.ts";
import { NativeSession, type NativeLink } from "./session.ts";
import { TopicNames } from "./topic-names.ts";

/** See the head of this file. */
export class NativeProtocol {
  readonly framing = { littleEndian: true, payloadBytesMax: nativeFrameBytesMax };
  readonly names = new TopicNames();
  /** One kind, "Publish": a batch, from its append until it is committed. Errors are frames. */
  readonly stats = new RequestStats();
  readonly #builders: BatchBuilder[] = [];
  #firstPartitions = 0;

  constructor(
    readonly broker: Broker,
    readonly clock: Clock,
  ) {}

  open(link: NativeLink): NativeSession {
    return new NativeSession(this, link);
  }

  takeBuilder(): BatchBuilder {
    return this.#builders.pop() ?? new BatchBuilder();
  }

  /** Takes back an empty builder. */
  giveBuilder(builder: BatchBuilder): void {
    if (this.#builders.length < nativeBuildersIdleMax) this.#builders.push(builder);
  }

  /**
   * Where a connection begins with a topic's keyless records. Each begins one further on: were it
   * always 0, connections of one message each would fill partition 0 alone.
   */
  nextFirstPartition(): number {
    this.#firstPartitions += 1;
    return this.#firstPartitions;
  }
}
