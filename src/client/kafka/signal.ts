/** Wakes whoever waits for something to happen, and nobody too late: what came first is kept. */
import type { Clock } from "../../base/clock.ts";

/** See the head of this file. One may wait at a time. */
export class Signal {
  #isRaised = false;
  #wake: (() => void) | null = null;

  constructor(private readonly clock: Clock) {}

  /** Something has happened. */
  raise(): void {
    if (this.#wake === null) this.#isRaised = true;
    else this.#wake();
  }

  /** Resolves when something has happened since the last wait, or so much later. */
  wait(forMs: number): Promise<void> {
    if (this.#isRaised) {
      this.#isRaised = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#wake = null;
        resolve();
      };
      const cancel = this.clock.after(forMs, wake);
      this.#wake = wake;
    });
  }
}
