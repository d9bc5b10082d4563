/** A socket to the Kafka port that sends what it is told to, whole frames or not. */

/** Forgets what it receives, but for answers that it has asked for. */
export class KafkaSocket implements Disposable {
  /** Resolves when the connection is gone, whoever has ended it. */
  readonly closed: Promise<void>;
  #socket!: Bun.Socket;
  readonly #gone: () => void;
  /** What the socket has not taken yet. */
  #unsent: Uint8Array[] = [];
  /** To be said when all of it has gone. */
  #isFinished = false;
  #received: Uint8Array[] = [];
  #answer: PromiseWithResolvers<Uint8Array> | null = null;

  private constructor() {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#gone = () => {
      resolve();
      this.#answer?.reject(new Error("closed without an answer"));
      this.#answer = null;
    };
  }

  static async connect(port: number): Promise<KafkaSocket> {
    const made = new KafkaSocket();
    made.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      allowHalfOpen: true,
      socket: {
        binaryType: "uint8array",
        data: (_, chunk) => made.#take(chunk),
        drain: () => made.#write(),
        end: (socket) => void socket.end(),
        close: () => made.#gone(),
        error: () => {},
      },
    });
    return made;
  }

  send(bytes: Uint8Array): void {
    this.#unsent.push(bytes);
    this.#write();
  }

  /** Sends one request and waits for its answer, without lengths. */
  async ask(frame: Uint8Array): Promise<Uint8Array> {
    this.#answer = Promise.withResolvers<Uint8Array>();
    const { promise } = this.#answer;
    const length = new Uint8Array(4);
    new DataView(length.buffer).setInt32(0, frame.length);
    this.send(new Uint8Array(Buffer.concat([length, frame])));
    return await promise;
  }

  /** Sends a FIN when all has been sent. */
  finish(): void {
    this.#isFinished = true;
    this.#write();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #write(): void {
    for (let piece = this.#unsent[0]; piece !== undefined; piece = this.#unsent[0]) {
      const taken = this.#socket.write(piece, 0, piece.length);
      // Whoever is gone takes nothing more.
      if (taken < 0) this.#unsent = [];
      else if (taken < piece.length) {
        this.#unsent[0] = piece.subarray(taken);
        return;
      } else this.#unsent.shift();
    }
    if (this.#isFinished) this.#socket.shutdown();
  }

  #take(chunk: Uint8Array): void {
    if (this.#answer === null) return;
    this.#received.push(chunk);
    const all = new Uint8Array(Buffer.concat(this.#received));
    if (all.length < 4) return;
    const length = new DataView(all.buffer).getInt32(0);
    if (all.length < 4 + length) return;
    this.#received = [];
    this.#answer.resolve(all.subarray(4, 4 + length));
    this.#answer = null;
  }
}
