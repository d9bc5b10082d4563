/**
 * The socket of a client, whichever protocol it speaks, and the only file of `client/` that opens
 * one. Knows nothing of frames and replies.
 *
 * Invariant: of one connection, `opened` comes at most once and `closed` exactly once, last.
 */

/** What a connection reports. Handlers are synchronous and throw nothing. */
export interface SocketEvents {
  opened(): void;
  /** Bytes came; they don't change afterwards. */
  received(chunk: Uint8Array): void;
  /** After a short write: it takes bytes again. */
  writable(): void;
  /** It is gone, or never came to be. */
  closed(reason: string): void;
}

/** One connection, from the attempt to the end. */
export interface ClientSocket {
  /** Takes up to `length` bytes from `from` on: how many, 0 before `opened`, -1 after the end. */
  write(bytes: Uint8Array, from: number, length: number): number;
  /** Closes at once; what was written is still sent. */
  end(): void;
}

/** Starts to connect; the events, none of them within this call, tell how it went. */
export type Dial = (host: string, port: number, events: SocketEvents) => ClientSocket;

/** Connects over TCP. */
export const dialTcp: Dial = (host, port, events) => {
  const connection = new SystemSocket(events);
  void connection.connect({ hostname: host, port }, `${host}:${port}`);
  return connection;
};

/** Connects to a Unix socket, whatever host and port are asked for: it is all there is. */
export const dialUnix =
  (path: string): Dial =>
  (_host, _port, events) => {
    const connection = new SystemSocket(events);
    void connection.connect({ unix: path }, path);
    return connection;
  };

/** Where to connect to. */
type Place = { readonly hostname: string; readonly port: number } | { readonly unix: string };

class SystemSocket implements ClientSocket {
  #socket: Bun.Socket | undefined;
  #over = false;

  constructor(private readonly events: SocketEvents) {}

  /** @param name of the place, for whoever reads why it can't be reached */
  async connect(place: Place, name: string): Promise<void> {
    const socket: Bun.SocketHandler<undefined> = {
      binaryType: "uint8array",
      open: (opened) => this.#opened(opened),
      data: (_socket, chunk) => this.events.received(chunk),
      drain: () => this.events.writable(),
      close: (_socket, error) => this.#closed(error?.message ?? "closed by the server"),
      error: (_socket, error) => this.#closed(error.message),
    };
    try {
      if ("unix" in place) await Bun.connect({ ...place, socket });
      else await Bun.connect({ ...place, socket });
    } catch (error) {
      // It may have failed at once, before whoever dials has this connection.
      await Promise.resolve();
      this.#closed(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }

  write(bytes: Uint8Array, from: number, length: number): number {
    if (this.#over) return -1;
    return this.#socket?.write(bytes, from, length) ?? 0;
  }

  end(): void {
    // First the reason: the socket reports its end within the call, as it would the server's.
    this.#closed("closed by the client");
    this.#socket?.end();
  }

  #opened(socket: Bun.Socket): void {
    if (this.#over) {
      // Given up while the attempt was under way.
      socket.end();
      return;
    }
    this.#socket = socket;
    this.events.opened();
  }

  #closed(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.events.closed(reason);
  }
}
