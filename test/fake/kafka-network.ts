/**
 * Brokers without sockets, for clients of the Kafka protocol: each test says what they answer. On
 * a clock that stands still; nothing is answered within the call that asks.
 */
import { seededRandom } from "../../src/base/random.ts";
import type { ClientSocket, SocketEvents } from "../../src/client/socket.ts";
import type { ClientWorld } from "../../src/client/kafka/client-world.ts";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import { readRequestHeader, writeResponseHeader } from "../../src/kafka/headers.ts";
import { codec } from "../../src/wire/codec.ts";
import { Malformed, Reader } from "../../src/wire/reader.ts";
import type { Api, Versions } from "../../src/wire/table.ts";
import { Writer } from "../../src/wire/writer.ts";
import { filled, type Request, type Response, type Some } from "../support/kafka-world.ts";
import { turns } from "../support/until.ts";
import { ManualClock } from "./clock.ts";

/** No answer now; the test may give one later. */
export const silence = Symbol("silence");
/** The connection ends instead. */
export const hangUp = Symbol("hangUp");

/** What a broker answers to one request; what is left out has its default. */
export type FakeHandler<Name extends ApiName> = (
  request: Request<Name>,
  version: number,
) => Some<Response<Name>> | typeof silence | typeof hangUp;

/** A request as it came. */
export interface SeenRequest {
  readonly api: ApiName;
  readonly version: number;
  readonly request: unknown;
  readonly clientId: string | null;
}

/** See the head of this file. */
export class FakeNetwork {
  readonly clock = new ManualClock();
  readonly world: ClientWorld;
  readonly #brokers = new Map<string, FakeBroker>();

  constructor() {
    this.world = {
      clock: this.clock,
      random: seededRandom(11),
      dial: (host, port, events) => this.#dial(`${host}:${port}`, events),
    };
  }

  /** A broker at `host:port` that answers Metadata with all brokers, the first one controlling. */
  broker(address: string): FakeBroker {
    const broker = new FakeBroker(address, this.#brokers.size + 1);
    this.#brokers.set(address, broker);
    broker.on("Metadata", () => this.metadata());
    return broker;
  }

  /** Who is there, and no topics. */
  metadata(): Some<Response<"Metadata">> {
    const brokers = [...this.#brokers.values()].map(({ nodeId, host, port }) => {
      return { nodeId, host, port };
    });
    return { brokers, controllerId: 1, clusterId: "fake" };
  }

  /** Takes a broker off the network. */
  remove(broker: FakeBroker): void {
    this.#brokers.delete(broker.address);
    for (const connection of broker.connections) connection.drop("gone");
  }

  /** Lets happen what needs no time. */
  async settle(): Promise<void> {
    await turns(4);
  }

  /** Lets time pass, in steps, and happen what it brings. */
  async advance(byMs: number, stepMs = byMs): Promise<void> {
    await this.settle();
    for (let left = byMs; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      await this.settle();
    }
  }

  #dial(address: string, events: SocketEvents): ClientSocket {
    const broker = this.#brokers.get(address);
    const connection = new FakeConnection(address, broker, events);
    broker?.connections.push(connection);
    queueMicrotask(() => connection.begin());
    return connection;
  }
}

/** One broker, and what it is to say. */
export class FakeBroker {
  /** All that were ever made, in order. */
  readonly connections: FakeConnection[] = [];
  readonly seen: SeenRequest[] = [];
  /** `false`: whoever connects is refused; `null`: nobody hears anything. */
  accepts: boolean | null = true;
  /** In which version it answers. */
  answersIn = (_api: Api, asked: number): number => asked;
  readonly host: string;
  readonly port: number;
  readonly #versions = new Map<string, Versions | null>();
  readonly #handlers = new Map<string, FakeHandler<ApiName>>();

  constructor(
    readonly address: string,
    readonly nodeId: number,
  ) {
    this.host = address.slice(0, address.lastIndexOf(":"));
    this.port = Number(address.slice(address.lastIndexOf(":") + 1));
    this.on("ApiVersions", () => ({ apiKeys: this.apiKeys() }));
  }

  /** Answers an API from now on. */
  on<Name extends ApiName>(name: Name, handler: FakeHandler<Name>): void {
    this.#handlers.set(name, handler as unknown as FakeHandler<ApiName>);
  }

  /** What it has of an API; `null`: it does not have it. */
  has(name: ApiName, versions: Versions | null): void {
    this.#versions.set(name, versions);
  }

