/**
 * What the producers of a load have sent and what they were answered: the truth that a log is held
 * against.
 *
 * A record's bytes follow from its producer and its number, so only their shape is kept. Every
 * value is unique: it begins with both. Invariant: a fate changes once, and what was seen in a log
 * has one place for ever.
 */
import { assert } from "../../../src/base/assert.ts";
import { seededRandom } from "../../../src/base/random.ts";
import type { Message } from "../../../src/native/frame.ts";
import { randomBytes } from "../../support/seed.ts";
import { textBytes } from "../../support/hex.ts";

/** `sent`: nobody has answered, so it may be there or not. */
export type Fate = "sent" | "acknowledged" | "refused";

/** Where a record was found. */
export interface Place {
  readonly partition: number;
  readonly offset: number;
}

/** What is known of one record beside its producer and number. */
export interface Entry {
  readonly topic: string;
  readonly hasKey: boolean;
  readonly valueBytes: number;
  /** The partition that its producer has chosen without a key; `null`: key or broker choose. */
  readonly partition: number | null;
  /** Which of its producer's connections it was sent over, counted from 1. */
  readonly connection: number;
  fate: Fate;
  /** Where a reader has seen it; from then on it must stay there. */
  seen: Place | null;
}

/** The records of one producer; their numbers are their places in `entries`. */
export class ProducerHistory {
  readonly entries: Entry[] = [];
  connections = 0;

  constructor(readonly index: number) {}

  nameOf(number: number): string {
    return `p${this.index}-${number}`;
  }

  /** Notes that a record is sent, and gives its number. */
  send(
    topic: string,
    hasKey: boolean,
    valueBytes: number,
    partition: number | null = null,
  ): number {
    const { connections: connection } = this;
    const shape = { topic, hasKey, valueBytes, partition };
    this.entries.push({ ...shape, connection, fate: "sent", seen: null });
    return this.entries.length - 1;
  }

  answered(number: number, fate: "acknowledged" | "refused"): void {
    const entry = this.entries[number];
    assert(entry?.fate === "sent", "a record is answered once");
    entry.fate = fate;
  }

  /** The record in full. */
  message(number: number): Message {
    const entry = this.entries[number];
    assert(entry !== undefined, "a record that was sent");
    const name = textBytes(this.nameOf(number));
    const head = textBytes(`${this.nameOf(number)} `);
    const value = new Uint8Array(Math.max(entry.valueBytes, head.length));
    value.set(head);
    const from = (number * 977 + this.index * 131_071) % (filler.length / 2);
    value.set(filler.subarray(from, from + value.length - head.length), head.length);
    return {
      timestamp: timestampBase + number,
      nanoseconds: number % 3 === 0 ? 0 : (number * 7919) % 1_000_000,
      topic: textBytes(entry.topic),
      key: entry.hasKey ? name : new Uint8Array(0),
      value,
    };
  }
}

/** Milliseconds of the first record. */
export const timestampBase = 1_700_000_000_000;
/** The largest value of a load. */
const valueBytesMax = 1024 * 1024;
const filler = randomBytes(seededRandom(1), 2 * valueBytesMax);

/** See the head of this file. */
export class History {
  readonly producers: readonly ProducerHistory[];

  constructor(producers: number) {
    this.producers = Array.from({ length: producers }, (_, index) => new ProducerHistory(index));
  }

  count(fate: Fate): number {
    let count = 0;
    for (const { entries } of this.producers) {
      for (const entry of entries) if (entry.fate === fate) count += 1;
    }
    return count;
  }

  get size(): number {
    return this.producers.reduce((sum, { entries }) => sum + entries.length, 0);
  }
}
