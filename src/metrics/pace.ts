/**
 * Work in slices: a scrape of a large broker takes many milliseconds, and records must not wait for
 * it. Whoever works asks now and then, and lets others go first when its time is up.
 */
import type { Clock } from "../base/clock.ts";
import { metricsSliceMs } from "../limits.ts";

/** See the head of this file. */
export class Pace {
  #begunAt: number;

  constructor(private readonly clock: Clock) {
    this.#begunAt = clock.monotonic();
  }

  /** Whether this slice has lasted long enough. */
  get isDue(): boolean {
    return this.clock.monotonic() - this.#begunAt >= metricsSliceMs;
  }

  /** Resolves in a later turn of the event loop, with a new slice. */
  rest(): Promise<void> {
    return new Promise((resolve) => {
      this.clock.after(0, () => {
        this.#begunAt = this.clock.monotonic();
        resolve();
      });
    });
  }
}
