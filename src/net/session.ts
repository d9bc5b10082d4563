/**
 * What `net/` and a protocol know of each other. A protocol gives a {@link Session} for each
 * connection and is handed a {@link Link} to it; neither sees a socket. Protocols fit these shapes
 * by structure, without importing them; `server.ts` is where the compiler compares the two.
 */
import type { FrameSink } from "./frames.ts";

/**
 * One connection, as its protocol lives it. Frames come in the order in which they were sent.
 * All methods are synchronous. What they throw closes this connection, with a log line, and none
 * else.
 */
export interface Session extends FrameSink {
  /** Everything received in one go has been handed over: the time to append and to answer. */
  received(): void;
  /**
   * No further frame will come: the peer has sent its FIN, or the server stops. What was taken is
   * to be answered, then {@link Link.close} called.
   */
  finish(): void;
  /** The peer has taken what was sent, or all but a little of it: there is room for more. */
  sent?(): void;
  /** The socket is gone; nothing can be sent any more. Called once. */
  closed(): void;
}

/** An end of a connection. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What an end without an address is called: a Unix socket has none, nor has this very process. */
export const unaddressed: Endpoint = { host: "unix", port: 1 };

/** A connection, as its session may use it. No method throws; after the end all do nothing. */
export interface Link {
  /** The peer's address and port, for log lines. */
  readonly peer: string;
  /** What the peer has connected to: how this machine is reached from there. */
  readonly local: Endpoint;
  /** Bytes sent that the peer has not taken yet. */
  readonly unsentBytes: number;
  /** Sends after all that was sent before. `bytes` must not change afterwards. */
  send(bytes: Uint8Array): void;
  /** Counts bytes as taken and not yet answered; reading pauses while there are too many. */
  reserve(bytes: number): void;
  /** Takes back what was reserved, once it is answered. */
  release(bytes: number): void;
  /** Stops reading until it is let go: for a session that has enough to do for now. */
  hold(isHeld: boolean): void;
  /** Runs work that no socket event started (a commit, a timer) as if one had: see Session. */
  guard(work: () => void): void;
  /** Takes no further frames; closes once everything sent has gone out. */
  close(reason: string): void;
}
