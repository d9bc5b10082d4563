/**
 * A network in memory. Each connection is two pipes: bytes arrive in their order, in pieces and
 * after delays of their own, so connections overtake one another. A pipe has room for so many
 * bytes; whoever reads nothing fills it. A connection breaks at any byte of either pipe: both ends
 * hear of it, or only the client does, and the server keeps half of a connection.
 *
 * The server's ends are the production `Connection` over a socket of this file.
 */
import { handOver } from "../support/memory.ts";
import type { Random } from "../../src/base/random.ts";
import { Connection, type Protocol } from "../../src/net/connection.ts";
import type { Network } from "../../src/net/network.ts";
import type { KafkaClientEvents, KafkaClientSocket } from "../e2e/support/kafka-client.ts";
import type { Lane, Scheduler } from "./scheduler.ts";

/** How connections behave. */
export interface NetworkHabits {
  /** Each piece takes up to so long. */
  readonly delayMs: number;
  /** What a pipe holds. */
  readonly pipeBytes: number;
  /** Every so many bytes, about, a connection breaks; 0: never. */
  readonly breakEveryBytes: number;
}

/** Where clients' connections come in. */
export interface Door {
  readonly network: Network;
  readonly protocol: Protocol;
  /** The machine behind it. */
  readonly lane: Lane;
}

/** What a client hears. */
export interface ClientEvents extends KafkaClientEvents {
  opened(): void;
}

/** See the head of this file. */
export class SimulatedNetwork {
  /** Set it to have connections break, or not. */
  habits: NetworkHabits;
  #ports = 0;

  constructor(
    readonly scheduler: Scheduler,
    readonly random: Random,
    habits: NetworkHabits,
  ) {
    this.habits = habits;
  }

  /**
   * Connects to whatever is behind `door` when the first packet arrives; `null`: nobody is.
   * @param farMs what each piece takes beside the usual
   */
  connect(door: () => Door | null, events: ClientEvents, farMs = 0): ClientEnd {
    this.#ports += 1;
    const wire = new Wire(this, events, `10.0.0.1:${this.#ports}`, farMs);
    this.scheduler.after(this.delay(), () => wire.arrive(door()));
    return wire;
  }

  delay(): number {
    return this.random.next() * this.habits.delayMs;
  }
}

/** A client's end of a connection. */
export type ClientEnd = KafkaClientSocket;

/** One direction. */
class Pipe {
  /** On their way, and arrived where nobody reads. */
  #held = 0;
  #isPaused = false;
  #wantsRoom = false;
  #lastMs = 0;
  #isBroken = false;
  readonly #waiting: (Uint8Array | "end")[] = [];

  constructor(
    private readonly of: SimulatedNetwork,
    /** Whose events the arrivals are. */
    private readonly lane: () => Lane | null,
    private readonly arrived: (what: Uint8Array | "end") => void,
    private readonly hasRoom: () => void,
    /** Whether the connection breaks before this piece has all arrived, and what arrives. */
    private readonly breaks: (bytes: number) => number | null,
    private readonly farMs: number,
  ) {}

  write(bytes: Uint8Array, from: number, length: number): number {
    const room = this.of.habits.pipeBytes - this.#held;
    const taken = Math.max(0, Math.min(length, room));
    this.#wantsRoom = taken < length;
    this.#held += taken;
    for (let at = from; at < from + taken;) {
      const size = Math.min(from + taken - at, this.#pieceBytes());
      // A copy, as a socket makes one; `slice` of a Buffer would be a view.
      this.#send(new Uint8Array(bytes.subarray(at, at + size)));
      at += size;
    }
    return taken;
  }

  end(): void {
    this.#send("end");
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) return;
    this.of.scheduler.after(0, () => this.#drain(), this.lane());
  }

  break(): void {
    this.#isBroken = true;
  }

  #pieceBytes(): number {
    const { random } = this.of;
    return random.below(4) === 0 ? 1 + random.below(64) : 1 + random.below(16 * 1024);
  }

  #send(what: Uint8Array | "end"): void {
    const { scheduler } = this.of;
    this.#lastMs = Math.max(this.#lastMs, scheduler.now + this.of.delay() + this.farMs);
    const arrive = (): void => {
      this.#waiting.push(what);
      this.#drain();
    };
    scheduler.at(this.#lastMs, arrive, this.lane());
  }

  #drain(): void {
    while (!this.#isPaused && !this.#isBroken) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (next === "end") {
        this.arrived("end");
        continue;
      }
      this.#held -= next.length;
      const whole = this.breaks(next.length);
      this.#isBroken ||= whole !== null;
      if (whole !== 0) this.arrived(whole === null ? next : next.subarray(0, whole));
      if (!this.#wantsRoom || this.#isBroken) continue;
      this.#wantsRoom = false;
      this.of.scheduler.after(0, this.hasRoom, this.lane());
    }
  }
}

