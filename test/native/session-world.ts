/** One connection of the native protocol without a socket, to a broker in the test's hand. */
import { handOver } from "../support/memory.ts";
import type { Broker } from "../../src/broker/broker.ts";
import { nativeFrameBytesMax } from "../../src/limits.ts";
import { encodeFrame, frameHeaderBytes } from "../../src/native/frame.ts";
import { NativeProtocol } from "../../src/native/protocol.ts";
import type { NativeLink, NativeSession } from "../../src/native/session.ts";
import { ManualClock } from "../fake/clock.ts";
import { textBytes } from "../support/hex.ts";
import { FakeBroker } from "./fake-broker.ts";

/** A link that writes down what it is told. */
export class FakeLink implements NativeLink {
  readonly peer = "peer:1";
  sent = "";
  reservedBytes = 0;
  closedFor: string | null = null;
  gone = false;

  send(bytes: Uint8Array): void {
    this.sent += new TextDecoder().decode(bytes);
  }
  reserve(bytes: number): void {
    this.reservedBytes += bytes;
  }
  release(bytes: number): void {
    this.reservedBytes -= bytes;
  }
  guard(work: () => void): void {
    if (!this.gone) work();
  }
  close(reason: string): void {
    this.closedFor ??= reason;
  }
}

interface Sent {
  readonly topic?: string;
  readonly key?: string;
  readonly value: string;
  readonly timestamp?: number;
  readonly nanoseconds?: number;
}

/** One connection to a broker that the test holds in its hand. */
export class World {
  readonly clock = new ManualClock();
  readonly broker = new FakeBroker();
  readonly protocol = new NativeProtocol(this.broker as unknown as Broker, this.clock);
  readonly link = new FakeLink();
  readonly session: NativeSession = this.protocol.open(this.link);

  /** Receives frames in one chunk. */
  receive(...frames: readonly (Sent | "empty" | "garbage" | "oversized")[]): void {
    for (const frame of frames) {
      if (frame === "empty") this.session.emptyFrame();
      else if (frame === "oversized") this.session.oversizedFrame(nativeFrameBytesMax + 1);
      else this.#frame(frame === "garbage" ? textBytes("no message at all....") : payload(frame));
    }
    this.session.received();
  }

  #frame(bytes: Uint8Array): void {
    handOver(bytes, (memory) => this.session.frame(memory, 0, bytes.length));
  }

  /** What was appended, as `topic-partition: records`. */
  appended(): string[] {
    return this.broker.batches.map(
      ({ topic, partition, records }) => `${topic}-${partition}: ${records.join(" ")}`,
    );
  }

  /** Commits the batches given by number, in that order. */
  async commit(...numbers: readonly number[]): Promise<void> {
    for (const number of numbers) this.broker.batches[number]!.commit();
    await settled();
  }
}

export function payload({
  topic = "orders",
  key = "",
  value,
  timestamp = 0,
  nanoseconds = 0,
}: Sent) {
  const message = {
    timestamp,
    nanoseconds,
    topic: textBytes(topic),
    key: textBytes(key),
    value: textBytes(value),
  };
  return encodeFrame(message).slice(frameHeaderBytes);
}

/** Commits and creations are promises: their effects are there some microtasks later. */
export async function settled(): Promise<void> {
  for (let microtask = 0; microtask < 5; microtask++) await Promise.resolve();
}
