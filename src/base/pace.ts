/**
 * The pace of work in the background: a slice at a time, so that the event loop is never held for
 * long, and only so many bytes a second, so that the disk is left to those who wait for it.
 */
import type { Clock } from "./clock.ts";

/** How long nobody asks whether work that rests is wanted still. */
const restPieceMsMax = 100;

export interface PaceLimits {
  /** How long the event loop may be held at once. */
  readonly sliceMs: number;
  /** And left alone in between. */
  readonly restMs: number;
  /** Infinity: no bound. */
  readonly bytesPerSecond: number;
}

/** See the head of this file. One piece of work at a time goes by it. */
export class Pace {
  #sliceFrom: number;
  /** When all bytes so far have had their time. */
  #paidUntil: number;
  /** Ends the rest under way. */
  #wake: () => void = () => {};
  #isHurried = false;

  constructor(
    private readonly clock: Clock,
    private readonly limits: PaceLimits,
  ) {
    this.#sliceFrom = this.#paidUntil = clock.monotonic();
  }

  /** Work begins again after a pause, with a slice of its own. */
  begin(): void {
    this.#sliceFrom = this.clock.monotonic();
  }

  /**
   * Counts bytes that were read or written. A promise: whoever works is to wait for it first.
   * @param isWanted asked now and then during a long rest, which ends once it says no
   */
  spend(bytes: number, isWanted = always): Promise<void> | null {
    if (this.#isHurried) return null;
    const { sliceMs, restMs, bytesPerSecond } = this.limits;
    const now = this.clock.monotonic();
    this.#paidUntil = Math.max(this.#paidUntil, now) + (bytes / bytesPerSecond) * 1000;
    const aheadMs = this.#paidUntil - now;
    if (now - this.#sliceFrom < sliceMs && aheadMs < sliceMs) return null;
    return this.#rest(now + Math.max(restMs, Math.floor(aheadMs)), isWanted);
  }

  /** No rests any more: whoever works is to come to an end. */
  hurry(): void {
    this.#isHurried = true;
    this.#wake();
  }

  async #rest(until: number, isWanted: () => boolean): Promise<void> {
    for (let left = until - this.clock.monotonic(); left > 0 && !this.#isHurried;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = this.clock.after(Math.min(left, restPieceMsMax), resolve);
      this.#wake = resolve;
      await promise;
      cancel();
      if (!isWanted()) break;
      left = until - this.clock.monotonic();
    }
    this.#sliceFrom = this.clock.monotonic();
  }
}

const always = (): boolean => true;
