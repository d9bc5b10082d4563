/**
 * How much may be read for consumers that have not taken their answers yet, over all connections.
 * While there is room each Fetch may answer what it likes; above that each gets little, so that
 * many slow consumers cost little, and nobody stops.
 *
 * Invariant: `used` is the sum of what was taken and not given back.
 */
import { assert } from "../base/assert.ts";

/** See the head of this file. */
export class FetchBudget {
  #used = 0;

  /** @param bytesMax for all answers together; a batch that is larger still goes out */
  constructor(private readonly bytesMax: number) {}

  get used(): number {
    return this.#used;
  }

  /** How much of `wanted` an answer may have: at least one byte, which brings one batch. */
  grant(wanted: number): number {
    return Math.max(1, Math.min(wanted, this.bytesMax - this.#used));
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
    assert(this.#used >= 0, "no more is given back than was taken");
  }
}
