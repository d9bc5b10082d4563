/** Work that must not overlap: for one key one after another, in the order of asking. */

/** See the head of this file. What waits is bounded by who may ask: each asker waits for it. */
export class Turns {
  /** The last work of each key that has any; the one before it has ended when it begins. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs `work`, which must not reject, once all earlier work of `key` has ended. */
  take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const earlier = this.#last.get(key);
    const turn = earlier === undefined ? work() : earlier.then(work);
    this.#last.set(key, turn);
    void turn.then(() => {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    });
    return turn;
  }

  /** Resolves once there is no work left. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }
}
