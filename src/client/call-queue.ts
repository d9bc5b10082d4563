/**
 * Calls of one consumer, carried out one after another, in their order. A program that does not
 * await them is told so, before they take all its memory.
 */
import { consumerCallsWaitingMax } from "../limits.ts";

/** See the head of this file. */
export class CallQueue {
  /** The call under way, or the last one. Never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  /** Calls that have not ended. */
  #count = 0;

  /** @param full makes the error of a call for which there is no room */
  constructor(private readonly full: (message: string) => Error) {}

  /** Resolves when all calls so far have ended, well or not. */
  get over(): Promise<unknown> {
    return this.#last;
  }

  /** Runs `action` when all calls before it have ended. */
  run<T>(action: () => Promise<T>): Promise<T> {
    if (this.#count >= consumerCallsWaitingMax) {
      return Promise.reject(this.full(`${this.#count} calls wait already: await them`));
    }
    this.#count += 1;
    const result = this.#last.then(async () => {
      try {
        return await action();
      } finally {
        this.#count -= 1;
      }
    });
    // The caller has the error; whoever comes next only waits.
    this.#last = result.catch(() => {});
    return result;
  }
}
