/**
 * A WebSocket as its handler sees it: a session that is told what happens, and a link that it
 * writes to. The door makes the one from the other; nobody else knows the server.
 */

/** The way to the peer. */
export interface SocketLink {
  /**
   * Sends a message. What the peer has not taken is kept for it: `unsentBytes` says how much, and
   * above `httpSocketBacklogBytesMax` the connection is cut. False: it is closed.
   */
  send(message: string | Uint8Array): boolean;
  readonly unsentBytes: number;
  /** Closes it once everything is sent. @param code RFC 6455 §7.4 */
  close(code: number, reason: string): void;
  /** Ends it at once; what was not sent is lost. */
  cut(): void;
}

/** What is told of one WebSocket. Methods never throw. */
export interface SocketSession {
  open(link: SocketLink): void;
  message(message: string | Uint8Array): void;
  /** The peer has taken what was kept for it. */
  drained(): void;
  closed(): void;
  /** The door closes: the session ends the connection soon. */
  stop(): void;
}
