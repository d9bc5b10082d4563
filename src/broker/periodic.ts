/**
 * Something that is done again and again, with a pause in between. Invariants: it is done once at a
 * time; it does not begin after `close`, which waits for what is under way.
 */
import type { Cancel, Clock } from "../base/clock.ts";

/** See the head of this file. */
export class Periodic {
  #cancel: Cancel;
  #isClosed = false;
  #running: Promise<void> = Promise.resolve();

  /** @param action never rejects, and ends soon once it was closed: it looks at `isClosed` */
  constructor(
    private readonly clock: Clock,
    firstMs: number,
    private readonly pauseMs: number,
    private readonly action: () => Promise<void>,
  ) {
    this.#cancel = this.#after(firstMs);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#running;
  }

  #after(delayMs: number): Cancel {
    return this.clock.after(delayMs, () => {
      this.#running = this.action().then(() => {
        if (!this.#isClosed) this.#cancel = this.#after(this.pauseMs);
      });
    });
  }
}
