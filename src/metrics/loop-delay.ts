/**
 * How late timers fire: what whoever asks the broker waits for the event loop. Measured by a timer
 * of its own, only while somebody scrapes, so that an idle broker sleeps.
 *
 * Invariant: at most one timer is set; none after `close`.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import { durationBoundsMs, Histogram } from "../base/histogram.ts";
import { loopDelayIdleMs, loopDelayProbeMs } from "../limits.ts";

/** See the head of this file. */
export class LoopDelay {
  /** Milliseconds. */
  readonly delaysMs = new Histogram(durationBoundsMs);
  #wantedUntil = 0;
  /** Use: set while it measures. */
  #timer: Cancel | null = null;
  #isClosed = false;

  constructor(private readonly clock: Clock) {}

  /** Somebody looks: it goes on measuring for a while. */
  look(): void {
    this.#wantedUntil = this.clock.monotonic() + loopDelayIdleMs;
    if (this.#timer === null && !this.#isClosed) this.#probe();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.();
    this.#timer = null;
  }

  #probe(): void {
    const dueAt = this.clock.monotonic() + loopDelayProbeMs;
    this.#timer = this.clock.after(loopDelayProbeMs, () => {
      this.#timer = null;
      const now = this.clock.monotonic();
      this.delaysMs.observe(Math.max(0, now - dueAt));
      if (now < this.#wantedUntil) this.#probe();
    });
  }
}
