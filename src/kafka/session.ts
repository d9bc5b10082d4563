/**
 * One connection of the Kafka protocol: requests in, responses out, in the order of the requests
 * (Java's client and Sarama end the connection otherwise).
 *
 *     frame ──► queue ──may start──► handler ──► response ──whose turn it is──► outbox ──► link
 *
 * When a request starts:
 * - As in Kafka, once all before it are answered: a client may count on what its earlier requests
 *   have done. So a Fetch or a JoinGroup that waits holds up what is behind it, and nothing else;
 *   it waits for other connections or for time, never for what is behind it.
 * - Produce does not wait for other Produces, nor for those that wait for long: batches are
 *   appended as they arrive, in their order, and share their trips to the disk.
 * - Nothing but a Produce starts while the peer leaves responses unread: one of them is in memory.
 * - After so many in one turn of the event loop, or when all connections together have spent their
 *   share of it, the others wait for a later one, and so do responses: a chunk holds thousands of
 *   small requests, and everybody would wait for them.
 * - Nothing starts behind a Produce that has had to leave some of its batches to a later turn.
 *
 * A request that can't be read, or is of an API or a version that is not served, ends the
 * connection, after the responses to those before it.
 *
 * Owns the queue and the outbox. Invariants: those of the queue that have started come before those
 * that have not; of those that have, at most one is no Produce; what is charged for the queue is
 * what the link has reserved, between two calls from outside.
 */
import { assert } from "../base/assert.ts";
import type { Cancel } from "../base/clock.ts";
import { Memory } from "../base/memory.ts";
import {
  frameOverheadBytes,
  kafkaElementBytes,
  kafkaFrameBytesMax,
  kafkaRequestElementsMax,
  kafkaRequestsInFlightMax,
  kafkaRequestsPerTurnMax,
  replyPauseBytes,
} from "../limits.ts";
import { Malformed, Reader } from "../wire/reader.ts";
import type { Row, Shape } from "../wire/table.ts";
import type { ApiName } from "./apis.ts";
import { type ReadRequest, readRequest, type Routed, routeOf, writeResponse } from "./dispatch.ts";
import { visitErrors } from "./error-count.ts";
import { FetchSession } from "./fetch-sessions.ts";
import type { Answer, Caller, Endpoint } from "./handler.ts";
import type { KafkaProtocol } from "./protocol.ts";
import { ReadAhead } from "./read-ahead.ts";

/** What a session needs of its connection; see `Link` in `net/session.ts`. */
export interface KafkaLink {
  readonly peer: string;
  readonly local: Endpoint;
  readonly unsentBytes: number;
  send(bytes: Uint8Array): void;
  reserve(bytes: number): void;
  release(bytes: number): void;
  hold(isHeld: boolean): void;
  guard(work: () => void): void;
  close(reason: string): void;
}

/** The bytes of a request: `memory.bytes[start, end)`. */
interface Frame {
  readonly memory: Memory;
  readonly start: number;
  readonly end: number;
}

/** One request that is not answered. */
interface Pending {
  readonly routed: Routed;
  /** When it was received; milliseconds, monotonic. */
  readonly receivedAt: number;
  /** `null` once it has started. */
  frame: Frame | null;
  /** What is reserved for it. */
  charge: number;
  /** See {@link RequestContext.memories}. */
  readonly memories: Memory[];
  read: Pick<ReadRequest, "correlationId" | "responseVersion"> | null;
  /** `undefined` until it is known; `null`: none is wanted. */
  response: Row<Shape> | null | undefined;
}

/** Those that may wait for long, and that later Produces pass. */
const passable: ReadonlySet<ApiName> = new Set(["Fetch", "JoinGroup", "SyncGroup"]);
/** Those whose wait nobody else ends once the peer has stopped sending. */
const abandoned: ReadonlySet<ApiName> = new Set(["JoinGroup", "SyncGroup"]);

/** Pieces of responses are handed over in parts of this size, so that the peer sets the pace. */
const partBytesMax = replyPauseBytes;
/** Requests that have left the queue are cut off in runs of at least this many. */
const takenMax = 256;
/** A frame is copied out of a chunk that is larger than this many times its size. */
const chunkShareMax = 2;

