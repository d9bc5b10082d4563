/**
 * One connection to one broker: requests out, responses in, in the same order.
 *
 *     dialling ──opened──► asking for versions ──► ready ──► closed
 *          └──────────────────┴──────────────────────┘  (time over, broken, closed, unreadable)
 *
 * Owns the requests that were sent and not answered. Invariants:
 * - a response belongs to the oldest of them, and says so; if it does not, nothing that follows
 *   can be believed, and the connection is closed;
 * - one that is not answered in its time takes the connection with it: later responses come
 *   behind its own;
 * - when the connection is closed, all of them have been rejected.
 */
import { Memory } from "../../base/memory.ts";
import { AssertionError, assert } from "../../base/assert.ts";
import type { Cancel, Clock } from "../../base/clock.ts";
import { apis } from "../../kafka/apis.ts";
import { readResponseHeader, writeRequestHeader } from "../../kafka/headers.ts";
import { clientRequestsInFlightMax, clientResponseBytesMax } from "../../limits.ts";
import { ByteChain } from "../../net/byte-chain.ts";
import { FrameReader } from "../../net/frames.ts";
import { codec } from "../../wire/codec.ts";
import { Malformed, Reader } from "../../wire/reader.ts";
import { type Api, blank, type Row, type Shape } from "../../wire/table.ts";
import type { Writer } from "../../wire/writer.ts";
import type { Dial, ClientSocket } from "../socket.ts";
import { type Address, addressText } from "./address.ts";
import { ClientError } from "./client-error.ts";
import { throttleMs } from "./throttle.ts";
import { AskAgain, type BrokerVersions, readVersions, versionsRequest } from "./versions.ts";

export interface ConnectionParts {
  readonly address: Address;
  readonly clientId: string;
  readonly clock: Clock;
  readonly dial: Dial;
  /** May be shared: a request is written in one go. */
  readonly writer: Writer;
}

/** A request that was sent and not answered. */
interface Waiting {
  readonly correlationId: number;
  readonly api: Api;
  readonly version: number;
  /** The body, behind the header; what is wrong with it, to be told to everybody. */
  readonly answer: (reader: Reader) => Malformed | null;
  readonly reject: (error: ClientError) => void;
  readonly cancelTimer: Cancel;
}

/** A request without a response, until the socket has taken it. */
interface Unwritten {
  /** `#takenBytes` once it has. */
  readonly end: number;
  readonly written: () => void;
  readonly reject: (error: ClientError) => void;
}

/** A smaller piece of a request is copied together with others: ten writes cost eight times one. */
const copiedBytesMax = 4096;
const slabBytesMin = 1024;

/** See the head of this file. */
export class Connection {
  readonly #broker: string;
  #socket: ClientSocket | undefined;
  #versions: BrokerVersions | undefined;
  /** Why nothing more goes over it. */
  #closed: ClientError | undefined;
  #cancelConnecting: Cancel = () => {};
  readonly #waiting = new Map<number, Waiting>();
  #lastCorrelationId = 0;
  readonly #unsent = new ByteChain(slabBytesMin);
  /** Bytes that were ever put into it, and those that the socket has taken. */
  #putBytes = 0;
  #takenBytes = 0;
  /** Requests without a response that the socket has not taken, in order. */
  #unwritten: Unwritten[] = [];
  #isFlushing = false;
  readonly #frames: FrameReader;
  #resumesAt = -Infinity;

  /** Resolves once the broker has told its versions; rejects if that comes to nothing. */
  readonly ready: Promise<void>;
  #settle!: { ready: () => void; failed: (error: ClientError) => void };

