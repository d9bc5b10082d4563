/**
 * The socket of a native producer, and the only file of `client/` that opens one for the original
 * protocol. Knows nothing of frames and replies.
 *
 * Invariant: of one connection, `opened` comes at most once and `closed` exactly once, last.
 */

/** What a connection reports. Handlers are synchronous and throw nothing. */
export interface NativeEvents {
  opened(): void;
  /** Bytes came; they don't change afterwards. */
  received(chunk: Uint8Array): void;
  /** After a short write: it takes bytes again. */
  writable(): void;
  /** It is gone, or never came to be. */
  closed(reason: string): void;
}

/** One connection, from the attempt to the end. */
export interface NativeConnection {
  /** Takes up to `length` bytes from `from` on: how many, 0 before `opened`, -1 after the end. */
  write(bytes: Uint8Array, from: number, length: number): number;
  /** Closes at once; what was written is still sent. */
  end(): void;
}

/** Starts to connect; the events, none of them within this call, tell how it went. */
export type Dial = (host: string, port: number, events: NativeEvents) => NativeConnection;

/** Connects over TCP. */
export const dialNative: Dial = (host, port, events) => {
  const connection = new TcpConnection(events);
  void connection.connect(host, port);
  return connection;
};

class TcpConnection implements NativeConnection {
  #socket: Bun.Socket | undefined;
  #over = false;

  constructor(private readonly events: NativeEvents) {}

  async connect(hostname: string, port: number): Promise<void> {
    try {
      await Bun.connect({
        hostname,
        port,
        socket: {
          binaryType: "uint8array",
          open: (socket) => this.#opened(socket),
          data: (_socket, chunk) => this.events.received(chunk),
          drain: () => this.events.writable(),
          close: (_socket, error) => this.#closed(error?.message ?? "closed by the server"),
          error: (_socket, error) => this.#closed(error.message),
        },
      });
    } catch (error) {
      this.#closed(`${hostname}:${port}: ${error instanceof Error ? error.message : error}`);
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
