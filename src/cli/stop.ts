/**
 * The wish that a running command ends: a signal, or an output that nobody reads any more.
 *
 * Owned data: the first reason, and who wants to be told. Invariants: the first reason stays; a
 * command that has no way of its own to end is ended at once; a second signal ends everything at
 * once, since the first may be waiting for something that never comes. One Ctrl-C may come twice,
 * from the terminal and from a parent such as npm: the same signal again right away is no second.
 */

import type { Clock } from "../base/clock.ts";
import { signalEchoMs } from "../limits.ts";

/**
 * Why to stop. `closed`: whoever read standard output has gone, as `| head` does. `unwritable`: it
 * takes nothing any more, for instance because its disk is full.
 */
export type StopReason = "SIGINT" | "SIGTERM" | "closed" | "unwritable";

/** The exit code of each: 128 plus the signal's number, as shells have it; `head` is no failure. */
export const stopCodes: Readonly<Record<StopReason, number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  closed: 0,
  unwritable: 1,
};

/** One for the process. */
export class Stop {
  readonly #listeners = new Set<(reason: StopReason) => void>();
  #reason: StopReason | null = null;
  /** When the first reason came. */
  #since = 0;
  #outputMatters = true;

  /**
   * @param exit ends the process at once, with an exit code
   * @param clock tells a signal that came twice from a second one
   */
  constructor(
    private readonly exit: (code: number) => void,
    private readonly clock: Pick<Clock, "monotonic">,
  ) {}

  /** The first reason; `null` while there is none. */
  get reason(): StopReason | null {
    return this.#reason;
  }

  /** From now on an output that nobody takes is no reason: a service works on without. */
  ignoreOutput(): void {
    this.#outputMatters = false;
  }

  /** Calls `listener` once with the first reason, or at once if there is one already. */
  onStop(listener: (reason: StopReason) => void): () => void {
    if (this.#reason !== null) {
      listener(this.#reason);
      return () => {};
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  request(reason: StopReason): void {
    const isSignal = reason === "SIGINT" || reason === "SIGTERM";
    if (!isSignal && !this.#outputMatters) return;
    if (this.#reason !== null) {
      if (isSignal && !this.#isEcho(reason)) this.exit(stopCodes[reason]);
      return;
    }
    this.#reason = reason;
    this.#since = this.clock.monotonic();
    if (this.#listeners.size === 0) {
      this.exit(stopCodes[reason]);
      return;
    }
    for (const listener of this.#listeners) listener(reason);
    this.#listeners.clear();
  }

  #isEcho(reason: StopReason): boolean {
    return reason === this.#reason && this.clock.monotonic() - this.#since < signalEchoMs;
  }
}
