/** What a topic's configuration makes of sound batches, and of unsound records in them. */
import { describe, expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { writeVarint } from "../../src/base/varint.ts";
import { admit, type Admitted, RecordsRefused } from "../../src/broker/batch-rules.ts";
import type { RawConfig } from "../../src/broker/config-change.ts";
import { batchRulesOf, topicConfigOf } from "../../src/broker/topic-config.ts";
import { batchBytesMax, decompressedBytesMax, recordErrorsMax } from "../../src/limits.ts";
import {
  attribute,
  checkBatch,
  compressionNames,
  compressionOf,
  readHeader,
  seal,
  viewOf,
} from "../../src/record/batch.ts";
import { BatchBuilder } from "../../src/record/builder.ts";
import { compress } from "../../src/record/compression.ts";
import { type BatchShape, batchOf, numbersIn } from "../support/batches.ts";
import { unwrap } from "../support/log-world.ts";

/** The time when everything here is appended. */
const now = 1_754_705_528_480;
const hourMs = 3_600_000;

/** A batch of records of now. */
const recent = (shape: Partial<BatchShape> = {}): Uint8Array =>
  batchOf({ first: 0, count: 3, timestamp: now, ...shape });

function admitted(raw: RawConfig, batch: Uint8Array, isTrusted = false): Admitted | Refusal {
  const rules = batchRulesOf("orders", unwrap(topicConfigOf(raw)));
  return admit(batch, readHeader(viewOf(batch), 0), rules, now, isTrusted);
}

const codeOf = (answer: Admitted | Refusal): string =>
  answer instanceof Refusal ? answer.code : "taken";

/** Expects a sound batch with the same records, and returns its header. */
function sound(answer: Admitted | Refusal, numbers: number[]) {
  const { batch } = unwrap(answer);
  const view = viewOf(batch);
  expect(checkBatch(batch, view, 0, batch.length, batchBytesMax)).toBeNull();
  expect(numbersIn([batch])).toEqual(numbers);
  return readHeader(view, 0);
}

/** A batch whose records are these bytes, in this codec, and whose checksum holds. */
function batchAround(records: Uint8Array, codec: "none" | "gzip", count: number): Uint8Array {
  const body = codec === "none" ? records : compress(codec, records);
  const bytes = new Uint8Array(61 + body.length);
  bytes.set(batchOf({ first: 0, timestamp: now }).subarray(0, 61));
  bytes.set(body, 61);
  const view = viewOf(bytes);
  view.setInt32(8, bytes.length - 12);
  view.setInt16(21, compressionNames.indexOf(codec));
  view.setInt32(23, count - 1);
  view.setInt32(57, count);
  seal(bytes, view, 0);
  return bytes;
}

test.each(compressionNames)("a batch that breaks no rule is stored as it is: %s", (codec) => {
  const batch = recent({ count: 50, compression: codec });
  expect(unwrap(admitted({}, batch))).toEqual({ batch, maxTimestamp: now + 49 });
  expect(unwrap(admitted({}, batch)).batch).toBe(batch);
});

describe("records that are not what the header says are refused, packed or not:", () => {
  const records = recent().subarray(61);
  test.each([
    ["too few", records, 4],
    ["too many", records, 2],
    ["cut short", records.subarray(0, -1), 3],
    ["a byte more", new Uint8Array([...records, 0]), 3],
    ["none", new Uint8Array(0), 3],
    ["no records at all", new Uint8Array(40).fill(0xff), 3],
    ["a million in nothing", records, 1_000_000],
  ])("%s", (_, bytes, count) => {
    expect(codeOf(admitted({}, batchAround(bytes, "none", count)))).toBe("INVALID_RECORD");
    expect(codeOf(admitted({}, batchAround(bytes, "gzip", count)))).toBe("INVALID_RECORD");
  });

  test("packed in what is none of the codec", () => {
    const bytes = batchAround(records, "none", 3);
    const view = viewOf(bytes);
    for (const codec of [1, 2, 3, 4]) {
      view.setInt16(21, codec);
      seal(bytes, view, 0);
      expect(codeOf(admitted({}, bytes))).toBe("INVALID_RECORD");
    }
  });

  test.each(["gzip", "snappy", "lz4", "zstd"] as const)(
    "a bomb of %s goes off in nobody's memory",
    (codec) => {
      const bomb = compress(codec, new Uint8Array(decompressedBytesMax));
      const bytes = batchAround(bomb, "none", 1);
      const view = viewOf(bytes);
      view.setInt16(21, compressionNames.indexOf(codec));
      seal(bytes, view, 0);
      expect(codeOf(admitted({}, bytes))).toBe("MESSAGE_TOO_LARGE");
    },
  );

  test("what was built here is believed", () => {
    expect(codeOf(admitted({}, batchAround(records, "none", 4), true))).toBe("taken");
  });
});

describe("cleanup.policy=compact", () => {
  const raw = { "cleanup.policy": "compact" };
  const builder = new BatchBuilder();
  for (const [at, key] of [null, "a", null, ""].entries()) {
    const bytes = key === null ? null : new TextEncoder().encode(key);
    builder.append({ timestamp: now + at, key: bytes, value: null });
  }
  const mixed = builder.build();

  test("refuses records without a key, and names them; an empty key is one", () => {
    const refused = admitted(raw, mixed);
    expect(refused).toBeInstanceOf(RecordsRefused);
    const message = "topic orders is compacted: every record needs a key";
    expect(refused).toMatchObject({
      code: "INVALID_RECORD",
      message: `record 0 is refused: ${message} (and 1 others)`,
      recordErrors: [
        { batchIndex: 0, message },
        { batchIndex: 2, message },
      ],
    });
  });

  test("also of what was built here, and of packed batches", () => {
    expect(codeOf(admitted(raw, mixed, true))).toBe("INVALID_RECORD");
    const packed = recent({ count: 50, isKeyless: true, compression: "zstd" });
    expect(codeOf(admitted(raw, packed))).toBe("INVALID_RECORD");
    expect(codeOf(admitted(raw, recent({ count: 50, compression: "zstd" })))).toBe("taken");
  });

  test("names so many, and counts the rest", () => {
    const refused = admitted(raw, recent({ count: 500, isKeyless: true }));
    expect(refused instanceof RecordsRefused && refused.recordErrors.length).toBe(recordErrorsMax);
    expect(String(refused)).toContain("(and 499 others)");
  });

  test("without it any record is taken", () => {
    expect(codeOf(admitted({}, mixed))).toBe("taken");
  });
});

describe("timestamps", () => {
  const at = (timestamp: number): Uint8Array => recent({ count: 1, timestamp });

  test.each([
    ["an hour ahead", now + hourMs, "taken"],
    ["more than an hour ahead", now + hourMs + 1, "INVALID_TIMESTAMP"],
    ["in nanoseconds, by mistake", now * 1e3, "INVALID_TIMESTAMP"],
    ["of 1970", 0, "taken"],
    ["of before 1970", -5, "taken"],
    ["none", -1, "taken"],
  ])("by default may be one hour ahead and any time back: %s", (_, timestamp, expected) => {
    expect(codeOf(admitted({}, at(timestamp)))).toBe(expected);
    expect(codeOf(admitted({}, at(timestamp), true))).toBe(expected);
  });

  const bounds = {
    "message.timestamp.before.max.ms": "1000",
    "message.timestamp.after.max.ms": "500",
  };
  test.each([
    [now - 1001, "INVALID_TIMESTAMP"],
    [now - 1000, "taken"],
    [now + 500, "taken"],
    [now + 501, "INVALID_TIMESTAMP"],
    [-1, "taken"],
  ])("follow both bounds where they are set: %p", (timestamp, expected) => {
    expect(codeOf(admitted(bounds, at(timestamp)))).toBe(expected);
    expect(codeOf(admitted(bounds, at(timestamp), true))).toBe(expected);
  });

  test("may be any where both say so", () => {
    const unbounded = { "message.timestamp.after.max.ms": "9223372036854775807" };
    expect(codeOf(admitted(unbounded, at(now * 1000)))).toBe("taken");
  });

  test("that are wrong are named by their records, and name the refusal", () => {
    const batch = recent({ count: 3, timestamp: now + 499 });
    expect(admitted(bounds, batch)).toMatchObject({
      code: "INVALID_TIMESTAMP",
      recordErrors: [{ batchIndex: 2 }],
    });
    expect(String(admitted(bounds, batch))).toContain(
      `timestamp ${now + 501} is not between ${now - 1000} and ${now + 500}`,
    );
  });

  test("of which the header names the wrong newest one, are put right", () => {
    for (const [claimed, codec] of [
      [now + 99, "none"],
      [now - 99, "zstd"],
    ] as const) {
      const batch = recent({ count: 50, compression: codec });
      const view = viewOf(batch);
      view.setBigInt64(35, BigInt(claimed));
      seal(batch, view, 0);
      const header = sound(admitted({}, batch), [...Array(50).keys()]);
      expect(header.maxTimestamp).toBe(now + 49);
      // The caller's bytes are not touched.
      expect(readHeader(view, 0).maxTimestamp).toBe(claimed);
    }
  });
});

describe("message.timestamp.type=LogAppendTime", () => {
  const raw = { "message.timestamp.type": "LogAppendTime" };

  test.each(compressionNames)("stamps the time of the append, inside the checksum: %s", (codec) => {
    const batch = recent({ count: 50, compression: codec, timestamp: 5 });
    const answer = admitted(raw, batch);
    const header = sound(answer, [...Array(50).keys()]);
    expect(header.attributes & attribute.logAppendTime).not.toBe(0);
    expect(compressionOf(header.attributes)).toBe(codec);
    expect(header.maxTimestamp).toBe(now);
    expect(unwrap(answer).maxTimestamp).toBe(now);
    expect(readHeader(viewOf(batch), 0).attributes & attribute.logAppendTime).toBe(0);
  });

  test("does not mind what the producer's clock says", () => {
    expect(codeOf(admitted(raw, recent({ timestamp: now * 10 })))).toBe("taken");
    expect(codeOf(admitted(raw, recent({ timestamp: now * 10 }), true))).toBe("taken");
  });
});

describe("compression.type", () => {
  test.each([
    ["uncompressed", "none"],
    ["gzip", "gzip"],
    ["snappy", "snappy"],
    ["lz4", "lz4"],
    ["zstd", "zstd"],
  ] as const)("%s packs whatever comes anew", (type, target) => {
    for (const source of compressionNames) {
      const producer = { producerId: 7, producerEpoch: 2, baseSequence: 5 };
      const batch = recent({ count: 50, compression: source, producer });
      for (const isTrusted of [true, false]) {
        const answer = admitted({ "compression.type": type }, batch, isTrusted);
        const header = sound(answer, [...Array(50).keys()]);
        expect(compressionOf(header.attributes)).toBe(target);
        expect(header).toMatchObject({ ...producer, recordsCount: 50, maxTimestamp: now + 49 });
        if (source === target) expect(unwrap(answer).batch).toBe(batch);
      }
    }
  });

  test("and what does not fit any more is refused", () => {
    const raw = { "compression.type": "uncompressed", "max.message.bytes": "1000" };
    const batch = recent({ count: 50, compression: "zstd" });
    expect(batch.length).toBeLessThan(1000);
    expect(codeOf(admitted(raw, batch))).toBe("MESSAGE_TOO_LARGE");
  });

  test("the level counts", () => {
    const bytes = (raw: RawConfig): number =>
      unwrap(admitted(raw, recent({ count: 2000 }))).batch.length;
    for (const codec of ["gzip", "zstd"]) {
      const [quick, hard] = ["1", "9"].map((level) =>
        bytes({ "compression.type": codec, [`compression.${codec}.level`]: level }),
      );
      expect(quick).toBeGreaterThan(hard!);
    }
  });

  test("goes together with log append time", () => {
    const raw = { "compression.type": "lz4", "message.timestamp.type": "LogAppendTime" };
    const header = sound(admitted(raw, recent({ count: 9, compression: "gzip" })), [
      ...Array(9).keys(),
    ]);
    expect(compressionOf(header.attributes)).toBe("lz4");
    expect(header.attributes & attribute.logAppendTime).not.toBe(0);
    expect(header.maxTimestamp).toBe(now);
  });
});

test.each([
  [1000, "taken"],
  [1001, "INVALID_RECORD"],
])("a record of %p headers is %s", (count, expected) => {
  // No key, no value, and headers of an empty name and no value.
  const headers = Array.from({ length: count }, () => [0, 1]).flat();
  const record = [0, 0, 0, 1, 1, ...varint(count), ...headers];
  const records = Uint8Array.from([...varint(record.length), ...record]);
  expect(codeOf(admitted({}, batchAround(records, "none", 1)))).toBe(expected);
});

function varint(value: number): Uint8Array {
  const bytes = new Uint8Array(5);
  return bytes.subarray(0, writeVarint(bytes, 0, value));
}
