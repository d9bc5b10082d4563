/**
 * Virtual time, and everything that happens in it: events in the order of their times, those of one
 * time in the order of asking. Between two events all that follows from the first one without time
 * (promises, microtasks) has happened. Owns the trace: the last events as text, and a hash of all.
 *
 * Whoever belongs to a machine gives its events to that machine's `Lane`: when the power goes, the
 * lane is closed and nothing of it ever happens again.
 */
import type { Cancel, Clock } from "../../src/base/clock.ts";

/** Something that will happen. */
interface Event {
  readonly time: number;
  readonly order: number;
  readonly lane: Lane | null;
  /** `null`: it was called off. */
  action: (() => void) | null;
}

/** Events that share a fate: those of a machine. */
export class Lane {
  #isClosed = false;
  readonly #actions: (() => void)[] = [];

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Calls `action` at the end. */
  onClosed(action: () => void): void {
    this.#actions.push(action);
  }

  close(): void {
    this.#isClosed = true;
    for (const action of this.#actions.splice(0)) action();
  }
}

/** See the head of this file. */
export class Scheduler {
  /** Milliseconds since the beginning of the story. */
  now = 0;
  /** Events that have happened. */
  events = 0;
  /** Of all trace lines; equal for equal stories. */
  hash = 0;
  readonly #heap: Event[] = [];
  #orders = 0;
  #lines: string[] = [];

  /** @param linesMax trace lines that are kept */
  constructor(private readonly linesMax: number) {}

  /** Calls `action` in `delayMs`, unless `lane` is closed by then. */
  after(delayMs: number, action: () => void, lane: Lane | null = null): Cancel {
    return this.at(this.now + Math.max(0, delayMs), action, lane);
  }

  /** The same at a time. */
  at(time: number, action: () => void, lane: Lane | null = null): Cancel {
    const event: Event = { time, order: this.#orders++, lane, action };
    this.#push(event);
    return () => {
      event.action = null;
    };
  }

  /** Resolves in `delayMs`; never, if `lane` is closed by then. */
  wait(delayMs: number, lane: Lane | null = null): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve, lane));
  }

  /** Adds a line to the trace. */
  note(line: string): void {
    const timed = `${this.now.toFixed(3)} ${line}`;
    this.hash = Bun.hash.xxHash32(timed, this.hash);
    this.#lines.push(timed);
    if (this.#lines.length < 2 * this.linesMax) return;
    this.#lines = this.#lines.slice(-this.linesMax);
  }

  /** The last lines of the trace. */
  get lines(): readonly string[] {
    return this.#lines.slice(-this.linesMax);
  }

  /** Lets events happen until `isOver` says so, or time has come to `untilMs`, or none is left. */
  async run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    await settled();
    while (!isOver()) {
      const next = this.#heap[0];
      if (next === undefined || next.time > untilMs) {
        this.now = Math.max(this.now, untilMs);
        return;
      }
      this.#pop();
      if (next.action === null || next.lane?.isClosed === true) continue;
      this.now = Math.max(this.now, next.time);
      this.events += 1;
      next.action();
      await settled();
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >>> 1;
      if (!isBefore(event, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

const isBefore = (one: Event, other: Event): boolean =>
  one.time === other.time ? one.order < other.order : one.time < other.time;

/** Resolves when all microtasks have run: an immediate comes after them. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The clock of one machine. Its wall time jumps; each look at the monotonic one takes a moment. */
export class SimulatedClock implements Clock {
  #lookedMs = 0;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly lane: Lane,
    /** What wall time is ahead of the story's. */
    public wallMs: number,
    /** Milliseconds that pass with each look: so work takes time, and shares of it are spent. */
    private readonly lookMs: number,
  ) {}

  now(): number {
    return Math.floor(this.wallMs + this.scheduler.now);
  }

  monotonic(): number {
    this.#lookedMs = Math.max(this.#lookedMs, this.scheduler.now) + this.lookMs;
    return this.#lookedMs;
  }

  after(delayMs: number, action: () => void): Cancel {
    return this.scheduler.after(delayMs, action, this.lane);
  }
}
