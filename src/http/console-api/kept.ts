/**
 * An answer that is made once for all who ask within a while: any number of open consoles cost the
 * broker what one does. One is kept for each broker in this process; one that takes long to make is
 * kept for longer, so that making it never takes more than a small part of the time.
 */
import type { Clock } from "../../base/clock.ts";
import { consoleRestFactor } from "../../limits.ts";

interface Answer<T> {
  readonly madeAtMs: number;
  readonly value: Promise<T>;
  /** How long it is good for. */
  keptMs: number;
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
    const { clock } = services;
    const now = clock.monotonic();
    const known = this.#answers.get(services);
    if (known !== undefined && now - known.madeAtMs < known.keptMs) return known.value;
    const value = this.make(services);
    const answer = { madeAtMs: now, value, keptMs: this.keptMs };
    this.#answers.set(services, answer);
    const rest = (): void => {
      answer.keptMs = Math.max(this.keptMs, (clock.monotonic() - now) * consoleRestFactor);
    };
    // Whoever asked is told of a failure; nobody is asked here.
    value.then(rest, rest);
    return value;
  }
}
