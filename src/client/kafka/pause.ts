/** Keeps from trying again at once what has failed: each pause twice as long as the one before. */
import type { Cancel } from "../../base/clock.ts";
import { clientBackoffMsMax, clientBackoffMsMin } from "../../limits.ts";
import { backoffMs } from "./backoff.ts";
import type { ClientWorld } from "./client-world.ts";

const backoff = { firstMs: clientBackoffMsMin, longestMs: clientBackoffMsMax };

/** See the head of this file. */
export class Pause {
  #failures = 0;
  #cancel: Cancel | null = null;

  /** @param over is called after each pause */
  constructor(
    private readonly world: ClientWorld,
    private readonly over: () => void,
  ) {}

  get isOn(): boolean {
    return this.#cancel !== null;
  }

  /** An attempt has failed: a pause begins. */
  failed(): void {
    this.#cancel?.();
    this.#failures += 1;
    const forMs = backoffMs(backoff, this.#failures, this.world.random);
    this.#cancel = this.world.clock.after(forMs, () => {
      this.#cancel = null;
      this.over();
    });
  }

  /** An attempt has succeeded: the next pause is short again. */
  succeeded(): void {
    this.#failures = 0;
  }

  /** Ends a pause under way, and nothing is called. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}
