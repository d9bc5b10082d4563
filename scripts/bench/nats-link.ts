/**
 * One connection of NATS's own protocol, with one request at a time: what it measures is the server
 * and two passes through the loopback device, as `kafka-link.ts` does for Kafka's.
 */

/** See the head of this file. */
export class NatsLink {
  readonly #takers = new Map<string, (payload: string) => void>();
  readonly #inbox = `_INBOX.${crypto.randomUUID()}`;
  #answer: ((payload: string) => void) | null = null;
  #rest = "";

  private constructor(private readonly socket: Bun.Socket) {}

  /** Connects, and waits until the server has said that it is ready. */
  static async open(port: number): Promise<NatsLink> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const early: string[] = [];
    let link: NatsLink | null = null;
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data(_, chunk) {
          const text = chunk.toString("latin1");
          if (link === null) early.push(text);
          else link.#received(text);
          if (text.includes("PONG\r\n")) resolve();
        },
        error: () => {},
      },
    });
    link = new NatsLink(socket);
    for (const text of early) link.#received(text);
    socket.write('CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n');
    await promise;
    link.subscribe(link.#inbox, (payload) => link.#answer?.(payload));
    return link;
  }

  /** Calls `take` with every message of a subject. */
  subscribe(subject: string, take: (payload: string) => void): void {
    const id = String(this.#takers.size + 1);
    this.#takers.set(id, take);
    this.socket.write(`SUB ${subject} ${id}\r\n`);
  }

  /** Publishes a message, and waits for what is answered: of a stream, that it has stored it. */
  async request(subject: string, payload: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#answer = resolve;
    this.socket.write(`PUB ${subject} ${this.#inbox} ${payload.length}\r\n${payload}\r\n`);
    const answer = await promise;
    if (answer.includes('"error"')) throw new Error(`${subject}: ${answer}`);
    return answer;
  }

  close(): void {
    this.socket.terminate();
  }

  #received(text: string): void {
    this.#rest += text;
    for (;;) {
      const lineEnd = this.#rest.indexOf("\r\n");
      if (lineEnd < 0) return;
      const [verb, , id = "", ...more] = this.#rest.slice(0, lineEnd).split(" ");
      const payloadAt = lineEnd + 2;
      if (verb !== "MSG") {
        if (verb === "PING") this.socket.write("PONG\r\n");
        this.#rest = this.#rest.slice(payloadAt);
        continue;
      }
      const end = payloadAt + Number(more.at(-1));
      if (this.#rest.length < end + 2) return;
      const payload = this.#rest.slice(payloadAt, end);
      this.#rest = this.#rest.slice(end + 2);
      this.#takers.get(id)?.(payload);
    }
  }
}
