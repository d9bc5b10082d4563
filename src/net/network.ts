/**
 * What all connections of a server share, on whatever port: the gate, the budget for bytes in
 * flight, the counters, the one sweep over their deadlines, and the one flush a turn of the loop.
 *
 * Invariant: a connection is in `connections` from its admission until its socket is gone.
 */
import { assert } from "../base/assert.ts";
import type { Cancel, Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import {
  connectionIdleMsMax,
  connectionInFlightBytesMax,
  connectionInFlightBytesMin,
  connectionsMaxDefault,
  connectionsPerAddressMaxDefault,
  connectionsPerSecondMax,
  connectionSweepMs,
  frameMsMax,
  inFlightBytesMax,
  replyBacklogBytesMax,
  replyPauseBytes,
  replyProgressBytesMin,
  replyStalledMsMax,
} from "../limits.ts";
import { Budget } from "./budget.ts";
import { Gate, type GateRefusal } from "./gate.ts";

/** The bounds of `limits.ts` that connections keep; options set some, tests make them small. */
const defaultLimits = {
  connectionsMax: connectionsMaxDefault,
  connectionsPerAddressMax: connectionsPerAddressMaxDefault,
  connectionsPerSecondMax,
  inFlightBytesMax,
  connectionInFlightBytesMax,
  connectionInFlightBytesMin,
  replyBacklogBytesMax,
  replyPauseBytes,
  replyProgressBytesMin,
  replyStalledMsMax,
  frameMsMax,
  connectionIdleMsMax,
  connectionSweepMs,
};
export type NetworkLimits = Readonly<typeof defaultLimits>;

/** Why a connection was cut off, rather than closed in peace by either side. */
const cutReasons = [
  "idle",
  "frame not completed",
  "replies not read",
  "reply backlog",
  "session failed",
  "close not answered",
  "shutdown deadline",
] as const;
export type CutReason = (typeof cutReasons)[number];

/** Counts since the start. Only `net/` writes here; `/metrics` and the console read. */
class NetworkStats {
  accepted = 0;
  refused: Record<GateRefusal, number> = { total: 0, address: 0, rate: 0 };
  cut = Object.fromEntries(cutReasons.map((reason) => [reason, 0])) as Record<CutReason, number>;
  bytesReceived = 0;
  bytesSent = 0;
  /** How often reading from a connection was stopped, by too much in flight or unread replies. */
  pauses = 0;
}

/** A connection, as this file sees it. */
export interface NetworkMember {
  /** Cuts the connection off if one of its deadlines has passed. `now` is the monotonic clock's. */
  sweep(now: number): void;
  /** Writes what has been queued since the last flush. Never throws. */
  flush(): void;
}

export interface NetworkParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<NetworkLimits>;
}

/** See the head of this file. */
export class Network {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: NetworkLimits;
  readonly stats = new NetworkStats();
  readonly gate: Gate;
  readonly budget: Budget;
  readonly #members = new Set<NetworkMember>();
  #unflushed: NetworkMember[] = [];
  /** Use: set while a sweep is to come, which is while there is something to look at. */
  #sweepTimer: Cancel | null = null;
  /** Refusals since the last sweep. */
  #refusedUnreported = 0;

  constructor(parts: NetworkParts) {
    this.clock = parts.clock;
    this.logger = parts.logger;
    this.limits = { ...defaultLimits, ...parts.limits };
    this.gate = new Gate(this.limits, parts.clock);
    this.budget = new Budget(this.limits.inFlightBytesMax);
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#members.size;
  }

  /** What of the bytes in flight each connection could hold if all held the same. */
  get shareBytes(): number {
    return this.limits.inFlightBytesMax / Math.max(1, this.#members.size);
  }

  add(member: NetworkMember): void {
    this.stats.accepted += 1;
    this.#members.add(member);
    this.#sweepLater();
  }

  remove(member: NetworkMember): void {
    const known = this.#members.delete(member);
    assert(known, "a connection is removed once");
    if (this.#members.size === 0 && this.#refusedUnreported === 0) this.#cancelSweep();
  }

  /** Counts a connection that the gate refused; the next sweep reports how many there were. */
  noteRefused(reason: GateRefusal): void {
    this.stats.refused[reason] += 1;
    this.#refusedUnreported += 1;
    this.#sweepLater();
  }

  /** Flushes this connection once the work of this turn is done, together with all others. */
  flushSoon(member: NetworkMember): void {
    this.#unflushed.push(member);
    if (this.#unflushed.length > 1) return;
    queueMicrotask(() => {
      const members = this.#unflushed;
      this.#unflushed = [];
      for (const one of members) one.flush();
    });
  }

  #sweepLater(): void {
    if (this.#sweepTimer !== null) return;
    const delayMs = this.limits.connectionSweepMs;
    this.#sweepTimer = this.clock.after(delayMs, () => this.#sweep());
  }

  #cancelSweep(): void {
    this.#sweepTimer?.();
    this.#sweepTimer = null;
  }

  #sweep(): void {
    this.#sweepTimer = null;
    const now = this.clock.monotonic();
    for (const member of this.#members) member.sweep(now);
    this.#reportRefused();
    if (this.#members.size > 0) this.#sweepLater();
  }

  #reportRefused(): void {
    const count = this.#refusedUnreported;
    if (count === 0) return;
    this.#refusedUnreported = 0;
    const { total, address, rate } = this.stats.refused;
    this.logger.warn("connections refused", { count, open: this.open, total, address, rate });
  }
}
