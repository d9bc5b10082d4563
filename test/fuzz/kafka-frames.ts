/**
 * Bytes to the Kafka port: a connection gets some requests, most of them with something wrong. It
 * has to answer those it can, in their order, as the tables have it, and to end; and nobody else
 * is the worse for it.
 */
import { visitErrors } from "../../src/kafka/error-count.ts";
import { errorName } from "../../src/kafka/errors.ts";
import type { Random } from "../../src/base/random.ts";
import { type ApiName, apis, isServed } from "../../src/kafka/apis.ts";
import { type Routed, readRequest, routeOf } from "../../src/kafka/dispatch.ts";
import { kafkaFrameBytesMax } from "../../src/limits.ts";
import { Network } from "../../src/net/network.ts";
import { Malformed, Reader } from "../../src/wire/reader.ts";
import type { Api, Row, Shape } from "../../src/wire/table.ts";
import { filledRow, variants } from "../support/fill.ts";
import { KafkaWorld, readAs } from "../support/kafka-world.ts";
import { requestFrame, withLength } from "../support/malformed.ts";
import { randomBytes } from "../support/seed.ts";
import { apiNames, KafkaRows, type KnownNames } from "./kafka-rows.ts";
import { edges, mutated, oneOf } from "./mutate.ts";
import { StreamPeer } from "./stream-peer.ts";
import { Finding, require, type Subject, type Target, withoutNumbers } from "./target.ts";
import { Witness } from "./witness.ts";

const topics = ["t", "u", "compact"];
const groups = ["g", "h"];

/** A broker with three topics, and two groups that have a member each. */
async function openWorld(): Promise<{ world: KafkaWorld; memberIds: string[] }> {
  const rules = { groupsMax: 20, membersMax: 5, groupsBytesMax: 1_000_000 };
  const world = await KafkaWorld.open({ partitionsMax: 40 }, rules);
  await world.topic("t", 2);
  await world.topic("u");
  await world.topic("compact", 1, { "cleanup.policy": "compact" });
  const memberIds: string[] = [];
  for (const groupId of groups) memberIds.push(await memberOf(world, groupId));
  return { world, memberIds };
}

async function memberOf(world: KafkaWorld, groupId: string): Promise<string> {
  const peer = world.connect();
  const protocols = [{ name: "range", metadata: new Uint8Array(4) }];
  const kind = { protocolType: "consumer", protocols, rebalanceTimeoutMs: 100 };
  const join = { groupId, sessionTimeoutMs: 1_800_000, ...kind };
  const { memberId } = await peer.request("JoinGroup", 4, join);
  const { generationId } = await peer.request("JoinGroup", 4, { ...join, memberId });
  const assignments = [{ memberId, assignment: new Uint8Array(4) }];
  await peer.request("SyncGroup", 2, { groupId, generationId, memberId, assignments });
  peer.leave();
  return memberId;
}

/** What every broker of this target knows: chance is the same in all of them. */
async function namesKnown(): Promise<KnownNames> {
  const { world, memberIds } = await openWorld();
  const topicIds = topics.map((name) => world.broker.topic(name)?.id ?? "");
  await world.close();
  return { topics, topicIds, groups, memberIds: ["", ...memberIds] };
}

/** One request of an input, as it should be answered. */
interface Expected {
  readonly routed: Routed;
  readonly correlationId: number;
  readonly version: number;
  /** A Produce that wants no answer. */
  readonly isSilent: boolean;
}

/** The requests up to the first one that can only end the connection. */
function requestsIn(input: Uint8Array): Expected[] {
  const found: Expected[] = [];
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  for (let at = 0; at + 4 <= input.length;) {
    const length = view.getUint32(at);
    const end = at + 4 + length;
    if (length === 0 || length > kafkaFrameBytesMax || end > input.length) break;
    const routed = routeOf(view, at + 4, end);
    if (typeof routed === "string") break;
    const read = readRequest(Reader.of(input.subarray(at + 4, end)), routed);
    if (read instanceof Malformed) break;
    const { correlationId, request } = read;
    const { api, name } = routed.route;
    const version = isServed(api, routed.apiVersion) ? routed.apiVersion : 0;
    const isSilent = name === "Produce" && request["acks"] === 0;
    found.push({ routed, correlationId, version, isSilent });
    at = end;
  }
  return found;
}

/** Those whose waits end with the connection, unanswered. */
const abandoned: ReadonlySet<ApiName> = new Set(["JoinGroup", "SyncGroup"]);

/** Holds the answers against the requests; each with its errors. */
function outcomeOf(requests: readonly Expected[], answered: Uint8Array): string[] {
  const words: string[] = [];
  const view = new DataView(answered.buffer, answered.byteOffset, answered.byteLength);
  let at = 0;
  let mayEnd = false;
  for (const { routed, correlationId, version, isSilent } of requests) {
    const { name, api } = routed.route;
    // Where a Produce that wants no answer fails, the connection ends.
    mayEnd ||= isSilent || abandoned.has(name);
    if (isSilent) continue;
    if (at === answered.length && mayEnd) return words;
    require(at + 8 <= answered.length, () => `${name} ${version} has no answer`);
    const end = at + 4 + view.getInt32(at);
    require(end >= at + 8 && end <= answered.length, () => `the answer to ${name} is cut off`);
    const id = view.getInt32(at + 4);
    require(id === correlationId, () => `${id} is answered where ${correlationId} is due`);
    words.push(`${name}/${version}${errorsIn(api, version, answered.subarray(at + 4, end))}`);
    at = end;
  }
  require(at === answered.length, () => `${answered.length - at} bytes more are answered`);
  return words;
}

