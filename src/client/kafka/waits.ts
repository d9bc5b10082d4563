/**
 * Everything that waits for time in a client: pauses, and promises that have a deadline. Closing
 * ends all of it at once, so that no timer keeps a program alive that is done.
 *
 * Invariant: each wait is in the set until it is over, and takes itself out.
 */
import type { Clock } from "../../base/clock.ts";
import { ClientError } from "./client-error.ts";

/** See the head of this file. */
export class Waits {
  readonly #waiting = new Set<(error: ClientError) => void>();
  #closed: ClientError | null = null;

  constructor(private readonly clock: Clock) {}

  /** Resolves so much later. Rejects with CLOSED when `signal` says so, or after `close`. */
  pause(forMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(givenUp());
        return;
      }
      const over = this.#enter((error) => {
        cancel();
        signal?.removeEventListener("abort", abort);
        if (error === null) resolve();
        else reject(error);
      });
      const cancel = this.clock.after(forMs, () => over(null));
      const abort = (): void => over(givenUp());
      signal?.addEventListener("abort", abort);
    });
  }

  /**
   * What `promise` does, if it does so in time; afterwards its outcome is nobody's.
   * @param deadline of the monotonic clock
   * @param late makes the error of one that comes too late
   */
  within<T>(promise: Promise<T>, deadline: number, late: () => ClientError): Promise<T> {
    return new Promise((resolve, reject) => {
      const over = this.#enter((error) => {
        cancel();
        if (error !== null) reject(error);
      });
      const leftMs = Math.max(0, deadline - this.clock.monotonic());
      const cancel = this.clock.after(leftMs, () => over(late()));
      promise.then(
        (value) => {
          over(null);
          resolve(value);
        },
        (error: unknown) => {
          over(null);
          reject(error);
        },
      );
    });
  }

  /** Ends all waits with `error`, and each later one as well. */
  close(error: ClientError): void {
    this.#closed = error;
    for (const end of [...this.#waiting]) end(error);
  }

  /** Returns what ends the wait; only its first call counts. */
  #enter(end: (error: ClientError | null) => void): (error: ClientError | null) => void {
    const over = (error: ClientError | null): void => {
      if (this.#waiting.delete(over)) end(error);
    };
    this.#waiting.add(over);
    if (this.#closed !== null) {
      const closed = this.#closed;
      queueMicrotask(() => over(closed));
    }
    return over;
  }
}

const givenUp = (): ClientError => new ClientError("CLOSED", "it was given up by its caller");