/** A connection. */
class Wire implements ClientEnd {
  #server: Connection | null = null;
  #lane: Lane | null = null;
  #serverIsGone = false;
  #clientIsGone = false;
  /** Bytes until it breaks. */
  #left: number;
  readonly #up: Pipe;
  readonly #down: Pipe;
  readonly #client: ClientEvents;

  constructor(
    private readonly of: SimulatedNetwork,
    client: ClientEvents,
    private readonly peer: string,
    farMs: number,
  ) {
    const { habits, random } = of;
    this.#client = client;
    this.#left = habits.breakEveryBytes === 0 ? Infinity : 1 + random.below(habits.breakEveryBytes);
    const breaks = (bytes: number): number | null => this.#breaks(bytes);
    const toServer = (what: Uint8Array | "end"): void => {
      if (this.#serverIsGone) return;
      if (what === "end") this.#server?.finish();
      else handOver(what, (memory) => this.#server?.received(memory));
    };
    const toClient = (what: Uint8Array | "end"): void => {
      if (this.#clientIsGone) return;
      // No client goes on when its server has nothing more to say.
      if (what === "end") this.terminate();
      else client.received(what);
    };
    const lane = (): Lane | null => this.#lane;
    this.#up = new Pipe(
      of,
      lane,
      toServer,
      () => this.#clientIsGone || client.writable(),
      breaks,
      farMs,
    );
    const writable = (): void => void (this.#serverIsGone || this.#server?.writable());
    this.#down = new Pipe(of, () => null, toClient, writable, breaks, farMs);
  }

  /** The first packet has come to the machine. */
  arrive(door: Door | null): void {
    if (this.#clientIsGone) return;
    if (door === null) return this.#closeClient();
    const { network, protocol, lane } = door;
    this.#lane = lane;
    const server = {
      write: (bytes: Uint8Array, from: number, length: number) =>
        this.#serverIsGone || lane.isClosed ? -1 : this.#down.write(bytes, from, length),
      pause: () => this.#up.pause(true),
      resume: () => this.#up.pause(false),
      shutdown: () => this.#down.end(),
      terminate: () => this.#loseBoth(),
      localAddress: "10.0.0.9",
      localPort: 9092,
    };
    this.#server = new Connection(server, this.peer, network, protocol, () => {});
    lane.onClosed(() => this.#die());
    this.of.scheduler.after(this.of.delay(), () => this.#clientIsGone || this.#client.opened());
  }

  write(bytes: Uint8Array, from: number, length: number): number {
    return this.#clientIsGone ? -1 : this.#up.write(bytes, from, length);
  }

  pause(): void {
    this.#down.pause(true);
  }

  resume(): void {
    this.#down.pause(false);
  }

  end(): void {
    if (!this.#clientIsGone) this.#up.end();
  }

  terminate(): void {
    this.#closeClient();
    this.#closeServerSoon();
  }

  /** How much of the next bytes still arrives where it breaks; `null`: it does not. */
  #breaks(bytes: number): number | null {
    this.#left -= bytes;
    if (this.#left > 0) return null;
    const whole = Math.max(0, this.#left + bytes);
    this.#left = Infinity;
    const isHalf = this.of.random.below(4) === 0;
    this.of.scheduler.note(`${this.peer} breaks${isHalf ? ", the server hears nothing" : ""}`);
    this.of.scheduler.after(0, () => (isHalf ? this.#loseClient() : this.#loseBoth()));
    return whole;
  }

  #loseClient(): void {
    this.#up.break();
    this.#down.break();
    this.#closeClient();
  }

  #loseBoth(): void {
    this.#loseClient();
    this.#closeServerSoon();
  }

  /** The machine is gone: what it has sent may still arrive, or not. */
  #die(): void {
    if (this.of.random.below(2) === 0) this.#down.break();
    this.of.scheduler.after(3 * this.of.habits.delayMs, () => this.#closeClient());
    this.#serverIsGone = true;
  }

  #closeServerSoon(): void {
    this.of.scheduler.after(this.of.delay(), () => this.#closeServer(), this.#lane);
  }

  #closeServer(): void {
    if (this.#serverIsGone) return;
    this.#serverIsGone = true;
    this.#server?.socketClosed();
  }

  #closeClient(): void {
    if (this.#clientIsGone) return;
    this.#clientIsGone = true;
    this.#up.break();
    this.#client.closed();
  }
}
