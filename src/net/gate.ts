/**
 * Who may connect: so many in all, so many from one address, so many new ones a second (a token
 * bucket, so that a short burst of a second's worth passes), and of these from one address at most
 * half, so that one that opens and closes does not keep the others out. Over a bound a connection
 * is closed at once: on this runtime an exhausted descriptor table makes the accept loop spin, so
 * the bounds must bite before the system's do.
 *
 * Invariants: `open` is the number of admissions without their `leave`, and the sum over addresses.
 * `#lately` holds admissions of at most a second: tokens bound it.
 */
import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";

/** Which bound a connection ran into. */
export type GateRefusal = "total" | "address" | "rate";

export interface GateLimits {
  readonly connectionsMax: number;
  readonly connectionsPerAddressMax: number;
  readonly connectionsPerSecondMax: number;
}

/** See the head of this file. */
export class Gate {
  #open = 0;
  readonly #perAddress = new Map<string, number>();
  /** Admissions by address since `#latelySince`: begun anew each second. */
  readonly #lately = new Map<string, number>();
  #latelySince: number;
  #tokens: number;
  #filledAt: number;

  constructor(
    private readonly limits: GateLimits,
    private readonly clock: Clock,
  ) {
    this.#tokens = limits.connectionsPerSecondMax;
    this.#filledAt = clock.monotonic();
    this.#latelySince = this.#filledAt;
  }

  get open(): number {
    return this.#open;
  }

  /** Counts a connection in (`null`), or says which bound it ran into. */
  enter(address: string): GateRefusal | null {
    const fromAddress = this.#perAddress.get(address) ?? 0;
    if (this.#open >= this.limits.connectionsMax) return "total";
    if (fromAddress >= this.limits.connectionsPerAddressMax) return "address";
    if (!this.#takeToken(address)) return "rate";
    this.#open += 1;
    this.#perAddress.set(address, fromAddress + 1);
    return null;
  }

  /** Counts a connection out that was let in. */
  leave(address: string): void {
    const fromAddress = this.#perAddress.get(address) ?? 0;
    assert(fromAddress > 0, "only who entered may leave");
    this.#open -= 1;
    if (fromAddress === 1) this.#perAddress.delete(address);
    else this.#perAddress.set(address, fromAddress - 1);
  }

  #takeToken(address: string): boolean {
    const perSecond = this.limits.connectionsPerSecondMax;
    const now = this.clock.monotonic();
    if (now - this.#latelySince >= 1000) {
      this.#lately.clear();
      this.#latelySince = now;
    }
    const lately = this.#lately.get(address) ?? 0;
    if (lately >= Math.ceil(perSecond / 2)) return false;
    const earned = ((now - this.#filledAt) / 1000) * perSecond;
    this.#tokens = Math.min(perSecond, this.#tokens + earned);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    this.#lately.set(address, lately + 1);
    return true;
  }
}