/** See the head of this file. */
export class KafkaSession {
  #queue: Pending[] = [];
  /** The oldest that is not answered; the oldest that has not started. */
  #first = 0;
  #next = 0;
  /** The one under way that is no Produce. */
  #running: Pending | null = null;
  /** Pieces of responses that the link has not been given yet. */
  #outbox: Uint8Array[] = [];
  #outboxFirst = 0;
  #outboxBytes = 0;
  /** Bytes that have ever been put into the outbox. */
  #answeredBytes = 0;
  /** What responses refer to that are not sent, and where they end in all that was answered. */
  #unsent: { readonly memories: readonly Memory[]; readonly end: number }[] = [];
  /** What is to be reserved of the link, or released if it is negative. */
  #charged = 0;
  #isHeld = false;
  /** Requests that have started in this turn of the event loop. */
  #startedInTurn = 0;
  /** Produces under way that have not appended all of their batches. */
  #holdingBack = 0;
  /** Stops the wait for the next turn; `null`: there is none. */
  #cancelTurn: Cancel | null = null;
  /** Why the connection closes once all is answered; `null`: it stays. */
  #ending: string | null = null;
  readonly #caller: Caller;
  /** What ends the waits of requests under way. */
  readonly #waits = new Set<Cancel>();
  /** Pieces of work that are done with each request, made once. */
  readonly #answering = (): void => this.#answer();
  readonly #starting = (): void => this.#start(this.#queue[this.#next - 1]!);

