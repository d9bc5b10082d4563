/**
 * How much of one turn of the event loop work may take that others wait behind: clients' requests,
 * and the records of their batches. Whoever has such work asks {@link LoopShare.isSpent} before
 * each piece of it, and leaves the rest to later turns: then sockets are read, timers fire and
 * everybody else gets on in between.
 *
 * Owns the time spent, and what waits for later turns, in the order of asking. Invariants: pieces
 * are counted where they run, one within another once; time of an earlier turn may be counted as of
 * this one, never the other way round; what waits goes on as long as the clock does. What waits is
 * bounded by who asks: each asker has one action here.
 */
import type { Cancel, Clock } from "./clock.ts";

/** Less than this part of a share needs no timer to be forgotten: that comes with the next one. */
const unforgottenPart = 1 / 4;

/** See the head of this file. */
export class LoopShare {
  /** By pieces that have ended. */
  #spentMs = 0;
  /** When the piece that is running began; `null`: none is. */
  #runningSince: number | null = null;
  /** The next turn will be noticed. */
  #isAwake = false;
  #waiting: (() => void)[] = [];

  /** @param turnMsMax milliseconds of each turn, exceeded by no more than one piece of work */
  constructor(
    private readonly clock: Clock,
    private readonly turnMsMax: number,
  ) {}

  /** The rest is for later turns. */
  get isSpent(): boolean {
    const since = this.#runningSince;
    const runningMs = since === null ? 0 : this.clock.monotonic() - since;
    return this.#spentMs + runningMs >= this.turnMsMax;
  }

  /** Runs a piece of work, and counts its time. */
  run<T>(work: () => T): T {
    if (this.#runningSince !== null) return work();
    const from = this.clock.monotonic();
    this.#runningSince = from;
    try {
      return work();
    } finally {
      this.#runningSince = null;
      this.#spentMs += this.clock.monotonic() - from;
      if (this.#spentMs >= this.turnMsMax * unforgottenPart) this.#wake();
    }
  }

  /**
   * Calls `work` with each item in order, over as many turns as that needs.
   * @param itemsAtOnce are worked on before it is asked whether the share is spent
   */
  async each<Item>(
    items: readonly Item[],
    work: (item: Item) => void,
    itemsAtOnce: number,
  ): Promise<void> {
    for (let at = 0; at < items.length; at += itemsAtOnce) {
      if (this.isSpent) await this.laterTurn();
      const some = items.slice(at, at + itemsAtOnce);
      this.run(() => some.forEach((item) => work(item)));
    }
  }

  /** Calls `action`, which throws nothing, in a later turn that has time for it. */
  later(action: () => void): Cancel {
    this.#waiting.push(action);
    this.#wake();
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== action);
    };
  }

  /** Resolves in a later turn that has time. */
  laterTurn(): Promise<void> {
    return new Promise((resolve) => void this.later(resolve));
  }

  #wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.clock.after(0, () => this.#turn());
  }

  #turn(): void {
    this.#isAwake = false;
    this.#spentMs = 0;
    for (let left = this.#waiting.length; left > 0 && !this.isSpent; left--) {
      this.#waiting.shift()?.();
    }
    if (this.#waiting.length > 0) this.#wake();
  }
}
