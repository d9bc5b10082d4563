/** Work of which only so much may go on at once, whoever asks: what waits keeps its order. */
import { assert } from "../base/assert.ts";

/** See the head of this file. What waits is bounded by who may ask: each asker waits for it. */
export class Slots {
  #free: number;
  /** Invariant: empty while a slot is free. */
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    assert(count > 0, "something must be allowed to run");
    this.#free = count;
  }

  /** Runs `work` as soon as it has a slot, and frees that when the work has ended. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.add(resolve));
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  /** The slot goes to who has waited longest, without becoming free in between. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
