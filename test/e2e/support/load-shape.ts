/** What a load is made of, and what each of its producers can be told, however it speaks. */
import type { Random } from "../../../src/base/random.ts";

/** A topic of a load. */
export interface TopicLoad {
  readonly name: string;
  readonly hasKeys: boolean;
}

/** How a producer speaks, and when its records count as acknowledged: with `acks=0` never. */
export type Way = "native" | "acks=all" | "acks=1" | "acks=0";

/** What the producers send. */
export interface LoadShape {
  readonly topics: readonly TopicLoad[];
  /** Records in flight. */
  readonly windowFrames: number;
  readonly valueBytes: (random: Random) => number;
  /** Those of the producers, one after another and again from the first; left out: native. */
  readonly ways?: readonly Way[];
}

/** Bytes handed to the socket and not taken by it: more are not made. */
export const unsentBytesMax = 1024 * 1024;

/** One producer on one connection. */
export interface LoadProducer {
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly inFlight: number;
  /** What no broker may do, in words. */
  readonly violations: readonly string[];
  /** Resolves when the connection is gone, and all that came over it was taken. */
  readonly closed: Promise<void>;
  /** Sends nothing new; what is in flight is still answered. */
  pause(): void;
  resume(): void;
  /** Heeds no answer any more: whatever comes now is not to be believed. */
  abandon(): void;
  /** Ends the connection from this side. */
  close(): void;
}
