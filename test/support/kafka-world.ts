/**
 * The Kafka protocol over a whole broker in memory: clients without sockets, whose requests are
 * frames that the tables write, and whose responses are read back by them.
 */
import { handOver } from "./memory.ts";
import { defaultGroupRules, type GroupRules } from "../../src/broker/group-rules.ts";
import { createGroups, type Groups } from "../../src/broker/groups.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { seededRandom } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import { errorName } from "../../src/kafka/errors.ts";
import { readResponseHeader, writeRequestHeader } from "../../src/kafka/headers.ts";
import { KafkaProtocol } from "../../src/kafka/protocol.ts";
import type { KafkaLink, KafkaSession } from "../../src/kafka/session.ts";
import { groupTransactionPauseMs } from "../../src/limits.ts";
import { codec } from "../../src/wire/codec.ts";
import { Malformed, Reader } from "../../src/wire/reader.ts";
import { type Api, blank, type RequestOf, type ResponseOf } from "../../src/wire/table.ts";
import { Writer } from "../../src/wire/writer.ts";
import { BrokerWorld } from "./broker-world.ts";
import { unwrap } from "./log-world.ts";
import { turns } from "./until.ts";

type Apis = typeof apis;
export type Request<Name extends ApiName> = RequestOf<Apis[Name]>;
export type Response<Name extends ApiName> = ResponseOf<Apis[Name]>;

/** A part of a message: what is left out has its default, in lists as well. */
export type Some<T> = T extends Uint8Array
  ? T
  : T extends readonly (infer Element)[]
    ? readonly Some<Element>[]
    : T extends object
      ? { readonly [Key in keyof T]?: Some<T[Key]> }
      : T;

/** See the head of this file. */
export class KafkaWorld {
  broker!: Broker;
  groups!: Groups;
  protocol!: KafkaProtocol;

  constructor(readonly base: BrokerWorld) {}

  static async open(
    settings: Partial<BrokerWorld["settings"]> = {},
    rules: Partial<GroupRules> = {},
    base = new BrokerWorld(),
  ): Promise<KafkaWorld> {
    const world = new KafkaWorld(base);
    base.settings = { ...base.settings, ...settings };
    world.broker = await base.start();
    const { clock, logger } = base;
    const parts = { store: base.metadata.groups, clock, logger, random: seededRandom(7) };
    const groupRules = { ...defaultGroupRules, initialRebalanceDelayMs: 0, ...rules };
    world.groups = unwrap(await createGroups(parts, groupRules));
    base.forgetTopic = async (name) => {
      const code = await world.groups.forgetTopic(name);
      return code === "NONE" ? null : new Refusal("KAFKA_STORAGE_ERROR", code);
    };
    world.protocol = new KafkaProtocol({
      broker: world.broker,
      groups: world.groups,
      clock,
      logger,
      share: base.share,
      clusterId: "cluster-of-tests-12345",
      dataDirectory: "/data",
      advertised: null,
    });
    return world;
  }

  connect(): KafkaPeer {
    return new KafkaPeer(this);
  }

  /** A topic with so many partitions. */
  async topic(name: string, partitionCount = 1, config = {}): Promise<string> {
    return unwrap(await this.broker.createTopic({ name, partitionCount, config })).id;
  }

  /** Lets happen what needs no time, and what has been taken be stored. */
  async settle(rounds = 4): Promise<void> {
    for (let left = rounds; left > 0; left--) {
      this.base.clock.advance(groupTransactionPauseMs);
      await turns(2);
    }
  }

  async close(): Promise<void> {
    await this.groups.close();
    await this.broker.close();
  }
}

/** A response as it came. */
export interface Answered {
  readonly correlationId: number;
  /** Header and body, without the length. */
  readonly bytes: Uint8Array;
}

/** One client. As its link, it takes all that is sent, unless it is told to stop reading. */
export class KafkaPeer implements KafkaLink {
  readonly peer = "127.0.0.1:50000";
  readonly local = { host: "broker.test", port: 9092 };
  /** Set it to have the session believe that the peer reads nothing. */
  isReading = true;
  unsentBytes = 0;
  reservedBytes = 0;
  isHeld = false;
  closedFor: string | null = null;
  isGone = false;
  readonly answered: Answered[] = [];
  readonly session: KafkaSession;
  readonly #asked = new Map<number, { readonly api: Api; readonly version: number }>();
  readonly #writer = new Writer();
  #received: Uint8Array[] = [];
  #lastId = 0;

  constructor(private readonly world: KafkaWorld) {
    this.session = world.protocol.open(this);
  }

  send(bytes: Uint8Array): void {
    this.#received.push(bytes);
    if (!this.isReading) this.unsentBytes += bytes.length;
    this.#cut();
  }

  reserve(bytes: number): void {
    this.reservedBytes += bytes;
  }

  release(bytes: number): void {
    this.reservedBytes -= bytes;
  }

  hold(isHeld: boolean): void {
    this.isHeld = isHeld;
  }

