/**
 * Requests of Kafka's protocol from chance: any API and version, rows that make sense more often
 * than not, since what is wrong from the first byte on is refused at the first byte.
 */
import { unreachable } from "../../src/base/assert.ts";
import type { Random } from "../../src/base/random.ts";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import { topicConfigNames } from "../../src/broker/topic-config-table.ts";
import type { Api, Content, Shape } from "../../src/wire/table.ts";
import { batchOf } from "../support/batches.ts";
import { requestFrame, withLength } from "../support/malformed.ts";
import { randomBytes } from "../support/seed.ts";
import { mutated, oneOf } from "./mutate.ts";

export const apiNames = Object.keys(apis) as ApiName[];

/** What a broker of the target knows, by names that requests may use. */
export interface KnownNames {
  readonly topics: readonly string[];
  readonly topicIds: readonly string[];
  readonly groups: readonly string[];
  readonly memberIds: readonly string[];
}

const strangeNames = ["", ".", "a/b", "new", "new-2", "é", "\u0000", "x".repeat(250), "__offsets"];
const configValues = [
  "1",
  "0",
  "-1",
  "compact",
  "delete",
  "compact,delete",
  "65536",
  "gzip",
  "zstd",
];
const protocolTypes = ["consumer", "connect", ""];

/** See the head of this file. */
export class KafkaRows {
  constructor(private readonly known: KnownNames) {}

  /** A request of any API and version, with its length. */
  any(random: Random): Uint8Array {
    return this.request(random, oneOf(random, apiNames));
  }

  request(random: Random, name: ApiName): Uint8Array {
    const { versions, request }: Api = apis[name];
    const [oldest, newest] = versions;
    const version = oldest + random.below(newest - oldest + 1);
    return withLength(requestFrame(name, version, this.#row(random, request.shape, version, 0)));
  }

  #row(random: Random, shape: Shape, version: number, depth: number): object {
    const entries = Object.entries(shape).flatMap(([name, { content, rules }]) => {
      if (version < rules.since || version > rules.until) return [];
      if (rules.tag >= 0 && random.below(2) === 0) return [];
      if (version >= rules.nullableSince && random.below(4) === 0) return [[name, null] as const];
      return [[name, this.#value(random, name, content, version, depth)] as const];
    });
    return Object.fromEntries(entries);
  }

  #value(random: Random, name: string, content: Content, version: number, depth: number): unknown {
    switch (content.kind) {
      case "struct":
        return this.#row(random, content.shape, version, depth + 1);
      case "list": {
        const count = oneOf(random, depth === 0 ? [1, 1, 1, 2, 0, 3] : [1, 1, 2, 0]);
        return Array.from({ length: count }, () =>
          this.#value(random, name, content.element, version, depth + 1),
        );
      }
      case "sized":
        return this.#sized(random, name, content.type);
      case "fixed":
        return this.#fixed(random, name, content.type);
      default:
        return unreachable(content);
    }
  }

  #sized(random: Random, name: string, type: string): unknown {
    if (type === "batches") return [];
    if (type === "records") return anyBatch(random);
    if (type === "bytes") return randomBytes(random, random.below(12));
    if (random.below(12) === 0) return oneOf(random, strangeNames);
    if (/topic|^name$|resourceName/i.test(name)) {
      return oneOf(random, [...this.known.topics, ...topicConfigNames.slice(0, 3), "range"]);
    }
    if (/group(Id)?s?$|key/i.test(name)) return oneOf(random, this.known.groups);
    if (/member/i.test(name)) return oneOf(random, this.known.memberIds);
    if (/instance/i.test(name)) return oneOf(random, ["i", "j"]);
    if (/config/i.test(name)) return oneOf(random, topicConfigNames);
    if (/value/i.test(name)) return oneOf(random, configValues);
    if (/protocolType/.test(name)) return oneOf(random, protocolTypes);
    return oneOf(random, ["", "range", "Stable", "consumer", "1", "text"]);
  }

  #fixed(random: Random, name: string, type: string): unknown {
    if (type === "bool") return random.below(2) === 0;
    if (type === "uuid") return oneOf(random, this.known.topicIds);
    return clamped(numberFor(random, name), type);
  }
}

/** A number that the column of this name may well have. */
function numberFor(random: Random, name: string): number {
  const isStrange = random.below(8) === 0;
  if (isStrange) return oneOf(random, [-1, -2, 127, 0x7fff, 0x7fff_ffff, 2 ** 40, -(2 ** 40)]);
  if (/partition(Index|Id|s)?$|^index$/i.test(name)) return random.below(3);
  if (/count|numPartitions|replicationFactor/i.test(name)) return oneOf(random, [1, 2, 3, -1]);
  if (/timeout|wait/i.test(name)) return oneOf(random, [0, 1, 100, 6_000, 10_000]);
  if (/bytes/i.test(name)) return oneOf(random, [0, 1, 100, 10_000, 1_000_000]);
  if (/acks/.test(name)) return oneOf(random, [-1, 0, 1]);
  if (/type|isolation|operation/i.test(name)) return random.below(5);
  if (/epoch|generation/i.test(name)) return oneOf(random, [-1, 0, 1, 2]);
  if (/session/i.test(name)) return oneOf(random, [0, 0, 1, 2]);
  if (/offset|timestamp/i.test(name)) return oneOf(random, [-2, -1, 0, 1, 5, -3]);
  return oneOf(random, [0, 1, 2, 3, -1]);
}

const widths: Readonly<Record<string, readonly [least: number, most: number]>> = {
  int8: [-128, 127],
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
};

function clamped(value: number, type: string): number {
  const [least, most] = widths[type] ?? [-(2 ** 52), 2 ** 52];
  return Math.min(most, Math.max(least, value));
}

/** A batch, as it should be, or not. */
function anyBatch(random: Random): Uint8Array {
  const compression = oneOf(random, ["none", "none", "gzip", "snappy", "lz4", "zstd"] as const);
  const hasProducer = random.below(3) === 0;
  const producer = { producerId: random.below(3), producerEpoch: 0, baseSequence: random.below(3) };
  const batch = batchOf({
    first: random.below(100),
    count: 1 + random.below(3),
    timestamp: 1_754_705_528_480 - random.below(1_000),
    compression,
    ...(hasProducer ? { producer } : {}),
  });
  return random.below(4) === 0 ? mutated(batch, random) : batch;
}
