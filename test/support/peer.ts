/** A peer on a real socket, for tests of whatever listens: it says what it is told to. */
import { until } from "./until.ts";

/** Remembers what it received, and how the connection ended. */
export class Peer {
  /** Everything received. */
  readonly chunks: Uint8Array[] = [];
  receivedBytes = 0;
  /** The other side has sent its FIN, or the connection is gone. */
  ended = false;
  closed = false;
  #socket!: Bun.Socket;
  /** What the socket has not taken yet, and how much of the first piece it has. */
  readonly #unsent: Uint8Array[] = [];
  #taken = 0;

  static async connect(port: number): Promise<Peer> {
    const peer = new Peer();
    peer.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      allowHalfOpen: true,
      socket: {
        binaryType: "uint8array",
        data: (_socket, chunk) => {
          peer.chunks.push(chunk);
          peer.receivedBytes += chunk.length;
        },
        drain: () => peer.#write(),
        end: () => {
          peer.ended = true;
        },
        close: () => {
          peer.ended = true;
          peer.closed = true;
        },
        error: () => {},
      },
    });
    return peer;
  }

  get text(): string {
    return new TextDecoder().decode(Buffer.concat(this.chunks));
  }

  /** Queues bytes; they go out as the other side takes them. */
  send(bytes: Uint8Array | string): void {
    this.#unsent.push(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    this.#write();
  }

  /** Whether the other side's windows have let everything through. */
  get allSent(): boolean {
    return this.#unsent.length === 0;
  }

  /** Sends a FIN; reading goes on. */
  finish(): void {
    this.#socket.shutdown();
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Resets the connection. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** Resolves once this much text has come. */
  async receives(text: string): Promise<void> {
    await until(() => this.receivedBytes >= text.length);
  }

  #write(): void {
    for (;;) {
      const piece = this.#unsent[0];
      if (piece === undefined) return;
      const taken = this.#socket.write(piece, this.#taken, piece.length - this.#taken);
      if (taken < 0) return;
      this.#taken += taken;
      if (this.#taken < piece.length) return;
      this.#unsent.shift();
      this.#taken = 0;
    }
  }
}
