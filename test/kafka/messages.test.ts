import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { apis } from "../../src/kafka/apis.ts";
import { RequestHeader, ResponseHeader } from "../../src/kafka/headers.ts";
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from "../../src/kafka/messages/consumer-protocol.ts";
import { codec } from "../../src/wire/codec.ts";
import { Malformed, Reader } from "../../src/wire/reader.ts";
import type { Row, Shape, Table } from "../../src/wire/table.ts";
import { Writer } from "../../src/wire/writer.ts";
import type { Random } from "../../src/base/random.ts";
import { filledRow, variants } from "../support/fill.ts";
import { readGolden } from "../support/golden.ts";
import { bytesOf } from "../support/hex.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";

/** Every message of ours. */
const tables: readonly Table[] = [
  ...Object.values(apis).flatMap(({ request, response }): Table[] => [request, response]),
  RequestHeader,
  ResponseHeader,
  ConsumerProtocolSubscription,
  ConsumerProtocolAssignment,
];

/** One message in one version, filled. */
interface Case {
  readonly name: string;
  readonly table: Table;
  readonly version: number;
  readonly row: Row<Shape>;
}

const cases: readonly Case[] = tables.flatMap((table) => {
  const [oldest, newest] = table.versions;
  const versions = Array.from({ length: newest - oldest + 1 }, (_, index) => oldest + index);
  return versions.flatMap((version) =>
    variants.map((variant): Case => {
      const row = filledRow(table, version, variant) as Row<Shape>;
      return { name: `${table.name} ${version} ${variant}`, table, version, row };
    }),
  );
});

/** Kafka's own bytes by name, from all files of messages. */
const golden = new Map<string, Uint8Array>();
for (const file of readdirSync(join(import.meta.dir, "..", "golden", "wire"))) {
  const lines = readGolden(`wire/${file}`).matchAll(/^(\w+ \d+ (?:full|bare)):(.*)$/gm);
  for (const [, name = "", hex = ""] of lines) golden.set(name, bytesOf(hex));
}

const writer = new Writer();

function written({ table, version }: Case, row: Row<Shape>): Uint8Array {
  writer.begin();
  codec(table, version).write(writer, row);
  return new Uint8Array(Buffer.concat(writer.finish()).subarray(4));
}

const read = ({ table, version }: Case, reader: Reader): Row<Shape> | Malformed =>
  codec(table, version).read(reader);

test("Kafka's own bytes are there for each message and version, and for no other", () => {
  expect([...golden.keys()].sort()).toEqual(cases.map(({ name }) => name).sort());
});

test("each message and version is read from Kafka's own bytes, to the last of them", () => {
  for (const each of cases) {
    const reader = Reader.of(golden.get(each.name)!);
    expect([each.name, read(each, reader)]).toEqual([each.name, each.row]);
    expect([each.name, reader.at]).toEqual([each.name, reader.end]);
  }
});

test("each message and version is written in Kafka's own bytes", () => {
  for (const each of cases) {
    const bytes = written(each, each.row).toHex();
    expect([each.name, bytes]).toEqual([each.name, golden.get(each.name)!.toHex()]);
  }
});

test("a message that ends anywhere too early is malformed", () => {
  for (const each of cases) {
    const whole = golden.get(each.name)!;
    for (let length = 0; length < whole.length; length++) {
      const row = read(each, Reader.of(whole.subarray(0, length)));
      if (row instanceof Malformed) continue;
      expect(`${each.name}: ${length} of ${whole.length} bytes`).toBe("malformed");
    }
  }
});

test("what is damaged is malformed, or another message that can be written and read again", () => {
  const random = randomForTest();
  for (const each of cases) {
    for (let round = 0; round < rounds(20, 300); round++) {
      const damaged = damage(random, golden.get(each.name)!);
      const reader = Reader.of(damaged);
      const row = read(each, reader);
      // Elements have a byte each at least: no count was believed that the bytes don't bear out.
      const believed = reader.elements > damaged.length ? "too many elements" : "";
      const again = row instanceof Malformed ? row : read(each, Reader.of(written(each, row)));
      if (believed === "" && Bun.deepEquals(again, row)) continue;
      expect([each.name, damaged.toHex(), believed, again]).toEqual([each.name, "", "", row]);
    }
  }
});

/** A few runs of bytes taken out, and others put in their places. */
function damage(random: Random, bytes: Uint8Array): Uint8Array {
  let damaged = bytes;
  for (let left = 1 + random.below(3); left > 0; left--) {
    const from = random.below(damaged.length + 1);
    const to = Math.min(damaged.length, from + random.below(2) * random.below(9));
    const put = random.below(9);
    const next = new Uint8Array(damaged.length - (to - from) + put);
    next.set(damaged.subarray(0, from));
    for (let at = from; at < from + put; at++) next[at] = byteOf(random);
    next.set(damaged.subarray(to), from + put);
    damaged = next;
  }
  return damaged;
}

/** Often one that makes a length absurd, or the sign of one. */
function byteOf(random: Random): number {
  const edges = [0x00, 0x01, 0x7f, 0x80, 0xff];
  return random.below(2) === 0 ? random.below(256) : edges[random.below(edges.length)]!;
}
