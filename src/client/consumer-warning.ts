/** What a consumer had to decide by itself, and its program should know of. Bounded. */
import { consumerWarningsMax } from "../limits.ts";

/**
 * - `trimmed`: records from `fromOffset` on were deleted before this group came to them.
 * - `changed`: the log is not the one of the commit or of the last poll: it has lost records that
 *   were acknowledged without being synced, or its topic was deleted and created again. Messages
 *   from `resumedAt` on are delivered, some perhaps once more.
 */
export type ConsumerWarningKind = "trimmed" | "changed";

/** See {@link ConsumerWarningKind}. */
export interface ConsumerWarning {
  readonly kind: ConsumerWarningKind;
  readonly topic: string;
  readonly partition: number;
  /** Where the consumer would have gone on. */
  readonly fromOffset: number;
  /** Where it goes on. */
  readonly resumedAt: number;
  readonly message: string;
}

/** Warnings that nobody has taken yet; above the limit the oldest are dropped. */
export class ConsumerWarnings {
  #waiting: ConsumerWarning[] = [];
  #dropped = 0;

  add(warning: ConsumerWarning): void {
    this.#waiting.push(warning);
    if (this.#waiting.length <= consumerWarningsMax) return;
    this.#waiting.shift();
    this.#dropped += 1;
  }

  /** All warnings since the last call, and how many older ones were dropped. */
  take(): { warnings: readonly ConsumerWarning[]; dropped: number } {
    const taken = { warnings: this.#waiting, dropped: this.#dropped };
    this.#waiting = [];
    this.#dropped = 0;
    return taken;
  }
}
