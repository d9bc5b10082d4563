/**
 * Watches how many partitions topics have: those that a consumer without a group reads, or all that
 * a group reads, by its leader. A change means that partitions have to be divided anew.
 */
import type { Cancel } from "../../base/clock.ts";
import { consumerLookMs, consumerTopicsLookMs } from "../../limits.ts";
import type { PartitionCounts } from "./assignor.ts";
import type { ConsumerCluster } from "./consumer-cluster.ts";
import type { TopicMetadata } from "./topic-metadata.ts";

export interface TopicWatchParts {
  readonly cluster: ConsumerCluster;
  /** Something is to be done: a look is due, or has found something. */
  readonly wake: () => void;
}

/** See the head of this file. */
export class TopicWatch {
  #topics: readonly string[] = [];
  #counts: PartitionCounts = new Map();
  #isDue = false;
  #isLooking = false;
  #hasChanged = false;
  #failure: unknown = null;
  #cancel: Cancel | null = null;
  /** Of the monotonic clock: when what is known of the topics was told. */
  #toldAt = -Infinity;

  constructor(private readonly parts: TopicWatchParts) {}

  /** Watches these from now on. @param counts what is known of them; `null`: nothing yet */
  watch(topics: readonly string[], counts: PartitionCounts | null): void {
    this.#topics = topics;
    this.#counts = counts ?? new Map();
    this.#hasChanged = false;
    this.#isDue = counts === null;
    if (counts === null) return;
    this.#toldAt = this.#now;
    this.#schedule();
  }

  /** Something that is being read is not there any more: looks now, or soon after the last look. */
  lookSoon(): void {
    if (this.#topics.length === 0 || this.#isDue || this.#isLooking) return;
    this.#lookIn(Math.max(0, this.#toldAt + consumerLookMs - this.#now));
  }

  /** Watches nothing any more. */
  stop(): void {
    this.#topics = [];
    this.#isDue = false;
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Looks at the topics in the background, if that is due. */
  look(): void {
    if (!this.#isDue || this.#isLooking) return;
    this.#isDue = false;
    void this.#look();
  }

  /** How many partitions there are, if that has changed since the last call; otherwise `null`. */
  takeChange(): PartitionCounts | null {
    if (!this.#hasChanged) return null;
    this.#hasChanged = false;
    return this.#counts;
  }

  /** Why the last look came to nothing, if that is not going to pass; rejects once. */
  takeFailure(): unknown {
    const failure = this.#failure;
    this.#failure = null;
    return failure;
  }

  async #look(): Promise<void> {
    const topics = this.#topics;
    this.#isLooking = true;
    const found = await this.parts.cluster.topics(topics).catch((error: unknown) => {
      this.#failure = error;
      return null;
    });
    this.#isLooking = false;
    if (topics !== this.#topics) return;
    this.#toldAt = this.#now;
    if (found !== null) this.#compare(found);
    this.#schedule();
    this.parts.wake();
  }

  #compare(found: readonly TopicMetadata[]): void {
    this.#failure = found.find(({ error }) => error !== null && !error.retriable)?.error ?? null;
    const counts = countsOf(found, this.#counts);
    const isSame =
      counts.size === this.#counts.size &&
      [...counts].every(([topic, count]) => this.#counts.get(topic) === count);
    if (isSame) return;
    this.#counts = counts;
    this.#hasChanged = true;
  }

  #schedule(): void {
    const isComplete = this.#topics.every((topic) => this.#counts.has(topic));
    this.#lookIn(isComplete ? consumerTopicsLookMs : consumerLookMs);
  }

  #lookIn(delayMs: number): void {
    this.#cancel?.();
    this.#cancel = this.parts.cluster.world.clock.after(delayMs, () => {
      this.#cancel = null;
      this.#isDue = true;
      this.parts.wake();
    });
  }

  get #now(): number {
    return this.parts.cluster.world.clock.monotonic();
  }
}

/**
 * How many partitions topics have; without those that don't exist.
 * @param before is believed of a topic of which nothing can be said at the moment
 */
export function countsOf(
  topics: readonly TopicMetadata[],
  before: PartitionCounts = new Map(),
): PartitionCounts {
  const counts = new Map<string, number>();
  for (const { name, partitions, error } of topics) {
    const known = before.get(name);
    if (error === null) counts.set(name, partitions.length);
    else if (error.code !== "UNKNOWN_TOPIC_OR_PARTITION" && known !== undefined) {
      counts.set(name, known);
    }
  }
  return counts;
}
