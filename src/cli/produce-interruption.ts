/** Waits that end when a command is to stop, or has no more use for what it waits for. */
import type { Stop } from "./stop.ts";

/** One for a command, from its start to its end: while it is there, a signal does not end it. */
export class Interruption {
  #isTriggered = false;
  /** Ends the wait that is under way. */
  #wake: (() => void) | null = null;
  readonly #forget: () => void;

  constructor(stop: Pick<Stop, "onStop">) {
    this.#forget = stop.onStop(() => this.trigger());
  }

  get isTriggered(): boolean {
    return this.#isTriggered;
  }

  trigger(): void {
    this.#isTriggered = true;
    this.#wake?.();
  }

  /** What `promise` gives, or `null` once there is a stop. One wait at a time. */
  async until<T>(promise: Promise<T>): Promise<T | null> {
    // Not `Promise.race`: a promise for the stop would hold on to the results of all the races.
    const outcome = await new Promise<T | null>((resolve, reject) => {
      this.#wake = () => resolve(null);
      promise.then(resolve, reject);
      if (this.#isTriggered) resolve(null);
    });
    this.#wake = null;
    return outcome;
  }

  /** From now on a signal is not waited for here. */
  close(): void {
    this.#forget();
  }
}
