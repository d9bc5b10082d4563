/**
 * The wall clock, as far as it can be believed by whoever deletes records on its word.
 *
 * A wall clock may be set to any year, by mistake or by a broken time server, and retention would
 * then delete everything. So a clock that steps ahead of the time that has passed is doubted: for a
 * day, time goes on as it was before the step, and this is said each hour. A clock that stands by
 * its word for so long is believed. Going back deletes nothing, and is followed at once.
 *
 * At the start nothing has passed yet, and the newest records and files bear witness: a clock that
 * is more than a day ahead of all of them is doubted as well. Where a broker was stopped for so
 * long, that costs a day of later deletion.
 */
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { clockDoubtMs, clockDoubtToldMs, clockStepMsMax } from "../limits.ts";

/** A step of the clock that is not believed yet. */
interface Doubt {
  /** Wall time less passed time, after the step. */
  ahead: number;
  /** When the clock was seen there first, and when this was said last, by passed time. */
  readonly since: number;
  told: number;
}

/** See the head of this file. */
export class TrustedTime {
  /** Wall time less passed time, as it is believed. */
  #believed: number;
  #doubt: Doubt | null = null;

  /** @param newestMs the newest time that is known of, milliseconds since 1970; `null`: none is */
  constructor(
    private readonly clock: Clock,
    private readonly logger: Logger,
    newestMs: number | null,
  ) {
    const now = clock.now();
    const isFar = newestMs !== null && now - newestMs > clockDoubtMs;
    this.#believed = (isFar ? newestMs : now) - clock.monotonic();
    this.now();
  }

  /** Milliseconds since 1970; to be asked every few minutes, or a step counts as one later. */
  now(): number {
    const wall = this.clock.now();
    const passed = this.clock.monotonic();
    const ahead = wall - passed;
    if (ahead <= this.#believed + clockStepMsMax) {
      if (this.#doubt !== null) this.logger.info("the clock is believed again");
      this.#doubt = null;
      this.#believed = Math.max(this.#believed, ahead);
      return wall;
    }
    if (this.#isStandingBy(ahead, passed)) {
      this.logger.warn("the clock stands by its step, and is believed");
      this.#doubt = null;
      this.#believed = ahead;
      return wall;
    }
    return passed + this.#believed;
  }

  /** Whether the clock has been this far ahead for long enough. */
  #isStandingBy(ahead: number, passed: number): boolean {
    const { ahead: before = Number.NEGATIVE_INFINITY } = this.#doubt ?? {};
    if (this.#doubt === null || Math.abs(ahead - before) > clockStepMsMax) {
      this.#doubt = { ahead, since: passed, told: Number.NEGATIVE_INFINITY };
    }
    const doubt = this.#doubt;
    if (passed - doubt.since >= clockDoubtMs) return true;
    if (passed - doubt.told >= clockDoubtToldMs) {
      doubt.told = passed;
      this.logger.error("the clock has stepped ahead: records are deleted by the time before", {
        stepMs: Math.round(ahead - this.#believed),
        believedInMs: Math.round(doubt.since + clockDoubtMs - passed),
      });
    }
    return false;
  }
}