  /** The versions that it tells. */
  apiKeys(): { apiKey: number; minVersion: number; maxVersion: number }[] {
    return Object.values(apis).flatMap(({ name, key, versions }) => {
      const range = this.#versions.has(name) ? this.#versions.get(name) : versions;
      return range ? [{ apiKey: key, minVersion: range[0], maxVersion: range[1] }] : [];
    });
  }

  /** The requests of one API that came. */
  requests<Name extends ApiName>(name: Name): readonly Request<Name>[] {
    return this.seen
      .filter(({ api }) => api === name)
      .map(({ request }) => request as Request<Name>);
  }

  handle(name: ApiName, version: number, request: unknown): ReturnType<FakeHandler<ApiName>> {
    const handler = this.#handlers.get(name);
    if (handler === undefined) throw new Error(`nothing was said about ${name}`);
    return handler(request as Request<ApiName>, version);
  }
}

const frameLengthBytes = 4;

/** The broker's end of a connection. */
export class FakeConnection implements ClientSocket {
  /** Bytes that the client may still write before it has to wait. */
  room = Infinity;
  isOver = false;
  /** Requests that were met with silence, oldest first. */
  readonly unanswered: { readonly api: Api; version: number; correlationId: number }[] = [];
  #isOpen = false;
  #received = Buffer.alloc(0);
  readonly #writer = new Writer();

  constructor(
    private readonly address: string,
    private readonly broker: FakeBroker | undefined,
    private readonly events: SocketEvents,
  ) {}

  begin(): void {
    if (this.isOver || this.broker?.accepts === null) return;
    if (this.broker?.accepts !== true) {
      this.drop(`${this.address}: connection refused`);
      return;
    }
    this.#isOpen = true;
    this.events.opened();
  }

  write(bytes: Uint8Array, from: number, length: number): number {
    if (this.isOver) return -1;
    if (!this.#isOpen) return 0;
    const taken = Math.min(length, this.room);
    this.room -= taken;
    this.#received = Buffer.concat([this.#received, bytes.subarray(from, from + taken)]);
    queueMicrotask(() => this.#read());
    return taken;
  }

  end(): void {
    this.drop("closed by the client");
  }

  /** Ends it from the broker's side. */
  drop(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.events.closed(reason);
  }

  /** The client may write so much more. */
  makeRoom(bytes: number): void {
    this.room = bytes;
    this.events.writable();
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array): void {
    if (!this.isOver) this.events.received(bytes);
  }

  /** Answers the oldest request that was met with silence. */
  answer(row: object): void {
    const waiting = this.unanswered.shift();
    if (waiting === undefined) throw new Error("nobody waits for an answer");
    this.#answer(waiting.api, waiting.version, waiting.correlationId, row);
  }

  #read(): void {
    while (!this.isOver && this.#received.length >= frameLengthBytes) {
      const end = frameLengthBytes + this.#received.readInt32BE(0);
      if (this.#received.length < end) return;
      const frame = new Uint8Array(this.#received.subarray(frameLengthBytes, end));
      this.#received = this.#received.subarray(end);
      this.#request(Reader.of(frame));
    }
  }

  #request(reader: Reader): void {
    const { broker } = this;
    const header = readRequestHeader(reader);
    if (header instanceof Malformed || broker === undefined) throw new Error("no request");
    const { requestApiKey, requestApiVersion: version, correlationId, clientId } = header;
    const name = (Object.keys(apis) as ApiName[]).find((each) => apis[each].key === requestApiKey);
    if (name === undefined) throw new Error(`no API ${requestApiKey}`);
    const api: Api = apis[name];
    const request = codec(api.request, version).read(reader);
    if (request instanceof Malformed) throw request;
    broker.seen.push({ api: name, version, request, clientId });
    const answer = broker.handle(name, version, request);
    if (answer === hangUp) this.drop("hung up");
    else if (answer === silence) this.unanswered.push({ api, version, correlationId });
    else this.#answer(api, version, correlationId, answer);
  }

  #answer(api: Api, version: number, correlationId: number, row: object): void {
    const said = this.broker?.answersIn(api, version) ?? version;
    this.#writer.begin();
    writeResponseHeader(this.#writer, api, said, correlationId);
    codec(api.response, said).write(this.#writer, filled(api.response.shape, row));
    this.send(new Uint8Array(Buffer.concat(this.#writer.finish())));
  }
}
