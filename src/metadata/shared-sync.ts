/**
 * Group commit: makes everything that was written so far durable, for all who ask, with one sync at
 * a time. Whoever comes while one runs shares the next one.
 *
 * Invariant: after a failed sync there is no other, and everybody is told of the failure. The
 * system may have dropped what it could not write, and then calls it clean: a later sync that
 * succeeds proves nothing about it.
 */

/** See the head of this file. */
export class SharedSync {
  /** What was written, and what of it is on the device, counted in calls of {@link wrote}. */
  #written = 0;
  #synced = 0;
  /** The sync under way, and what it makes durable. */
  #running: { readonly upTo: number; readonly end: Promise<void> } | null = null;
  #failure: { readonly error: unknown } | null = null;

  /** @param sync resolves once what was written before the call is on the device */
  constructor(private readonly sync: () => Promise<void>) {}

  /** Something was written that is not on the device yet. */
  wrote(): void {
    this.#written++;
  }

  /** Resolves once all that was written before the call is on the device; rejects as the sync. */
  async durable(): Promise<void> {
    const upTo = this.#written;
    while (this.#synced < upTo) {
      if (this.#failure !== null) throw this.#failure.error;
      this.#running ??= { upTo: this.#written, end: this.#run(this.#written) };
      await this.#running.end;
    }
  }

  async #run(upTo: number): Promise<void> {
    try {
      await this.sync();
      this.#synced = upTo;
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#running = null;
    }
  }
}
