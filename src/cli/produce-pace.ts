/** How many records may go now, at so many a second. After a pause a few more may go at once. */
import type { Clock } from "../base/clock.ts";
import { produceBurstMs } from "../limits.ts";

/** See the head of this file. */
export class Pace {
  /** When the next record may go, by the monotonic clock. */
  #nextAt: number;

  /** @param perSecond `null`: as fast as it goes */
  constructor(
    private readonly perSecond: number | null,
    private readonly clock: Clock,
  ) {
    this.#nextAt = clock.monotonic();
  }

  /** Records that may go now. */
  get allowed(): number {
    if (this.perSecond === null) return Infinity;
    const sinceMs = this.clock.monotonic() - this.#earliest();
    return sinceMs < 0 ? 0 : Math.floor((sinceMs * this.perSecond) / 1000) + 1;
  }

  /** So many have gone. */
  take(count: number): void {
    if (this.perSecond === null) return;
    this.#nextAt = this.#earliest() + (count * 1000) / this.perSecond;
  }

  /** Resolves when the next one may go. */
  wait(): Promise<void> {
    const delayMs = Math.max(0, this.#nextAt - this.clock.monotonic());
    return new Promise((resolve) => void this.clock.after(delayMs, resolve));
  }

  #earliest(): number {
    return Math.max(this.#nextAt, this.clock.monotonic() - produceBurstMs);
  }
}