function errorsIn(api: Api, version: number, bytes: Uint8Array): string {
  const errors = new Set<string>();
  try {
    const row = readAs(api, version, bytes) as Row<Shape>;
    visitErrors(api.response.shape, row, (code) => errors.add(errorName(code) ?? `${code}?`));
  } catch (error) {
    throw new Finding(`the answer of ${api.name} ${version} can't be read: ${String(error)}`);
  }
  return errors.size === 0 ? "" : `:${[...errors].sort().join("+")}`;
}

/** A broker, and its Kafka port. */
class KafkaSubject implements Subject {
  readonly #network: Network;
  #events = 0;

  private constructor(
    private readonly world: KafkaWorld,
    private readonly witness: Witness,
  ) {
    const { clock, logger } = world.base;
    this.#network = new Network({ clock, logger });
  }

  static async open(): Promise<KafkaSubject> {
    const { world } = await openWorld();
    return new KafkaSubject(world, await Witness.open(world));
  }

  async take(input: Uint8Array): Promise<readonly string[]> {
    const { base, protocol } = this.world;
    const peer = new StreamPeer(this.#network, protocol, base.clock);
    await peer.send(input);
    const requests = requestsIn(input);
    const outcome = outcomeOf(requests, peer.answered);
    const isAbandoned = requests.some(({ routed }) => abandoned.has(routed.route.name));
    const { heldBytes } = peer;
    require(isAbandoned || heldBytes === 0, () => `${heldBytes} bytes are held at the end`);
    const told = this.#toldSince();
    const held = [
      this.#network.budget.used,
      protocol.services.fetchBudget.used,
      protocol.services.fetchSessions.partitions,
    ];
    require(held.every((count) => count === 0), () => `still held: ${held.join()}`);
    return [...outcome, ...told];
  }

  async close(): Promise<void> {
    await this.witness.close();
    this.#toldSince();
  }

  /** Why connections have ended; nothing that is an error may have been logged. */
  #toldSince(): readonly string[] {
    const { events } = this.world.base.logger;
    const since = events.slice(this.#events);
    this.#events = events.length;
    const defect = since.find(({ level }) => level === "error");
    if (defect !== undefined) {
      throw new Finding(`${defect.event}: ${JSON.stringify(defect.fields).slice(0, 1_000)}`);
    }
    return since.flatMap(({ event, fields }) =>
      event === "kafka request refused" ? [withoutNumbers(String(fields["reason"]))] : [],
    );
  }
}

/** Every request there is, filled by a rule, then cut off at each byte. */
function* systematic(): Generator<Uint8Array> {
  for (const name of apiNames) {
    const { versions, request }: Api = apis[name];
    for (let version = versions[0]; version <= versions[1]; version++) {
      for (const variant of variants) {
        const frame = withLength(requestFrame(name, version, filledRow(request, version, variant)));
        yield frame;
        // With the length that it had, and with the one that it has.
        for (let end = 4; end < frame.length; end++) yield withLength(frame.slice(4, end));
        yield* wrongLengths(frame);
      }
    }
    for (const version of [-1, versions[0] - 1, versions[1] + 1, 0x7fff, -0x8000]) {
      const frame = requestFrame(name, versions[1], {});
      new DataView(frame.buffer).setInt16(2, version);
      yield withLength(frame);
    }
  }
}

/** Each number of four bytes that may be a length, or a count, and promises something. */
function* wrongLengths(frame: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(frame.buffer);
  for (let at = 12; at + 4 <= frame.length; at++) {
    const value = view.getInt32(at);
    if (value < 0 || value > frame.length) continue;
    for (const wrong of [-1, 0x7fff_ffff, value + 1]) {
      const copy = frame.slice();
      new DataView(copy.buffer).setInt32(at, wrong);
      yield copy;
    }
  }
}

/** Says of the only frame of an input what its length is. */
function withTrueLength(input: Uint8Array): Uint8Array {
  const copy = input.slice();
  if (copy.length > 4) new DataView(copy.buffer).setInt32(0, copy.length - 4);
  return copy;
}

/** The target; see the head of this file. */
export async function kafkaFrames(): Promise<Target> {
  const rows = new KafkaRows(await namesKnown());
  const generate = (random: Random, kept: readonly Uint8Array[]): Uint8Array => {
    const way = random.below(16);
    if (way === 0) return withLength(randomBytes(random, random.below(80)));
    if (way === 1) return mutated(rows.any(random), random, kept);
    if (way < 5 && kept.length > 0) return mutated(oneOf(random, kept), random, kept);
    if (way < 10) return withTrueLength(mutated(rows.any(random), random, kept));
    const frames = Array.from({ length: 1 + random.below(5) }, () => {
      const frame = rows.any(random);
      return random.below(6) === 0 ? withTrueLength(mutated(frame, random, kept)) : frame;
    });
    if (random.below(20) === 0) frames.push(withLength(frames[0]!, oneOf(random, edges)));
    return new Uint8Array(Buffer.concat(frames));
  };
  return {
    name: "kafka-frames",
    inputsPerSubject: 400,
    // A packed batch may grow to 16 MiB in the second of two attempts; a cache begins with 1 MiB.
    allocatedBytesMax: 24 * 1024 * 1024,
    systematic,
    generate,
    open: () => KafkaSubject.open(),
  };
}
