import { describe, expect, test } from "bun:test";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import type { DeliveryError } from "../../../src/client/kafka/delivery-error.ts";
import { Delivery, DeliveryGroup } from "../../../src/client/kafka/delivery.ts";
import { BuilderPool, ProducerBatch } from "../../../src/client/kafka/producer-batch.ts";
import type { EncodedRecord } from "../../../src/client/kafka/producer-record.ts";
import { Refusal } from "../../../src/base/refusal.ts";
import { checkBatch, type Compression, readHeader, viewOf } from "../../../src/record/batch.ts";
import { openRecords } from "../../../src/record/records.ts";

const utf8 = new TextEncoder();

/** A batch, and what its callers are told. */
class World {
  readonly told: string[] = [];
  readonly builders = new BuilderPool();
  readonly batch: ProducerBatch;

  constructor(bytesMax = 10_000, compression: Compression = "none") {
    const { builders } = this;
    const place = { topic: "orders", partition: 3 };
    const parts = { ...place, compression, builders, deadline: 100, lingersUntil: 0 };
    this.batch = new ProducerBatch(parts, bytesMax);
  }

  append(value: string): boolean {
    const bytes = value.length + 36;
    const content = { key: null, value: utf8.encode(value) };
    const headers = [{ key: "h", value: null }];
    const record: EncodedRecord = {
      topic: "orders",
      partition: 3,
      timestamp: 7,
      headers,
      ...content,
      bytes,
    };
    const delivery = new Delivery([record], 0, new DeliveryGroup(), (error, metadata) => {
      const end = error === null ? `${metadata?.offset} at ${metadata?.timestamp}` : error.code;
      this.told.push(`${value}: ${end}${told(error)}`);
    });
    return this.batch.append(record, delivery, 0);
  }
}

const told = (error: DeliveryError | null): string => (error?.mayBeStored ? "?" : "");

function valuesOf(bytes: Uint8Array): string[] {
  const view = viewOf(bytes);
  expect(checkBatch(bytes, view, 0, bytes.length, Infinity)).toBeNull();
  const records = openRecords(bytes, view, 0);
  if (records instanceof Refusal) throw new Error(records.message);
  const values: string[] = [];
  while (records.next()) values.push(new TextDecoder().decode(records.record().value ?? undefined));
  return values;
}

const number = { producerId: 9, producerEpoch: 2, baseSequence: 40 };

describe("its bytes", () => {
  test("are what was appended, until it is full or closed", () => {
    const world = new World(150);
    const { batch } = world;
    expect(world.append("a".repeat(40))).toBe(true);
    expect(world.append("b".repeat(60))).toBe(false);
    batch.close();
    expect(valuesOf(batch.built())).toEqual(["a".repeat(40)]);
    expect(batch.bytes).toBe(batch.built().length);
  });

  test("are made anew when its numbers change: what is on its way is not touched", () => {
    const world = new World();
    world.append("a");
    world.batch.close();
    world.batch.number = number;
    const first = world.batch.built();
    const copy = first.slice();
    expect(world.batch.built()).toBe(first);
    world.batch.number = { producerId: 9, producerEpoch: 3, baseSequence: 0 };
    const second = world.batch.built();
    expect(first).toEqual(copy);
    expect(readHeader(viewOf(first), 0)).toMatchObject(number);
    expect(readHeader(viewOf(second), 0)).toMatchObject(world.batch.number);
    expect(valuesOf(second)).toEqual(["a"]);
  });

  test("don't lie in what the next batch is written to", () => {
    const world = new World();
    world.append("a");
    world.batch.close();
    const bytes = world.batch.built();
    const copy = bytes.slice();
    const builder = world.builders.take(10_000);
    builder.append({ timestamp: 0, key: null, value: utf8.encode("other") });
    expect(bytes).toEqual(copy);
  });
});

describe("its end", () => {
  test("tells each caller its offset", () => {
    const world = new World();
    for (const value of ["a", "b"]) world.append(value);
    world.batch.close();
    world.batch.succeed(10, -1);
    world.batch.fail(new ClientError("CLOSED", "too late"), true);
    expect(world.told).toEqual(["a: 10 at 7", "b: 11 at 7"]);
  });

  test("has no offsets where the broker tells none, and the log's time where it does", () => {
    const world = new World();
    for (const value of ["a", "b"]) world.append(value);
    world.batch.succeed(-1, 88);
    expect(world.told).toEqual(["a: -1 at 88", "b: -1 at 88"]);
  });

  test("may be bad, and gives its builder back", () => {
    const world = new World();
    world.append("a");
    world.batch.fail(new ClientError("TIMED_OUT", "no answer"), true);
    expect(world.told).toEqual(["a: TIMED_OUT?"]);
    expect(world.builders.take(100).recordsCount).toBe(0);
  });
});

describe("halves", () => {
  for (const compression of ["none", "lz4"] as const) {
    test(`have its records, callers and room; compression ${compression}`, () => {
      const world = new World(10_000, compression);
      for (const value of ["a", "b", "c", "d", "e"]) world.append(value.repeat(30));
      world.batch.close();
      const [first, second] = world.batch.split();
      expect(valuesOf(first.built()).map((value) => value[0] ?? "")).toEqual(["a", "b"]);
      expect(valuesOf(second.built()).map((value) => value[0] ?? "")).toEqual(["c", "d", "e"]);
      expect(first.heldBytes + second.heldBytes).toBe(world.batch.heldBytes);
      second.succeed(12, -1);
      first.succeed(10, -1);
      expect(world.told.map((line) => line.replace(/^(.)\1*/, "$1"))).toEqual([
        "c: 12 at 7",
        "d: 13 at 7",
        "e: 14 at 7",
        "a: 10 at 7",
        "b: 11 at 7",
      ]);
    });
  }
});
