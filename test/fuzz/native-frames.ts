/**
 * Bytes to Obelisk's own port. Each frame has one reply, in order, as a decoder of this file
 * expects it, and what was answered `OK` is in the log, as it was sent, and nothing else.
 */
import type { Random } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { nativeFrameBytesMax } from "../../src/limits.ts";
import { NativeProtocol } from "../../src/native/protocol.ts";
import { Network } from "../../src/net/network.ts";
import { viewOf } from "../../src/record/batch.ts";
import { openRecords } from "../../src/record/records.ts";
import { encodeFrame } from "../../src/native/frame.ts";
import { KafkaWorld } from "../support/kafka-world.ts";
import { unwrap } from "../support/log-world.ts";
import { randomBytes } from "../support/seed.ts";
import { edges, mutated, oneOf } from "./mutate.ts";
import { StreamPeer } from "./stream-peer.ts";
import { Finding, require, type Subject, type Target } from "./target.ts";
import { batchesIn, Witness } from "./witness.ts";

const utf8 = new TextEncoder();
/** A topic as a record's key tells it, its key, its value, and its time in nanoseconds. */
type Told = string;

const told = (topic: string, key: Uint8Array, value: Uint8Array, nanoseconds: bigint): Told =>
  `${topic} ${key.toHex()} ${value.toHex()} ${nanoseconds}`;

/** What a frame is to be answered; `null`: what it is depends on the broker. */
interface Expected {
  readonly reply: "CORRUPTED" | "INVALID_FORMAT" | "PROTOCOL_ERROR" | "PUBLISH_FAILED" | null;
  readonly told: Told | null;
}

const refused = (reply: NonNullable<Expected["reply"]>): Expected => ({ reply, told: null });

/** The frames of an input, decoded here anew. */
function framesIn(input: Uint8Array): Expected[] {
  const found: Expected[] = [];
  const view = viewOf(input);
  for (let at = 0; at + 4 <= input.length;) {
    const length = view.getUint32(at, true);
    const end = at + 4 + length;
    if (length > nativeFrameBytesMax) return [...found, refused("PROTOCOL_ERROR")];
    if (end > input.length) break;
    found.push(length === 0 ? refused("CORRUPTED") : decoded(input.subarray(at + 4, end)));
    at = end;
  }
  return found;
}

function decoded(payload: Uint8Array): Expected {
  const view = viewOf(payload);
  const parts: Uint8Array[] = [];
  let at = 8;
  while (parts.length < 3) {
    if (at + 4 > payload.length) return refused("INVALID_FORMAT");
    const to = at + 4 + view.getUint32(at, true);
    if (to > payload.length) return refused("INVALID_FORMAT");
    parts.push(payload.subarray(at + 4, to));
    at = to;
  }
  if (at !== payload.length) return refused("INVALID_FORMAT");
  const [topic, key, value] = parts as [Uint8Array, Uint8Array, Uint8Array];
  if (topic.length > 249) return refused("PUBLISH_FAILED");
  const name = Buffer.from(topic).toString("utf8");
  if (!Buffer.from(name, "utf8").equals(topic)) return refused("INVALID_FORMAT");
  if (!/^[\w.-]+$/.test(name) || name === "." || name === "..") return refused("PUBLISH_FAILED");
  return { reply: null, told: told(name, key, value, view.getBigInt64(0, true)) };
}

class NativeSubject implements Subject {
  readonly #network: Network;
  readonly #protocol: NativeProtocol;
  readonly #stored = new Map<Told, number>();

  private constructor(
    private readonly world: KafkaWorld,
    private readonly witness: Witness,
  ) {
    const { clock, logger } = world.base;
    this.#network = new Network({ clock, logger });
    this.#protocol = new NativeProtocol(world.broker, clock);
  }

  static async open(): Promise<NativeSubject> {
    const world = await KafkaWorld.open({ partitionsMax: 20 });
    await world.topic("t", 3);
    await world.topic("compact", 1, { "cleanup.policy": "compact" });
    await world.topic("small", 1, { "max.message.bytes": "200" });
    return new NativeSubject(world, await Witness.open(world));
  }

