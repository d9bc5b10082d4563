/** Connections without sockets, in a network with small bounds. */
import type { Memory } from "../../src/base/memory.ts";
import { handOver } from "../support/memory.ts";
import { Connection, type Protocol, type RawSocket } from "../../src/net/connection.ts";
import { Network, type NetworkLimits } from "../../src/net/network.ts";
import type { Link, Session } from "../../src/net/session.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryLogger } from "../fake/logger.ts";

/** A socket that takes as much as a test allows. */
class FakeSocket implements RawSocket {
  readonly localAddress = "10.0.0.7";
  readonly localPort = 9092;
  room = Number.POSITIVE_INFINITY;
  taken = "";
  writes = 0;
  readonly calls: string[] = [];

  write(bytes: Uint8Array, from: number, length: number): number {
    this.writes += 1;
    const count = Math.min(length, this.room);
    this.room -= count;
    this.taken += new TextDecoder().decode(bytes.subarray(from, from + count));
    return count;
  }
  pause(): void {
    this.calls.push("pause");
  }
  resume(): void {
    this.calls.push("resume");
  }
  shutdown(): void {
    this.calls.push("shutdown");
  }
  terminate(): void {
    this.calls.push("terminate");
  }
}

/** A session that writes down its life; what it does with a frame is the test's. */
class FakeSession implements Session {
  readonly life: string[] = [];
  onFrame: (text: string) => void = () => {};
  onFinish: () => void = () => {};
  onSent: () => void = () => {};
  constructor(readonly link: Link) {}

  frame({ bytes }: Memory, start: number, end: number): void {
    const text = new TextDecoder().decode(bytes.subarray(start, end));
    this.life.push(text);
    this.onFrame(text);
  }
  emptyFrame(): void {
    this.life.push("empty");
  }
  oversizedFrame(): void {
    this.life.push("oversized");
  }
  received(): void {
    this.life.push("received");
  }
  finish(): void {
    this.life.push("finish");
    this.onFinish();
  }
  sent(): void {
    this.onSent();
  }
  closed(): void {
    this.life.push("closed");
  }
}

const limits: Partial<NetworkLimits> = {
  inFlightBytesMax: 1000,
  connectionInFlightBytesMax: 400,
  connectionInFlightBytesMin: 50,
  replyBacklogBytesMax: 500,
  replyPauseBytes: 100,
  replyProgressBytesMin: 20,
  replyStalledMsMax: 10_000,
  frameMsMax: 30_000,
  connectionIdleMsMax: 600_000,
  connectionSweepMs: 1000,
};

/** A network and what it stands on; connections in it, as many as a test asks for. */
export class World {
  readonly clock = new ManualClock();
  readonly logger = new MemoryLogger();
  readonly network = new Network({ clock: this.clock, logger: this.logger, limits });
  gone = 0;

  connect(): { socket: FakeSocket; session: FakeSession; connection: Connection } {
    const socket = new FakeSocket();
    let session: FakeSession | undefined;
    const protocol: Protocol = {
      framing: { littleEndian: true, payloadBytesMax: 300 },
      open: (link) => (session = new FakeSession(link)),
    };
    const connection = new Connection(socket, "peer:1", this.network, protocol, () => {
      this.gone += 1;
    });
    return { socket, session: session!, connection };
  }

  cuts(): unknown[] {
    return this.logger.named("connection cut").map(({ fields }) => fields["reason"]);
  }
}

/** What the socket does when bytes have come. */
export const receive = (connection: Connection, bytes: Uint8Array): void =>
  void handOver(bytes, (memory) => connection.received(memory));

export function framed(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const frame = new Uint8Array(4 + payload.length);
  new DataView(frame.buffer).setUint32(0, payload.length, true);
  frame.set(payload, 4);
  return frame;
}

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);
/** Flushes are microtasks. */
export const flushed = (): Promise<void> => Promise.resolve();
