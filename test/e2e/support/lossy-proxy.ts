/**
 * A bad network between Kafka clients and a broker: each connection through it comes to grief at a
 * random moment, in a random way. Requests are cut off within a frame, responses are cut off, one
 * response is lost while later ones come, or all of them are from some moment on.
 *
 * Owns its connections. Invariant: what a client can't notice by itself ends the connection, so
 * that nobody has to wait for a time to be up.
 */
import type { Random } from "../../../src/base/random.ts";
import { oneOf } from "./chance.ts";

/** What befalls a connection. */
const accidents = ["request cut", "response cut", "response lost", "silence"] as const;
type Accident = (typeof accidents)[number];

/** Responses that a connection lives for, at most, before its accident begins. */
const responsesMax = 60;
/** The same in bytes, where it is cut within a frame. */
const bytesMax = 20_000;

/** Bytes of a frame's length. */
const lengthBytes = 4;

/** See the head of this file. */
export class LossyProxy implements Disposable {
  /** How often each has happened. */
  readonly happened = new Map<Accident, number>();
  readonly #listener: Bun.TCPSocketListener<Route>;
  readonly #routes = new Set<Route>();
  #target: number | null = null;

  constructor(private readonly random: Random) {
    this.#listener = Bun.listen<Route>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        binaryType: "uint8array",
        open: (socket) => {
          socket.data = new Route(socket, this.random, (accident) => this.#note(accident));
          this.#routes.add(socket.data);
          if (this.#target !== null) void socket.data.begin(this.#target);
        },
        data: ({ data: route }, chunk) => route.request(chunk),
        drain: ({ data: route }) => route.toClient.write(),
        close: ({ data: route }) => {
          route.clientClosed();
          this.#routes.delete(route);
        },
        error: () => {},
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** Where connections lead from now on; `null`: they wait until there is somewhere to go. */
  set target(port: number | null) {
    this.#target = port;
    if (port === null) return;
    for (const route of this.#routes) if (!route.hasBegun) void route.begin(port);
  }

  /** Cuts every connection: no response that is on its way comes through. */
  sever(): void {
    for (const route of this.#routes) route.end();
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }

  #note(accident: Accident): void {
    this.happened.set(accident, (this.happened.get(accident) ?? 0) + 1);
  }
}

/** One direction of a connection: bytes that a socket has not taken yet. */
class Outlet {
  #unsent: Uint8Array[] = [];
  #isEnding = false;

  constructor(private readonly socket: Bun.Socket<Route>) {}

  send(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#unsent.push(bytes.slice());
    this.write();
  }

  /** Sends a FIN behind everything. */
  end(): void {
    this.#isEnding = true;
    this.write();
  }

  reset(): void {
    this.#unsent = [];
    this.socket.terminate();
  }

  write(): void {
    while (this.#unsent.length > 0) {
      const piece = this.#unsent[0]!;
      const taken = Math.max(0, this.socket.write(piece));
      if (taken < piece.length) {
        this.#unsent[0] = piece.subarray(taken);
        return;
      }
      this.#unsent.shift();
    }
    if (this.#isEnding) this.socket.end();
  }
}

/** Counts frames as their bytes go by, or collects them. */
class Frames {
  count = 0;
  #held: Uint8Array = new Uint8Array(0);

  /** The frames that are complete with this chunk. */
  take(chunk: Uint8Array): Uint8Array[] {
    const bytes = new Uint8Array(Buffer.concat([this.#held, chunk]));
    const view = new DataView(bytes.buffer);
    const found: Uint8Array[] = [];
    let at = 0;
    while (bytes.length - at >= lengthBytes) {
      const end = at + lengthBytes + view.getInt32(at);
      if (end > bytes.length) break;
      found.push(bytes.subarray(at, end));
      at = end;
    }
    this.#held = bytes.slice(at);
    this.count += found.length;
    return found;
  }
}

/** One client's way to the broker. */
class Route {
  readonly toClient: Outlet;
  hasBegun = false;
  readonly #accident: Accident;
  /** What passes before the accident. */
  #bytesLeft: number;
  #responsesLeft: number;
  readonly #requests = new Frames();
  readonly #responses = new Frames();
  #hasHappened = false;
  /** Responses that were kept from the client. */
  #lost = 0;
  /** Requests that came before there was a connection to the broker. */
  #early: Uint8Array[] = [];
  #toBroker: Outlet | null = null;
  #isOver = false;

  constructor(
    client: Bun.Socket<Route>,
    private readonly random: Random,
    private readonly note: (accident: Accident) => void,
  ) {
    this.toClient = new Outlet(client);
    this.#accident = oneOf(random, accidents);
    this.#bytesLeft = random.below(bytesMax);
    this.#responsesLeft = random.below(responsesMax);
  }

  async begin(port: number): Promise<void> {
    this.hasBegun = true;
    try {
      await Bun.connect<Route>({
        hostname: "127.0.0.1",
        port,
        data: this,
        socket: {
          binaryType: "uint8array",
          open: (socket) => {
            const toBroker = new Outlet(socket);
            this.#toBroker = toBroker;
            for (const chunk of this.#early) this.request(chunk);
            this.#early = [];
            if (this.#isOver) toBroker.end();
          },
          data: (_, chunk) => this.#respond(chunk),
          drain: () => this.#toBroker?.write(),
          close: () => this.end(),
          error: () => {},
        },
      });
    } catch (error) {
      // The broker was killed at this moment: that is one more accident.
      if (!(error instanceof Error)) throw error;
      this.end();
    }
  }

  request(chunk: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#toBroker === null) {
      this.#early.push(chunk.slice());
      return;
    }
    this.#requests.take(chunk);
    if (this.#accident !== "request cut") return this.#toBroker.send(chunk);
    this.#toBroker.send(chunk.subarray(0, this.#bytesLeft));
    this.#bytesLeft -= chunk.length;
    if (this.#bytesLeft < 0) this.#happen();
  }

  clientClosed(): void {
    this.#isOver = true;
    // What the broker has not read is lost with the one, and processed with the other.
    if (this.random.below(2) === 0) this.#toBroker?.end();
    else this.#toBroker?.reset();
  }

  #respond(chunk: Uint8Array): void {
    if (this.#isOver) return;
    const frames = this.#responses.take(chunk);
    switch (this.#accident) {
      case "request cut":
        return this.toClient.send(chunk);
      case "response cut":
        this.toClient.send(chunk.subarray(0, this.#bytesLeft));
        this.#bytesLeft -= chunk.length;
        if (this.#bytesLeft < 0) this.#happen();
        return;
      default:
        for (const frame of frames) this.#respondFrame(frame);
        this.#endUnnoticed();
    }
  }

  #respondFrame(frame: Uint8Array): void {
    const isLost = this.#accident === "silence" || this.#lost === 0;
    if (this.#responsesLeft > 0 || !isLost) {
      this.#responsesLeft -= 1;
      this.toClient.send(frame);
      return;
    }
    this.#lost += 1;
    this.#noteOnce();
  }

  /** A client whose responses are missing, with none to come, would wait for ever. */
  #endUnnoticed(): void {
    if (this.#lost > 0 && this.#responses.count === this.#requests.count) this.end();
  }

  #happen(): void {
    this.#noteOnce();
    this.end();
  }

  #noteOnce(): void {
    if (!this.#hasHappened) this.note(this.#accident);
    this.#hasHappened = true;
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.toClient.reset();
  }
}
