/**
 * A question to the cluster that is asked again, after pauses that grow, until there is an answer;
 * and later once more, when somebody says that the answer is old.
 *
 * Invariant: it is asked once at a time, and not within a pause; after an answer there is one, too,
 * since it may not be the one that was hoped for.
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { backoffMs, type Backoff } from "./backoff.ts";
import { ClientError } from "./client-error.ts";

export interface InquiryParts<T> {
  /** Rejects with a {@link ClientError}. */
  readonly ask: () => Promise<T>;
  /** Told of each outcome, when everything here says so already; an error that stays, or `null`. */
  readonly told: (finalError: ClientError | null) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly backoff: Backoff;
}

/** See the head of this file. */
export class Inquiry<T> {
  /** The newest answer, also while it is being asked again. */
  answer: T | null = null;
  /** Why there is no newer one. */
  trouble: ClientError | null = null;
  /** Of the monotonic clock: when the newest answer came. */
  answeredAt = -Infinity;
  /** Of the monotonic clock: not asked again before. */
  resumesAt = -Infinity;
  #isAsking = false;
  #failures = 0;

  constructor(private readonly parts: InquiryParts<T>) {}

  get isAsking(): boolean {
    return this.#isAsking;
  }

  /** Asks, unless that is under way or pauses. */
  ask(): void {
    if (this.#isAsking || this.resumesAt > this.parts.clock.monotonic()) return;
    this.#isAsking = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    const { ask, told, clock, random, backoff } = this.parts;
    let finalError: ClientError | null = null;
    try {
      this.answer = await ask();
      this.trouble = null;
      this.#failures = 0;
      this.answeredAt = clock.monotonic();
      this.resumesAt = this.answeredAt + backoff.firstMs;
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.trouble = error;
      this.#failures += 1;
      this.resumesAt = clock.monotonic() + backoffMs(backoff, this.#failures, random);
      if (!error.retriable) finalError = error;
    }
    this.#isAsking = false;
    told(finalError);
  }
}