  constructor(
    private readonly protocol: KafkaProtocol,
    private readonly link: KafkaLink,
  ) {
    const { services } = protocol;
    const { host, port } = link.local;
    this.#caller = {
      host: hostOf(link.peer),
      local: { host: plainHost(host), port },
      onEnd: (cancel) => this.#onEnd(cancel),
      holdBack: () => this.#holdBack(),
      fetchSession: new FetchSession(services.fetchSessions),
      readAhead: new ReadAhead(services.aheadBudget, services.clock),
      end: (reason) => this.#refuse(reason),
    };
  }

  frame(memory: Memory, start: number, end: number): void {
    if (this.#ending !== null) return;
    const routed = routeOf(memory.view, start, end);
    if (typeof routed === "string") return this.#refuse(routed);
    const charge = end - start + frameOverheadBytes;
    this.#charged += charge;
    memory.hold();
    const frame = { memory, start, end };
    this.#queue.push({
      routed,
      receivedAt: this.protocol.services.clock.monotonic(),
      frame,
      charge,
      memories: [],
      read: null,
      response: undefined,
    });
  }

  emptyFrame(): void {
    this.#refuse("a request of no bytes");
  }

  oversizedFrame(announcedBytes: number): void {
    const isTls = announcedBytes >>> 16 === 0x1603;
    this.#refuse(
      isTls
        ? "a TLS handshake: this port speaks the protocol in the clear"
        : `a request of ${announcedBytes} bytes; at most ${kafkaFrameBytesMax} are taken`,
    );
  }

  received(): void {
    if (this.#cancelTurn === null) this.#startedInTurn = 0;
    this.#proceed();
    for (let at = this.#next; at < this.#queue.length; at++) keepFrame(this.#queue[at]!);
  }

  sent(): void {
    this.#proceed();
  }

  finish(): void {
    this.#ending ??= "no more requests";
    this.#endWaits();
    this.#proceed();
  }

  closed(): void {
    this.#ending ??= "closed";
    this.#endWaits();
    this.#cancelTurn?.();
    this.#caller.fetchSession.end();
    this.#caller.readAhead.end();
    this.#queue.length = this.#next;
    this.protocol.services.fetchBudget.give(this.#outboxBytes);
    this.#outbox = [];
    this.#outboxBytes = 0;
    this.#letGoOfSent();
  }

  /** Starts what may start, answers what is known, and settles with the link. */
  #proceed(): void {
    const { share } = this.protocol.services;
    do {
      share.run(this.#answering);
    } while (this.#startNext());
    this.#settle();
    if (this.#ending !== null && this.#isDone) this.link.close(this.#ending);
  }

  /** Whether nothing more will be answered, or only what nobody waits for any more. */
  get #isDone(): boolean {
    const running = this.#running?.routed.route.name;
    if (running !== undefined && abandoned.has(running)) return true;
    return this.#first === this.#queue.length && this.#outboxBytes === 0;
  }

  #startNext(): boolean {
    const pending = this.#queue[this.#next];
    if (pending === undefined || !this.#mayStart(pending)) return false;
    const { share } = this.protocol.services;
    if (this.#startedInTurn === kafkaRequestsPerTurnMax || share.isSpent) {
      this.#awaitTurn();
      return false;
    }
    this.#startedInTurn += 1;
    this.#next += 1;
    share.run(this.#starting);
    return true;
  }

  #awaitTurn(): void {
    this.#cancelTurn ??= this.protocol.services.share.later(() => {
      this.#cancelTurn = null;
      this.#startedInTurn = 0;
      this.link.guard(() => this.#proceed());
    });
  }

  #mayStart({ routed: { route } }: Pending): boolean {
    if (this.#holdingBack > 0) return false;
    const running = this.#running?.routed.route.name;
    if (route.name === "Produce") return running === undefined || passable.has(running);
    const isRead = this.#outboxBytes === 0 && this.link.unsentBytes <= replyPauseBytes;
    return this.#first === this.#next && isRead;
  }

  #start(pending: Pending): void {
    const { routed } = pending;
    if (abandoned.has(routed.route.name)) keepFrame(pending);
    const { frame } = pending;
    assert(frame !== null, "a request starts once");
    const { memory, start, end } = frame;
    const reader = new Reader(memory.bytes, memory.view, start, end, kafkaRequestElementsMax);
    const read = readRequest(reader, routed);
    if (read instanceof Malformed) {
      const { name } = routed.route;
      return this.#breakOff(`${name} ${routed.apiVersion} can't be read: ${read.toString()}`);
    }
    const elementsCharge = reader.elements * kafkaElementBytes;
    pending.charge += elementsCharge;
    this.#charged += elementsCharge;
    const { request, clientId, correlationId, responseVersion } = read;
    pending.frame = null;
    pending.read = { correlationId, responseVersion };
    const { services } = this.protocol;
    const { route, apiVersion } = routed;
    const { memories } = pending;
    // All others are small, and some of them are kept by a view: of a member's metadata, say.
    if (route.name === "Produce") memories.push(memory);
    const context = { services, caller: this.#caller, apiVersion, clientId, memories };
    this.#await(pending, route.handle(request, context));
  }

  #await(pending: Pending, answer: Answer<Row<Shape>>): void {
    if (!(answer instanceof Promise)) {
      pending.response = answer;
      return;
    }
    if (pending.routed.route.name !== "Produce") this.#running = pending;
    answer.then(
      (response) => this.link.guard(() => this.#complete(pending, response)),
      (error: unknown) =>
        this.link.guard(() => {
          throw error;
        }),
    );
  }

  #complete(pending: Pending, response: Row<Shape> | null): void {
    pending.response = response;
    if (this.#running === pending) this.#running = null;
    this.#proceed();
  }

  /** Puts the responses that are known, and whose turn it is, into the outbox. */
  #answer(): void {
    for (; this.#first < this.#next; this.#first++) {
      const pending = this.#queue[this.#first]!;
      const { routed, read, response, charge, memories } = pending;
      if (response === undefined) break;
      if (this.protocol.services.share.isSpent) {
        this.#awaitTurn();
        break;
      }
      this.#charged -= charge;
      this.#note(pending, response);
      if (response !== null && read !== null) {
        for (const piece of writeResponse(this.protocol.writer, routed.route, read, response)) {
          this.#outbox.push(piece);
          this.#outboxBytes += piece.length;
          this.#answeredBytes += piece.length;
          this.protocol.services.fetchBudget.take(piece.length);
        }
      }
      if (memories.length === 0) continue;
      // An answer to a Produce is written by now, and refers to nothing of what was sent, which
      // a producer that is slow to read its answers would have pile up behind them.
      if (routed.route.name === "Produce") for (const memory of memories) memory.letGo();
      else this.#unsent.push({ memories, end: this.#answeredBytes });
    }
    if (this.#first === this.#queue.length || this.#first >= takenMax) {
      if (this.#first > 0) this.#queue.splice(0, this.#first);
      this.#next -= this.#first;
      this.#first = 0;
    }
    this.#send();
  }

  #note({ routed: { route }, receivedAt }: Pending, response: Row<Shape> | null): void {
    const { stats, services } = this.protocol;
    stats.answered(route.name, services.clock.monotonic() - receivedAt);
    if (response === null) return;
    visitErrors(route.api.response.shape, response, this.protocol.noteError);
  }

  /** Hands the link what the peer is about to take. */
  #send(): void {
    while (this.#outboxBytes > 0 && this.link.unsentBytes <= replyPauseBytes) {
      const piece = this.#outbox[this.#outboxFirst]!;
      const part = piece.length > partBytesMax ? piece.subarray(0, partBytesMax) : piece;
      if (part === piece) this.#outboxFirst += 1;
      else this.#outbox[this.#outboxFirst] = piece.subarray(partBytesMax);
      this.#outboxBytes -= part.length;
      this.protocol.services.fetchBudget.give(part.length);
      this.link.send(part);
    }
    this.#letGoOfSent();
    if (this.#outboxBytes > 0) return;
    this.#outbox.length = 0;
    this.#outboxFirst = 0;
  }

  #letGoOfSent(): void {
    if (this.#unsent.length === 0) return;
    const sent = this.#answeredBytes - this.#outboxBytes - this.link.unsentBytes;
    let gone = 0;
    for (; gone < this.#unsent.length && this.#unsent[gone]!.end <= sent; gone++) {
      for (const memory of this.#unsent[gone]!.memories) memory.letGo();
    }
    if (gone > 0) this.#unsent.splice(0, gone);
  }

  #settle(): void {
    const charged = this.#charged;
    this.#charged = 0;
    if (charged > 0) this.link.reserve(charged);
    else if (charged < 0) this.link.release(-charged);
    const count = this.#queue.length - this.#first;
    const heldAt = this.#isHeld ? kafkaRequestsInFlightMax / 2 : kafkaRequestsInFlightMax;
    const isHeld = count >= heldAt;
    if (isHeld !== this.#isHeld) this.link.hold(isHeld);
    this.#isHeld = isHeld;
  }

  /** Takes no more; the connection ends when those before are answered. */
  #refuse(reason: string): void {
    if (this.#ending !== null) return;
    this.#ending = reason;
    this.#endWaits();
    this.protocol.services.logger.warn("kafka request refused", { peer: this.link.peer, reason });
  }

  /** Refuses the request that was about to start, with all behind it. */
  #breakOff(reason: string): void {
    this.#next -= 1;
    for (const { charge } of this.#queue.slice(this.#next)) this.#charged -= charge;
    this.#queue.length = this.#next;
    // Whatever was wrong behind it, this came first.
    this.#ending = null;
    this.#refuse(reason);
  }

  /** Calls `cancel` when no more requests come; returns how to forget that. */
  #onEnd(cancel: Cancel): () => void {
    if (this.#ending !== null) cancel();
    this.#waits.add(cancel);
    return () => this.#waits.delete(cancel);
  }

  #holdBack(): () => void {
    this.#holdingBack += 1;
    return () => {
      this.#holdingBack -= 1;
      this.link.guard(() => this.#proceed());
    };
  }

  #endWaits(): void {
    for (const cancel of [...this.#waits]) cancel();
  }
}

/** A request that has to wait does not keep a chunk with many others in memory. */
function keepFrame(pending: Pending): void {
  const { frame } = pending;
  if (frame === null) return;
  const { memory, start, end } = frame;
  if ((end - start) * chunkShareMax >= memory.bytes.length) return;
  const own = new Memory(new Uint8Array(memory.bytes.subarray(start, end)));
  pending.frame = { memory: own, start: 0, end: end - start };
  memory.letGo();
}

/** The address in `address:port`, where one of IPv6 has brackets. */
const hostOf = (peer: string): string =>
  plainHost(peer.slice(0, peer.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1"));

/** An address of IPv4 as itself, where a socket for both has IPv6's form (RFC 4291 §2.5.5). */
const plainHost = (host: string): string => host.replace(/^::ffff:(?=[\d.]+$)/i, "");
