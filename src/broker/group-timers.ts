/**
 * The timers of one group, by name. A heartbeat moves a deadline far more often than one is
 * reached, so a later deadline costs a number: the timer of the machine looks at it when it fires.
 *
 * Invariant: each name that has a deadline has one timer of the machine, due then or earlier.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import type { GroupTimer } from "./group-event.ts";

interface Armed {
  deadlineMs: number;
  /** When the machine's timer fires. */
  readonly firesMs: number;
  readonly stop: Cancel;
}

/** See the head of this file. Times are the monotonic clock's. */
export class GroupTimers {
  readonly #armed = new Map<GroupTimer, Armed>();

  constructor(
    private readonly clock: Clock,
    private readonly due: (timer: GroupTimer) => void,
  ) {}

  get size(): number {
    return this.#armed.size;
  }

  /** Replaces the deadline of that name. */
  schedule(timer: GroupTimer, deadlineMs: number): void {
    const armed = this.#armed.get(timer);
    if (armed !== undefined && armed.firesMs <= deadlineMs) armed.deadlineMs = deadlineMs;
    else {
      armed?.stop();
      this.#arm(timer, deadlineMs);
    }
  }

  cancel(timer: GroupTimer): void {
    this.#armed.get(timer)?.stop();
    this.#armed.delete(timer);
  }

  clear(): void {
    for (const { stop } of this.#armed.values()) stop();
    this.#armed.clear();
  }

  #arm(timer: GroupTimer, deadlineMs: number): void {
    const delayMs = Math.max(0, deadlineMs - this.clock.monotonic());
    const stop = this.clock.after(delayMs, () => this.#fired(timer));
    this.#armed.set(timer, { deadlineMs, firesMs: deadlineMs, stop });
  }

  #fired(timer: GroupTimer): void {
    const armed = this.#armed.get(timer);
    if (armed === undefined) return;
    this.#armed.delete(timer);
    if (this.clock.monotonic() < armed.deadlineMs) this.#arm(timer, armed.deadlineMs);
    else this.due(timer);
  }
}
