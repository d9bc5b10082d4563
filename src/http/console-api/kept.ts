/**
 * An answer that is made once for all who ask within a while: any number of open consoles cost the
 * broker what one does. One is kept for each broker in this process.
 */
import type { Clock } from "../../base/clock.ts";

interface Answer<T> {
  readonly madeAtMs: number;
  readonly value: Promise<T>;
}

/** See the head of this file. */
export class Kept<S extends { readonly clock: Clock }, T> {
  readonly #answers = new WeakMap<S, Answer<T>>();

  /** @param keptMs how old an answer may be, from when it was begun */
  constructor(
    private readonly keptMs: number,
    private readonly make: (services: S) => Promise<T>,
  ) {}

  of(services: S): Promise<T> {
    const now = services.clock.monotonic();
    const known = this.#answers.get(services);
    if (known !== undefined && now - known.madeAtMs < this.keptMs) return known.value;
    const value = this.make(services);
    this.#answers.set(services, { madeAtMs: now, value });
    return value;
  }
}
