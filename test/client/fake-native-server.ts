/** A server of the original protocol whose replies are the test's script. */
import { decodePayload, frameHeaderBytes } from "../../src/native/frame.ts";
import { millisecondsOf, nanosecondRemainder } from "../../src/record/nanoseconds.ts";
import { until } from "../support/until.ts";

/** A message as it came over the wire. */
export interface SeenMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly timestamp: number;
  readonly nanoseconds: number;
}

/** One connection to the fake server. */
class SeenConnection {
  readonly messages: SeenMessage[] = [];
  closed = false;
  #held = new Uint8Array(0);

  constructor(private readonly socket: Bun.Socket<SeenConnection | undefined>) {}

  /** The values of its messages, in order. */
  get values(): string[] {
    return this.messages.map(({ value }) => value);
  }

  reply(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const taken = this.socket.write(bytes, 0, bytes.length);
    if (taken !== bytes.length) throw new Error("a test's replies fit the socket");
    this.socket.flush();
  }

  /** Resets the connection. */
  cut(): void {
    this.socket.terminate();
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  receive(chunk: Uint8Array): void {
    const bytes = new Uint8Array(Buffer.concat([this.#held, chunk]));
    const view = new DataView(bytes.buffer);
    let at = 0;
    while (bytes.length - at >= frameHeaderBytes) {
      const end = at + frameHeaderBytes + view.getUint32(at, true);
      if (end > bytes.length) break;
      this.messages.push(seen(bytes, view, at + frameHeaderBytes, end));
      at = end;
    }
    this.#held = bytes.slice(at);
  }
}

export class FakeNativeServer implements Disposable {
  readonly connections: SeenConnection[] = [];
  /** Answers each message with OK at once. */
  acknowledges = false;
  readonly #server: Bun.TCPSocketListener<SeenConnection | undefined>;

  constructor() {
    this.#server = Bun.listen<SeenConnection | undefined>({
      hostname: "127.0.0.1",
      port: 0,
      data: undefined,
      socket: {
        binaryType: "uint8array",
        open: (socket) => {
          socket.data = new SeenConnection(socket);
          this.connections.push(socket.data);
        },
        data: ({ data: connection }, chunk) => {
          const before = connection!.messages.length;
          connection!.receive(chunk);
          const more = connection!.messages.length - before;
          if (this.acknowledges && more > 0) connection!.reply("OK\n".repeat(more));
        },
        close: ({ data: connection }) => {
          if (connection !== undefined) connection.closed = true;
        },
        error: () => {},
      },
    });
  }

  get port(): number {
    return this.#server.port;
  }

  /** The connection of that number, from 0, once it has sent so many messages. */
  async connection(number: number, messages = 0): Promise<SeenConnection> {
    await until(() => (this.connections[number]?.messages.length ?? -1) >= messages);
    return this.connections[number]!;
  }

  [Symbol.dispose](): void {
    this.#server.stop(true);
  }
}

function seen(bytes: Uint8Array, view: DataView, start: number, end: number): SeenMessage {
  const ranges = decodePayload(view, start, end);
  if (ranges === null) throw new Error("a producer's frame parses");
  const text = (from: number, to: number): string =>
    new TextDecoder().decode(bytes.subarray(from, to));
  return {
    topic: text(ranges.topicFrom, ranges.topicTo),
    key: text(ranges.keyFrom, ranges.keyTo),
    value: text(ranges.valueFrom, ranges.valueTo),
    timestamp: millisecondsOf(ranges.timestampHigh, ranges.timestampLow),
    nanoseconds: nanosecondRemainder(ranges.timestampHigh, ranges.timestampLow),
  };
}
