/**
 * The way to one broker for one lane: a connection that is made when it is first wanted and again
 * after it broke, with growing pauses between attempts that come to nothing, and pauses where the
 * broker asks for them.
 *
 * Invariant: there is at most one connection or one attempt at a time.
 */
import { backoffMs, type Backoff } from "./backoff.ts";
import type { ClientError } from "./client-error.ts";
import type { ClientWorld } from "./client-world.ts";
import { Connection, type ConnectionParts } from "./connection.ts";
import type { Waits } from "./waits.ts";

export interface LineParts {
  readonly connection: ConnectionParts;
  readonly connectTimeoutMs: number;
  readonly backoff: Backoff;
  readonly world: ClientWorld;
  readonly waits: Waits;
}

/** See the head of this file. */
export class Line {
  #connection: Connection | undefined;
  /**
   * Comes to the connection. Whoever asks gets this very promise as long as it holds, so that
   * requests go out in the order in which they asked.
   */
  #attempt: Promise<Connection> | undefined;
  #isConnecting = false;
  /** Comes to the connection after a pause that the broker wants; likewise one for all. */
  #resumption: Promise<Connection> | undefined;
  /** Attempts that have failed, one after another. */
  #failures = 0;
  /** Of the monotonic clock: no attempt before. */
  #resumesAt = 0;
  #closed: ClientError | undefined;
  /** Ends its pauses. */
  readonly #closing = new AbortController();

  constructor(private readonly parts: LineParts) {}

  get isOpen(): boolean {
    return this.#connection?.isOpen ?? false;
  }

  /** Of the monotonic clock: when the next attempt may begin, or the next request. */
  get resumesAt(): number {
    return Math.max(this.#resumesAt, this.#pausesUntil);
  }

  /** A connection that is ready. Rejects if the next attempt fails. */
  connection(): Promise<Connection> {
    if (this.#resumption !== undefined) return this.#resumption;
    if (this.#pausesUntil <= this.parts.world.clock.monotonic()) return this.#made();
    this.#resumption = this.#resume();
    return this.#resumption;
  }

  /** Closes what there is; whatever waits is rejected with `error`, also if it comes later. */
  close(error: ClientError): void {
    this.#closed ??= error;
    this.#connection?.close(error);
    this.#closing.abort();
  }

  /** Of the monotonic clock: the broker wants no request before. */
  get #pausesUntil(): number {
    return this.isOpen ? (this.#connection?.resumesAt ?? -Infinity) : -Infinity;
  }

  async #resume(): Promise<Connection> {
    const { clock } = this.parts.world;
    try {
      // Answers that come meanwhile may ask for more.
      for (;;) {
        const pauseMs = this.#pausesUntil - clock.monotonic();
        if (pauseMs <= 0) return await this.#made();
        await this.#pause(pauseMs);
      }
    } finally {
      // Not before: who asks until then comes behind those who wait.
      this.#resumption = undefined;
    }
  }

  /** Rejects with what closed the line meanwhile. */
  async #pause(forMs: number): Promise<void> {
    try {
      await this.parts.waits.pause(forMs, this.#closing.signal);
    } catch (error) {
      throw this.#closed ?? error;
    }
  }

  #made(): Promise<Connection> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.#attempt !== undefined && (this.#isConnecting || this.isOpen)) return this.#attempt;
    this.#isConnecting = true;
    this.#attempt = this.#connect();
    return this.#attempt;
  }

  async #connect(): Promise<Connection> {
    const { world, backoff, connection: parts, connectTimeoutMs } = this.parts;
    try {
      const pauseMs = this.#resumesAt - world.clock.monotonic();
      if (pauseMs > 0) await this.#pause(pauseMs);
      if (this.#closed !== undefined) throw this.#closed;
      const connection = Connection.open(parts, connectTimeoutMs);
      this.#connection = connection;
      await connection.ready;
      this.#failures = 0;
      return connection;
    } catch (error) {
      this.#failures += 1;
      const untilMs = backoffMs(backoff, this.#failures, world.random);
      this.#resumesAt = world.clock.monotonic() + untilMs;
      throw error;
    } finally {
      this.#isConnecting = false;
    }
  }
}
