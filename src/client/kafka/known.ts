/**
 * What was learned by asking, for a while: value by name, each asked for once, however many want
 * it at the same time.
 *
 * Invariants: an answer that went wrong is not kept. What was forgotten while the question was
 * under way is not kept either: the answer may be from before.
 */
import type { Clock } from "../../base/clock.ts";

interface Entry<T> {
  readonly value: Promise<T>;
  /** Of the monotonic clock: when it came; Infinity: not yet. */
  since: number;
}

/** See the head of this file. */
export class Known<T> {
  /** In the order in which they were asked for. */
  readonly #entries = new Map<string, Entry<T>>();

  /**
   * @param countMax above it the oldest are forgotten
   * @param ageMsMax older ones are asked for again
   */
  constructor(
    private readonly clock: Clock,
    private readonly countMax: number,
    private readonly ageMsMax: number,
  ) {}

  /** Whether it is known, or was asked for. */
  has(name: string): boolean {
    const known = this.#entries.get(name);
    return known !== undefined && !this.#isOld(known);
  }

  /** The value, from what is known or from `ask`. */
  get(name: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#entries.get(name);
    if (known !== undefined) {
      if (!this.#isOld(known)) return known.value;
      this.#entries.delete(name);
    }
    const entry: Entry<T> = { value: ask(), since: Infinity };
    this.#entries.set(name, entry);
    if (this.#entries.size > this.countMax) {
      for (const [oldest] of this.#entries) {
        this.#entries.delete(oldest);
        break;
      }
    }
    entry.value.then(
      () => {
        entry.since = this.clock.monotonic();
      },
      // Whoever asked is told.
      () => {
        if (this.#entries.get(name) === entry) this.#entries.delete(name);
      },
    );
    return entry.value;
  }

  /** Takes in what was learned in another way. */
  learn(name: string, value: T): void {
    this.forget(name);
    void this.get(name, () => Promise.resolve(value));
  }

  forget(name: string): void {
    this.#entries.delete(name);
  }

  #isOld({ since }: Entry<T>): boolean {
    return this.clock.monotonic() - since >= this.ageMsMax;
  }
}
