/**
 * The line of a producer to its broker: a connection that is made again when it breaks, as long as
 * someone wants it, with growing pauses between attempts that come to nothing.
 *
 *     down ──want()──► pausing ──► connecting ──► up ──lost()──► down
 *             (no pause after progress)  └──────────lost()────────┘
 *
 * Invariant: `lost` is reported once for each connection that was begun, `up` or not; events of a
 * connection that was given up are not passed on.
 */
import type { Cancel, Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { producerBackoffMsMax, producerBackoffMsMin, producerConnectMsMax } from "../limits.ts";
import type { Dial, ClientSocket } from "./socket.ts";

/** What a line reports. */
export interface LineEvents {
  /** The connection is up, and nothing was written to it yet. */
  up(): void;
  received(chunk: Uint8Array): void;
  /** After a short write: it takes bytes again. */
  writable(): void;
  /** The connection broke or could not be made. Who wants another one says so. */
  lost(reason: string): void;
}

export interface LineParts {
  readonly host: string;
  readonly port: number;
  readonly dial: Dial;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: LineEvents;
}

/** See the head of this file. */
export class ProducerLine {
  #connection: ClientSocket | undefined;
  #up = false;
  /** Attempts to connect since there was progress. */
  #attempts = 0;
  /** Use: the pause before an attempt, then the time that the attempt may take. */
  #cancelTimer: Cancel | undefined;

  constructor(private readonly parts: LineParts) {}

  get up(): boolean {
    return this.#up;
  }

  /** See `ClientSocket.write`; takes nothing while the line is down. */
  write(bytes: Uint8Array, from: number, length: number): number {
    return this.#up && this.#connection ? this.#connection.write(bytes, from, length) : 0;
  }

  /** Connects, if the line is down and nothing is under way. */
  want(): void {
    if (this.#connection !== undefined || this.#cancelTimer !== undefined) return;
    if (this.#attempts === 0) this.#connect();
    else this.#cancelTimer = this.parts.clock.after(this.#pauseMs(), () => this.#connect());
  }

  /** The broker has answered something: the next break is mended without a pause. */
  progressed(): void {
    this.#attempts = 0;
  }

  /** Gives the connection up, and reports it lost. Does nothing if there is none. */
  cut(reason: string): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#forget();
    connection.end();
    this.parts.events.lost(reason);
  }

  /** Ends everything without a report. */
  close(): void {
    const connection = this.#connection;
    this.#forget();
    connection?.end();
  }

  #connect(): void {
    const { host, port, dial, clock, events } = this.parts;
    this.#attempts += 1;
    const current = (): boolean => this.#connection === connection;
    const connection = dial(host, port, {
      opened: () => {
        if (!current()) return;
        this.#cancelTimer?.();
        this.#cancelTimer = undefined;
        this.#up = true;
        events.up();
      },
      received: (chunk) => current() && events.received(chunk),
      writable: () => current() && events.writable(),
      closed: (reason) => {
        if (!current()) return;
        this.#forget();
        events.lost(reason);
      },
    });
    this.#connection = connection;
    this.#cancelTimer = clock.after(producerConnectMsMax, () => this.cut("connecting timed out"));
  }

  #forget(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#connection = undefined;
    this.#up = false;
  }

  /** Doubles with each attempt; by chance up to half less, so that many producers spread out. */
  #pauseMs(): number {
    const full = Math.min(producerBackoffMsMax, producerBackoffMsMin * 2 ** (this.#attempts - 1));
    return full * (1 - this.parts.random.next() / 2);
  }
}
