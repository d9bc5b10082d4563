/**
 * Bytes received and not yet answered, over all connections. Whoever takes part reserves and
 * releases; those that must stop reading meanwhile wait here and are called when there is room
 * again. Reserving never fails: bytes are in memory before anybody can ask for them, so the bound
 * works by stopping the next read.
 *
 * Invariant: `used` is the sum of all reservations. Waiting ends at three quarters of the bound,
 * so that connections don't stop and go with every reply.
 */
import { assert } from "../base/assert.ts";

/** Someone that stopped reading for want of room. */
export interface BudgetWaiter {
  /** There is room again. */
  roomAgain(): void;
}

/** See the head of this file. */
export class Budget {
  #used = 0;
  readonly #waiting = new Set<BudgetWaiter>();
  readonly #resumeBelow: number;

  constructor(private readonly bytesMax: number) {
    this.#resumeBelow = bytesMax * 0.75;
  }

  get used(): number {
    return this.#used;
  }

  get exceeded(): boolean {
    return this.#used > this.bytesMax;
  }

  reserve(bytes: number): void {
    this.#used += bytes;
  }

  release(bytes: number): void {
    this.#used -= bytes;
    assert(this.#used >= 0, "no more is released than was reserved");
    if (this.#waiting.size === 0 || this.#used > this.#resumeBelow) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.roomAgain();
  }

  /** Calls `waiter` once, when there is room again. */
  wait(waiter: BudgetWaiter): void {
    this.#waiting.add(waiter);
  }

  /** Forgets a waiter that is gone. */
  leave(waiter: BudgetWaiter): void {
    this.#waiting.delete(waiter);
  }
}
