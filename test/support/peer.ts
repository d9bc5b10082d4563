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
  /** What the socket has not taken yet. */
  #unsent = new Uint8Array(0);

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
    const more = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    this.#unsent = this.#unsent.length === 0 ? more.slice() : Buffer.concat([this.#unsent, more]);
    this.#write();
  }

  /** Bytes that the other side's windows have not let through yet. */
  get unsentBytes(): number {
    return this.#unsent.length;
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
    if (this.#unsent.length === 0) return;
    const taken = this.#socket.write(this.#unsent, 0, this.#unsent.length);
    if (taken > 0) this.#unsent = this.#unsent.slice(taken);
  }
}