  private constructor(private readonly parts: ConnectionParts) {
    this.#broker = addressText(parts.address);
    this.ready = new Promise((resolve, reject) => {
      this.#settle = { ready: resolve, failed: reject };
    });
    this.#frames = new FrameReader(
      { littleEndian: false, payloadBytesMax: clientResponseBytesMax },
      {
        frame: (memory, start, end) => {
          // Records stay views of what came, for as long as whoever reads them wants.
          memory.hold();
          this.#answer(new Reader(memory.bytes, memory.view, start, end));
        },
        emptyFrame: () => this.#unreadable("an empty response"),
        oversizedFrame: (bytes) =>
          this.#unreadable(`a response of ${bytes} bytes, at most ${clientResponseBytesMax}`),
      },
    );
  }

  /**
   * Begins to connect, and to learn which versions the broker has; see `ready`.
   * @param timeoutMs for all of it; NETWORK, TIMED_OUT
   */
  static open(parts: ConnectionParts, timeoutMs: number): Connection {
    const { clock, dial, address } = parts;
    const connection = new Connection(parts);
    const late = (): void => {
      const message = `${connection.#broker} did not answer within ${timeoutMs} ms`;
      connection.close(new ClientError("TIMED_OUT", message));
    };
    connection.#cancelConnecting = clock.after(timeoutMs, late);
    let isMade = false;
    connection.#socket = dial(address.host, address.port, {
      opened: () => {
        isMade = true;
        connection.#ask(apis.ApiVersions.versions[1]);
      },
      received: (chunk) => connection.#frames.feed(new Memory(chunk)),
      writable: () => connection.#write(),
      closed: (reason) => {
        // Why it could not be made begins with the place already.
        const unmade = new ClientError("NETWORK", `no connection to ${reason}`);
        connection.close(isMade ? connection.#broken(reason) : unmade);
      },
    });
    return connection;
  }

  get isOpen(): boolean {
    return this.#closed === undefined && this.#versions !== undefined;
  }

  /** Of the monotonic clock: the broker wants nothing new before (KIP-219). Callers see to it. */
  get resumesAt(): number {
    return this.#resumesAt;
  }

  /** What the broker has. There once the connection is made. */
  get versions(): BrokerVersions {
    assert(this.#versions !== undefined, "the connection was ready");
    return this.#versions;
  }

  /**
   * Sends a request in a version that the broker has; its response. The caller sees to it that the
   * request fits the version.
   * @param timeoutMs after which the connection is closed
   */
  send<R extends Shape>(
    api: Api<Shape, R>,
    version: number,
    request: Row<Shape>,
    timeoutMs: number,
  ): Promise<Row<R>> {
    const refused = this.#refused();
    if (refused !== null) return Promise.reject(refused);
    return new Promise((resolve, reject) => {
      const answer = (reader: Reader): Malformed | null => {
        const row = codec(api.response, version).read(reader);
        if (row instanceof Malformed) return row;
        this.#throttle(row);
        resolve(row);
        return null;
      };
      this.#send(api, version, request, { answer, reject, timeoutMs });
    });
  }

  /** Sends a request that has no response; resolves with a blank one when the socket has it. */
  sendOnly<R extends Shape>(
    api: Api<Shape, R>,
    version: number,
    request: Row<Shape>,
  ): Promise<Row<R>> {
    const refused = this.#refused() ?? this.#put(api, version, ++this.#lastCorrelationId, request);
    if (refused !== null) return Promise.reject(refused);
    return new Promise((resolve, reject) => {
      const written = (): void => resolve(blank(api.response.shape));
      this.#unwritten.push({ end: this.#putBytes, written, reject });
    });
  }

  /** Closes at once; whatever waits is rejected with `error`. */
  close(error: ClientError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#cancelConnecting();
    this.#frames.stop();
    this.#unsent.clear();
    this.#socket?.end();
    for (const waiting of this.#waiting.values()) {
      waiting.cancelTimer();
      waiting.reject(error);
    }
    this.#waiting.clear();
    for (const { reject } of this.#unwritten.splice(0)) reject(error);
    this.#settle.failed(error);
  }

  #throttle(response: Row<Shape>): void {
    const pauseMs = throttleMs(response["throttleTimeMs"]);
    if (pauseMs === 0 || !this.versions.leavesPauses) return;
    this.#resumesAt = Math.max(this.#resumesAt, this.parts.clock.monotonic() + pauseMs);
  }

  #refused(): ClientError | null {
    if (this.#closed !== undefined) return this.#closed;
    const count = this.#waiting.size + this.#unwritten.length;
    if (count < clientRequestsInFlightMax) return null;
    const message = `${count} requests wait for ${this.#broker} already`;
    return new ClientError("OVERLOADED", message);
  }

  /** Asks for the broker's versions; see versions.ts. */
  #ask(version: number): void {
    const answer = (reader: Reader): Malformed | null => {
      const found = readVersions(reader, version, this.#broker);
      if (found instanceof Malformed) return found;
      if (found instanceof ClientError) this.close(found);
      else if (found instanceof AskAgain) this.#ask(found.version);
      else {
        this.#cancelConnecting();
        this.#versions = found;
        this.#settle.ready();
      }
      return null;
    };
    // `open` watches over the time, and `ready` rejects.
    this.#send(apis.ApiVersions, version, versionsRequest, { answer, reject: () => {} });
  }

  #send(
    api: Api,
    version: number,
    request: Row<Shape>,
    how: Pick<Waiting, "answer" | "reject"> & { readonly timeoutMs?: number },
  ): void {
    const { answer, reject, timeoutMs } = how;
    const correlationId = ++this.#lastCorrelationId;
    const unfit = this.#put(api, version, correlationId, request);
    if (unfit !== null) {
      reject(unfit);
      return;
    }
    const late = (): void => {
      const message = `${this.#broker} did not answer ${api.name} within ${timeoutMs} ms`;
      this.#fail(correlationId, new ClientError("TIMED_OUT", message));
    };
    const { clock } = this.parts;
    const cancelTimer = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, late);
    const waiting = { correlationId, api, version, answer, reject, cancelTimer };
    this.#waiting.set(correlationId, waiting);
  }

  /** Writes a request behind the others; INVALID if it can't be written. */
  #put(api: Api, version: number, correlationId: number, request: Row<Shape>): ClientError | null {
    const { writer, clientId } = this.parts;
    try {
      writer.begin();
      writeRequestHeader(writer, api, version, correlationId, clientId);
      codec(api.request, version).write(writer, request);
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      // What it holds came from the caller: a name that is too long, a number that is no int32.
      return new ClientError("INVALID", `no ${api.name} can carry this: ${error.message}`);
    }
    for (const piece of writer.finish()) {
      this.#putBytes += piece.length;
      if (piece.length < copiedBytesMax) this.#unsent.appendCopy(piece);
      else this.#unsent.appendReference(piece);
    }
    this.#writeSoon();
    return null;
  }

  /** Writes once this turn's requests are together. */
  #writeSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => {
      this.#isFlushing = false;
      this.#write();
    });
  }

  #write(): void {
    // A closed connection is reported by itself, after this.
    if (this.#socket === undefined) return;
    this.#takenBytes += Math.max(0, this.#unsent.writeTo(this.#socket));
    const first = this.#unwritten.findIndex(({ end }) => end > this.#takenBytes);
    const count = first < 0 ? this.#unwritten.length : first;
    for (const { written } of this.#unwritten.splice(0, count)) written();
  }

  /** Takes one response. */
  #answer(reader: Reader): void {
    const oldest = this.#waiting.values().next().value;
    if (oldest === undefined) {
      this.#unreadable("a response that nobody has asked for");
      return;
    }
    const { correlationId, api, version } = oldest;
    const header = readResponseHeader(reader, api, version);
    if (header instanceof Malformed || header.correlationId !== correlationId) {
      this.#unreadable(`a response that is not the one to ${api.name}, version ${version}`);
      return;
    }
    const malformed = oldest.answer(reader);
    if (malformed !== null) {
      this.#unreadable(`a response to ${api.name}, version ${version}: ${malformed}`);
      return;
    }
    oldest.cancelTimer();
    this.#waiting.delete(correlationId);
  }

  /** The oldest request has such an answer, and what follows can't be told apart any more. */
  #unreadable(what: string): void {
    const message = `${this.#broker} sent what can't be read: ${what}`;
    const oldest = this.#waiting.keys().next().value;
    this.#fail(oldest, new ClientError("MALFORMED", message));
  }

  /** Closes because of one request: the others only lose their connection. */
  #fail(correlationId: number | undefined, error: ClientError): void {
    const waiting = correlationId === undefined ? undefined : this.#waiting.get(correlationId);
    const isReady = this.#versions !== undefined;
    if (waiting !== undefined && correlationId !== undefined) {
      this.#waiting.delete(correlationId);
      waiting.cancelTimer();
      waiting.reject(error);
    }
    this.close(isReady ? this.#broken(error.message) : error);
  }

  #broken(reason: string): ClientError {
    return new ClientError("NETWORK", `no connection to ${this.#broker}: ${reason}`);
  }
}