  async take(input: Uint8Array): Promise<readonly string[]> {
    const { clock, logger } = this.world.base;
    const peer = new StreamPeer(this.#network, this.#protocol, clock);
    await peer.send(input);
    const replies = Buffer.from(peer.answered).toString("latin1").split("\n");
    require(replies.pop() === "", () => "the last reply is cut off");
    const frames = framesIn(input);
    const counts = `${replies.length} replies to ${frames.length} frames`;
    require(replies.length === frames.length, () => counts);
    frames.forEach((frame, at) => this.#judge(frame, replies[at]!));
    const held = peer.heldBytes + this.#network.budget.used;
    require(held === 0, () => `${held} bytes are held at the end`);
    const defect = logger.events.find(({ level }) => level === "error");
    if (defect !== undefined) throw new Finding(`${defect.event} ${JSON.stringify(defect.fields)}`);
    return [...new Set(replies)].map(
      (reply, at) => `${at} ${reply} of ${Math.min(9, frames.length)}`,
    );
  }

  async close(): Promise<void> {
    const found = new Map<Told, number>();
    for (const one of await this.#read()) found.set(one, (found.get(one) ?? 0) + 1);
    for (const [one, count] of this.#stored) {
      require(found.get(one) === count, () =>
        `${count} times OK, ${found.get(one) ?? 0} found: ${one}`);
    }
    for (const one of found.keys()) require(this.#stored.has(one), () => `never OK: ${one}`);
    await this.witness.close();
  }

  #judge({ reply, told: sent }: Expected, answered: string): void {
    if (reply !== null) {
      return require(answered === `NACK:${reply}`, () => `${answered} where ${reply} is due`);
    }
    if (answered === "OK") this.#stored.set(sent!, (this.#stored.get(sent!) ?? 0) + 1);
    else require(answered === "NACK:PUBLISH_FAILED", () => `${answered} to a good frame`);
  }

  /** All records of all topics but the witness's. */
  async #read(): Promise<Told[]> {
    const found: Told[] = [];
    for (const { name, partitions } of this.world.broker.topics()) {
      if (name.startsWith("witness")) continue;
      for (const { log } of partitions) {
        for (let at = log.startOffset; at < log.visibleOffset;) {
          const { chunks, nextOffset } = unwrap(await log.read(at, 1_000_000));
          for (const batch of batchesIn(chunks)) found.push(...recordsOf(name, batch));
          at = nextOffset;
        }
      }
    }
    return found;
  }
}

const none = new Uint8Array(0);

function recordsOf(topic: string, batch: Uint8Array): Told[] {
  const found: Told[] = [];
  const records = openRecords(batch, viewOf(batch), 0);
  if (records instanceof Refusal) throw new Finding(records.message);
  while (records.next()) {
    const { key, value, timestamp, headers } = records.record();
    const [header] = headers;
    const rest = header?.value ? viewOf(header.value).getUint32(header.value.length - 4) : 0;
    found.push(
      told(topic, key ?? none, value ?? none, BigInt(timestamp) * 1_000_000n + BigInt(rest)),
    );
  }
  return found;
}

const names = [
  "t",
  "t",
  "t",
  "compact",
  "small",
  "new",
  "other",
  ".",
  "a b",
  "é",
  "x".repeat(250),
  "",
];

function anyFrame(random: Random): Uint8Array {
  const strange = [0, -1, 1, 2 ** 43, -(2 ** 40)];
  return encodeFrame({
    timestamp: random.below(4) === 0 ? oneOf(random, strange) : 1_754_705_528_000,
    nanoseconds: random.below(2) === 0 ? 0 : random.below(1_000_000),
    topic: utf8.encode(oneOf(random, names)),
    key: randomBytes(random, random.below(4)),
    value: randomBytes(random, random.below(random.below(20) === 0 ? 400 : 20)),
  });
}

/** Says of the first frame of an input what its length is. */
function withTrueLength(input: Uint8Array): Uint8Array {
  const copy = input.slice();
  if (copy.length > 4) viewOf(copy).setUint32(0, copy.length - 4, true);
  return copy;
}

function generate(random: Random, kept: readonly Uint8Array[]): Uint8Array {
  const way = random.below(10);
  if (way === 0) return randomBytes(random, random.below(80));
  if (way === 1) return mutated(anyFrame(random), random, kept);
  if (way < 4 && kept.length > 0) return mutated(oneOf(random, kept), random, kept);
  const frames = Array.from({ length: 1 + random.below(8) }, () => {
    const frame = anyFrame(random);
    if (random.below(30) === 0) return new Uint8Array(4);
    return random.below(3) === 0 ? withTrueLength(mutated(frame, random, kept)) : frame;
  });
  return new Uint8Array(Buffer.concat(frames));
}

/** One frame, cut off at each byte, and with each length wrong in some way. */
function* systematic(): Generator<Uint8Array> {
  const [topic, key, value] = [utf8.encode("t"), utf8.encode("key"), utf8.encode("value")];
  const frame = encodeFrame({ timestamp: 1_754_705_528_000, nanoseconds: 7, topic, key, value });
  for (let end = 0; end <= frame.length; end++) {
    yield frame.slice(0, end);
    yield withTrueLength(frame.slice(0, end));
  }
  for (let at = 0; at + 4 <= frame.length; at++) {
    for (const edge of edges) {
      const copy = frame.slice();
      viewOf(copy).setInt32(at, edge, true);
      yield copy;
    }
  }
}

/** The target; see the head of this file. */
export function nativeFrames(): Promise<Target> {
  return Promise.resolve({
    name: "native-frames",
    inputsPerSubject: 400,
    allocatedBytesMax: 4 * 1024 * 1024,
    systematic,
    generate,
    open: () => NativeSubject.open(),
  });
}
