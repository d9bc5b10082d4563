/**
 * Readers of live streams by the thousand: server-sent events over a socket of their own, since
 * `fetch` keeps few connections, and WebSockets. Each checks the order of what it gets as it comes.
 */

/** What a reader has seen of one partition. */
export interface Seen {
  /** Records. */
  readonly count: number;
  /** What came out of order, or twice; empty: nothing. */
  readonly faults: readonly string[];
  /** The last position that it was told; what to come back with. */
  readonly position: string;
  readonly isClosed: boolean;
}

/** Follows the offsets of one partition. */
class Order {
  count = 0;
  readonly faults: string[] = [];

  constructor(private next: number) {}

  offset(at: number): void {
    if (at !== this.next) this.faults.push(`${at} after ${this.next - 1}`);
    this.next = at + 1;
    this.count += 1;
  }
}

/** Server-sent events. */
export class EventsReader implements Seen, Disposable {
  position = "";
  isClosed = false;
  readonly #order: Order;
  #socket: Bun.Socket | null = null;
  /** What is no whole line of the body yet, and no whole chunk of its transfer coding. */
  #line = "";
  #coded = "";
  #isBody = false;

  private constructor(from: number) {
    this.#order = new Order(from);
  }

  /** @param address `host:port` @param from the first offset that is to come */
  static async open(
    address: string,
    path: string,
    from = 0,
    lastId: string | null = null,
  ): Promise<EventsReader> {
    const reader = new EventsReader(from);
    const [hostname = "", port = ""] = address.split(":");
    const { promise, resolve } = Promise.withResolvers<void>();
    const decoder = new TextDecoder("latin1");
    const socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (_, chunk) => {
          reader.#received(decoder.decode(chunk));
          if (reader.position !== "") resolve();
        },
        close: () => {
          reader.isClosed = true;
          resolve();
        },
        error: () => {},
      },
    });
    reader.#socket = socket;
    const last = lastId === null ? "" : `Last-Event-ID: ${lastId}\r\n`;
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${address}\r\n${last}\r\n`);
    await promise;
    return reader;
  }

  get count(): number {
    return this.#order.count;
  }

  get faults(): readonly string[] {
    return this.#order.faults;
  }

  /** Takes nothing any more. */
  stall(): void {
    this.#socket?.pause();
  }

  /** Takes what there is. */
  goOn(): void {
    this.#socket?.resume();
  }

  [Symbol.dispose](): void {
    this.#socket?.terminate();
  }

  #received(text: string): void {
    this.#coded += text;
    if (!this.#isBody) {
      const end = this.#coded.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!this.#coded.startsWith("HTTP/1.1 200")) this.#order.faults.push(this.#coded);
      this.#coded = this.#coded.slice(end + 4);
      this.#isBody = true;
    }
    let at = 0;
    for (;;) {
      const end = this.#coded.indexOf("\r\n", at);
      if (end < 0) break;
      const bytes = Number.parseInt(this.#coded.slice(at, end), 16);
      if (this.#coded.length < end + 4 + bytes) break;
      this.#body(this.#coded.slice(end + 2, end + 2 + bytes));
      at = end + 4 + bytes;
    }
    this.#coded = this.#coded.slice(at);
  }

  #body(text: string): void {
    const lines = (this.#line + text).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("id: ")) this.position = line.slice(4);
      const found = /^data: .{0,40}?"offset":(\d+)/.exec(line);
      if (found !== null) this.#order.offset(Number(found[1]));
    }
  }
}

/** A WebSocket. */
export class SocketsReader implements Seen, Disposable {
  position = "";
  isClosed = false;
  readonly #order: Order;

  private constructor(
    private readonly socket: WebSocket,
    from: number,
  ) {
    this.#order = new Order(from);
  }

  /** @param address `host:port` @param from the first offset that is to come */
  static async open(address: string, path: string, from = 0): Promise<SocketsReader> {
    const reader = new SocketsReader(new WebSocket(`ws://${address}${path}`), from);
    const { promise, resolve } = Promise.withResolvers<void>();
    reader.socket.addEventListener("message", ({ data }) => {
      reader.#message(String(data));
      resolve();
    });
    reader.socket.addEventListener("close", () => {
      reader.isClosed = true;
      resolve();
    });
    await promise;
    return reader;
  }

  get count(): number {
    return this.#order.count;
  }

  get faults(): readonly string[] {
    return this.#order.faults;
  }

  [Symbol.dispose](): void {
    this.socket.close();
  }

  #message(text: string): void {
    const position = /^\{"type":"\w+","position":"([^"]*)"/.exec(text)?.[1];
    if (position !== undefined) this.position = position;
    for (const [, at] of text.matchAll(/\{"partition_id":\d+,"offset":(\d+)/g)) {
      this.#order.offset(Number(at));
    }
  }
}
