/** A clock that stands still until a test moves it. */
import type { Cancel, Clock } from "../../src/base/clock.ts";

interface Timer {
  readonly due: number;
  readonly action: () => void;
}

/** Timers fire inside `advance`, in the order of their times; both clocks move together. */
export class ManualClock implements Clock {
  #elapsed = 0;
  #timers: Timer[] = [];

  /** @param startMs wall time at the beginning */
  constructor(readonly startMs = 1_754_705_528_480) {}

  now(): number {
    return this.startMs + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(delayMs: number, action: () => void): Cancel {
    const timer = { due: this.#elapsed + delayMs, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves time on, firing what falls due on the way, timers that those set included. */
  advance(byMs: number): void {
    const until = this.#elapsed + byMs;
    for (;;) {
      const next = this.#timers.reduce<Timer | null>(
        (first, timer) => (timer.due <= until && (!first || timer.due < first.due) ? timer : first),
        null,
      );
      if (next === null) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#elapsed = Math.max(this.#elapsed, next.due);
      next.action();
    }
    this.#elapsed = until;
  }
}