  guard(work: () => void): void {
    if (!this.isGone) work();
  }

  close(reason: string): void {
    this.closedFor ??= reason;
  }

  /** Reads what was sent meanwhile. */
  readOn(): void {
    this.isReading = true;
    this.unsentBytes = 0;
    this.session.sent();
  }

  /** The connection is gone. */
  leave(): void {
    this.isGone = true;
    this.session.closed();
  }

  /** Writes a request without sending it. */
  frame<Name extends ApiName>(
    name: Name,
    version: number,
    request: Some<Request<Name>>,
  ): Uint8Array {
    const api: Api = apis[name];
    const correlationId = ++this.#lastId;
    this.#asked.set(correlationId, { api, version });
    this.#writer.begin();
    writeRequestHeader(this.#writer, api, version, correlationId, "client");
    codec(api.request, version).write(this.#writer, filled(api.request.shape, request));
    return new Uint8Array(Buffer.concat(this.#writer.finish())).subarray(4);
  }

  /** Sends requests in one chunk. */
  receive(...frames: readonly Uint8Array[]): void {
    handOver(Buffer.concat(frames), (chunk) => {
      let at = 0;
      for (const { length } of frames) {
        if (length === 0) this.session.emptyFrame();
        else this.session.frame(chunk, at, at + length);
        at += length;
      }
      this.session.received();
    });
  }

  /** Sends one request; its correlation id. */
  ask<Name extends ApiName>(name: Name, version: number, request: Some<Request<Name>>): number {
    this.receive(this.frame(name, version, request));
    return this.#lastId;
  }

  /** Sends one request and waits for its response. */
  async request<Name extends ApiName>(
    name: Name,
    version: number,
    request: Some<Request<Name>>,
  ): Promise<Response<Name>> {
    const id = this.ask(name, version, request);
    return await this.response<Name>(id);
  }

  /** Waits for a response, as long as something happens without much time. */
  async response<Name extends ApiName>(correlationId: number): Promise<Response<Name>> {
    for (let left = 200; left > 0; left--) {
      const found = this.answerTo<Name>(correlationId);
      if (found !== undefined) return found;
      await turns(1);
      if (left < 150) this.world.base.clock.advance(1);
    }
    throw new Error(`no response ${correlationId}; closed for ${this.closedFor}`);
  }

  /** The response, if it has come. */
  answerTo<Name extends ApiName>(correlationId: number): Response<Name> | undefined {
    const found = this.answered.find((each) => each.correlationId === correlationId);
    const asked = this.#asked.get(correlationId);
    if (found === undefined || asked === undefined) return undefined;
    return readAs(asked.api, asked.version, found.bytes) as Response<Name>;
  }

  /** The correlation ids of all responses, in the order in which they came. */
  get order(): number[] {
    return this.answered.map(({ correlationId }) => correlationId);
  }

  #cut(): void {
    const all = new Uint8Array(Buffer.concat(this.#received));
    const view = new DataView(all.buffer);
    let at = 0;
    while (all.length - at >= 4 && all.length - at - 4 >= view.getInt32(at)) {
      const end = at + 4 + view.getInt32(at);
      this.answered.push({ correlationId: view.getInt32(at + 4), bytes: all.slice(at + 4, end) });
      at = end;
    }
    this.#received = at === all.length ? [] : [all.subarray(at)];
  }
}

/** Reads a response in a version. */
export function readAs(api: Api, version: number, bytes: Uint8Array): unknown {
  const reader = Reader.of(bytes);
  const header = readResponseHeader(reader, api, version);
  if (header instanceof Malformed) throw header;
  const row = codec(api.response, version).read(reader);
  if (row instanceof Malformed) throw row;
  if (reader.at !== reader.end) throw new Error(`${reader.end - reader.at} bytes too many`);
  return row;
}

type Shape = Api["request"]["shape"];

/** Defaults and columns of the shapes that were used: a simulator fills rows by the million. */
const known = new WeakMap<Shape, { readonly defaults: object; readonly columns: Columns }>();
type Columns = ReadonlyMap<string, Shape[string]>;

/** A row with the given values; the rest has its defaults. */
export function filled(shape: Shape, some: object): never {
  const found = known.get(shape);
  const { defaults, columns } = found ?? {
    defaults: blank(shape),
    columns: new Map(Object.entries(shape)),
  };
  if (found === undefined) known.set(shape, { defaults, columns });
  const row: Record<string, unknown> = { ...defaults };
  for (const [name, value] of Object.entries(some)) {
    const content = columns.get(name)?.content;
    if (value === undefined || content === undefined) continue;
    row[name] = value;
    if (content.kind === "list" && content.element.kind === "struct" && Array.isArray(value)) {
      const { element } = content;
      row[name] = value.map((each: object) => filled(element.shape, each));
    } else if (content.kind === "struct" && value !== null) {
      row[name] = filled(content.shape, value);
    }
  }
  return row as never;
}

/** What a code is called. */
export const named = (code: number): string => errorName(code) ?? String(code);
