/**
 * One connection of Kafka's protocol, spoken through the wire tables alone: so that what it shows
 * does not depend on any client's own care.
 *
 * Owns what was asked and is not answered, in order. Responses have to come in that order: as
 * Java's client and Sarama do, it ends the connection at the first one that does not.
 */
import type { Api } from "../../../src/wire/table.ts";
import { type ApiName, apis } from "../../../src/kafka/apis.ts";
import { writeRequestHeader } from "../../../src/kafka/headers.ts";
import { codec } from "../../../src/wire/codec.ts";
import { Writer } from "../../../src/wire/writer.ts";
import {
  filled,
  readAs,
  type Request,
  type Response,
  type Some,
} from "../../support/kafka-world.ts";

/** How a connection behaves; all of it may be left out. */
export interface KafkaClientOptions {
  /** Correlation ids; counted from 1 otherwise. */
  readonly correlationId?: () => number;
  /** The size of the next piece in which bytes leave, each in a turn of its own. */
  readonly pieceBytes?: () => number;
}

/** What a connection needs of its socket. */
export interface KafkaClientSocket {
  /** How many bytes were taken; -1 if it is over. */
  write(bytes: Uint8Array, from: number, length: number): number;
  pause(): void;
  resume(): void;
  end(): void;
  terminate(): void;
}

/** What a socket tells its connection. */
export interface KafkaClientEvents {
  received(chunk: Uint8Array): void;
  writable(): void;
  closed(): void;
}

/** A request is written in one step, so all connections share what it is written in. */
const writer = new Writer();

/** A request that waits for its response. */
interface Asked {
  readonly correlationId: number;
  readonly api: Api;
  readonly version: number;
  readonly answer: (response: unknown) => void;
}

/** Requests that are answered are cut off in runs of this many. */
const answeredMax = 1024;

/** See the head of this file. */
export class KafkaClient implements Disposable {
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>;
  /** What no broker may do, in words. */
  readonly violations: string[] = [];
  /** Responses so far. */
  answered = 0;
  readonly #resolveClosed: () => void;
  #asked: Asked[] = [];
  /** The oldest of them that is not answered. */
  #first = 0;
  #lastId = 0;
  #socket!: KafkaClientSocket;
  #isGone = false;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #isFlushing = false;
  /** The beginning of a response. */
  #received: Uint8Array = new Uint8Array(0);

  private constructor(private readonly options: KafkaClientOptions) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#resolveClosed = resolve;
  }

  static async connect(port: number, options: KafkaClientOptions = {}): Promise<KafkaClient> {
    const client = new KafkaClient(options);
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        binaryType: "uint8array",
        data: (_, chunk) => client.#receive(chunk),
        drain: () => client.#write(),
        close: () => client.#close(),
        error: () => {},
      },
    });
    return client;
  }

  /** The same over a socket that is open already. */
  static over(
    dialled: (events: KafkaClientEvents) => KafkaClientSocket,
    options: KafkaClientOptions = {},
  ): KafkaClient {
    const client = new KafkaClient(options);
    client.#socket = dialled({
      received: (chunk) => client.#receive(chunk),
      writable: () => client.#write(),
      closed: () => client.#close(),
    });
    return client;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  get inFlight(): number {
    return this.#asked.length - this.#first;
  }

  /** Written and not taken by the socket yet. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Sends a request; its response, or `null` if the connection ends before it has come. */
  ask<Name extends ApiName>(
    name: Name,
    version: number,
    request: Some<Request<Name>>,
  ): Promise<Response<Name> | null> {
    if (this.#isGone) return Promise.resolve(null);
    const { promise, resolve } = Promise.withResolvers<Response<Name> | null>();
    const api: Api = apis[name];
    const correlationId = this.#send(api, version, request);
    const answer = (response: unknown): void => resolve(response as Response<Name> | null);
    this.#asked.push({ correlationId, api, version, answer });
    return promise;
  }

  /** Sends a request that has no response: Produce with `acks` 0. */
  tell(version: number, request: Some<Request<"Produce">>): void {
    if (!this.#isGone) this.#send(apis.Produce, version, request);
  }

  /** Reads nothing more until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends the connection once what was asked has been sent. */
  end(): void {
    this.#socket.end();
  }

  /** Resets the connection. */
  [Symbol.dispose](): void {
    this.#socket.terminate();
  }

  #send(api: Api, version: number, request: object): number {
    const correlationId = this.options.correlationId?.() ?? ++this.#lastId;
    writer.begin();
    writeRequestHeader(writer, api, version, correlationId, "client");
    codec(api.request, version).write(writer, filled(api.request.shape, request));
    for (const piece of writer.finish()) {
      this.#unsent.push(piece);
      this.#unsentBytes += piece.length;
    }
    this.#flushSoon();
    return correlationId;
  }

  /** What is asked in one go leaves in one piece. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const flush = (): void => {
      this.#isFlushing = false;
      this.#write();
    };
    if (this.options.pieceBytes === undefined) queueMicrotask(flush);
    else setImmediate(flush);
  }

  #write(): void {
    if (this.#unsentBytes === 0 || this.#isGone) return;
    const joined = this.#unsent.length === 1 ? this.#unsent[0]! : Buffer.concat(this.#unsent);
    const bytes = Math.min(joined.length, this.options.pieceBytes?.() ?? joined.length);
    const taken = Math.max(0, this.#socket.write(joined, 0, bytes));
    this.#unsentBytes -= taken;
    this.#unsent = taken < joined.length ? [joined.subarray(taken)] : [];
    // What the socket did not take goes out when it has drained.
    if (taken === bytes && this.#unsentBytes > 0) this.#flushSoon();
  }

  #receive(chunk: Uint8Array): void {
    const held = this.#received;
    const bytes = held.length === 0 ? chunk : new Uint8Array(Buffer.concat([held, chunk]));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (bytes.length - at >= 4 && bytes.length - at - 4 >= view.getInt32(at)) {
      const end = at + 4 + view.getInt32(at);
      if (!this.#isGone) this.#respond(bytes.slice(at + 4, end), view.getInt32(at + 4));
      at = end;
    }
    this.#received = bytes.slice(at);
  }

  #respond(bytes: Uint8Array, correlationId: number): void {
    const asked = this.#asked[this.#first];
    if (asked?.correlationId !== correlationId) {
      const wanted = asked === undefined ? "nothing" : String(asked.correlationId);
      this.violations.push(`response ${correlationId} where ${wanted} is due`);
      this.#socket.terminate();
      return this.#close();
    }
    this.#first += 1;
    this.answered += 1;
    if (this.#first >= answeredMax) {
      this.#asked.splice(0, this.#first);
      this.#first = 0;
    }
    asked.answer(readAs(asked.api, asked.version, bytes));
  }

  #close(): void {
    this.#isGone = true;
    const unanswered = this.#asked.slice(this.#first);
    this.#asked = [];
    this.#first = 0;
    for (const { answer } of unanswered) answer(null);
    this.#resolveClosed();
  }
}
