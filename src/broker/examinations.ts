/**
 * Looks at the records of batches that take more than one step: one batch after another, in the
 * order in which they came, for all partitions. So what is unpacked meanwhile is one batch, and the
 * event loop has its turns between the steps.
 *
 * Owns the batches that wait. They are bounded by the bytes that connections may have in flight.
 */
import type { LoopShare } from "../base/loop-share.ts";
import type { Steps } from "../base/steps.ts";

/** See the head of this file. */
export class Examinations {
  /** Each does one step; true: that was the last. */
  readonly #queue: (() => boolean)[] = [];

  constructor(private readonly share: LoopShare) {}

  /**
   * Takes the steps that are left.
   * @param settle called once, with what gives their result or throws what they have thrown; itself
   * it throws nothing
   */
  take<T>(steps: Steps<T>, settle: (result: () => T) => void): void {
    this.#queue.push(() => {
      try {
        const step = steps.next();
        if (step.done !== true) return false;
        settle(() => step.value);
      } catch (error) {
        settle(() => {
          throw error;
        });
      }
      return true;
    });
    if (this.#queue.length === 1) this.#later();
  }

  #later(): void {
    this.share.later(() => this.#work());
  }

  #work(): void {
    for (let next = this.#queue[0]; next !== undefined && !this.share.isSpent;) {
      if (this.share.run(next)) this.#queue.shift();
      next = this.#queue[0];
    }
    if (this.#queue.length > 0) this.#later();
  }
}
