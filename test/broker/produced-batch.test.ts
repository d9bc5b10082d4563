/** What a client may send for one partition, row by row. */
import { describe, expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { checkProduced, type ProduceOptions } from "../../src/broker/produced-batch.ts";
import { batchRulesOf, topicConfigOf } from "../../src/broker/topic-config.ts";
import { attribute, batchBytesAt, putInt64, seal, viewOf } from "../../src/record/batch.ts";
import { batchOf } from "../support/batches.ts";
import { unwrap } from "../support/log-world.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";

const rules = batchRulesOf("orders", unwrap(topicConfigOf({ "max.message.bytes": "10000" })));

const check = (bytes: Uint8Array, options: ProduceOptions = {}): string => {
  const checked = checkProduced(bytes, rules, options);
  return checked instanceof Refusal ? checked.code : "taken";
};

/** A good batch with something changed, and its checksum made to hold again. */
function changed(change: (view: DataView) => void, shape = {}): Uint8Array {
  const bytes = batchOf({ first: 0, count: 3, ...shape });
  const view = viewOf(bytes);
  change(view);
  if (batchBytesAt(view, 0) === bytes.length) seal(bytes, view, 0);
  return bytes;
}

const addAttribute = (bits: number) => (view: DataView) => {
  view.setInt16(21, view.getInt16(21) | bits);
};

describe("taken is", () => {
  test.each([
    ["a batch of records", batchOf({ first: 0, count: 3 })],
    ["a batch without keys", batchOf({ first: 0, isKeyless: true })],
    ["one of each codec: gzip", batchOf({ first: 0, count: 99, compression: "gzip" })],
    ["snappy", batchOf({ first: 0, count: 99, compression: "snappy" })],
    ["lz4", batchOf({ first: 0, count: 99, compression: "lz4" })],
    ["zstd", batchOf({ first: 0, count: 99, compression: "zstd" })],
    ["any leader epoch, which is not covered", changed((view) => view.setInt32(12, 4711))],
    [
      "one of an idempotent producer",
      batchOf({ first: 0, producer: { producerId: 0, producerEpoch: 0, baseSequence: 0 } }),
    ],
  ])("%s", (_, bytes) => {
    expect(check(bytes)).toBe("taken");
  });

  test("its header, as it was sent", () => {
    const producer = { producerId: 7, producerEpoch: 1, baseSequence: 5 };
    expect(checkProduced(batchOf({ first: 0, count: 2, producer }), rules, {})).toMatchObject({
      ...producer,
      recordsCount: 2,
      lastOffsetDelta: 1,
    });
  });
});

describe("refused is", () => {
  const whole = batchOf({ first: 0, count: 3 });

  test.each([
    ["nothing", new Uint8Array(0), "INVALID_RECORD"],
    ["less than a header", whole.subarray(0, 60), "INVALID_RECORD"],
    ["a batch that is cut short", whole.subarray(0, whole.length - 1), "CORRUPT_MESSAGE"],
    ["a batch and a byte", new Uint8Array([...whole, 0]), "INVALID_RECORD"],
    ["two batches", new Uint8Array([...whole, ...whole]), "INVALID_RECORD"],
    ["a length below the header's", changed((view) => view.setInt32(8, 48)), "CORRUPT_MESSAGE"],
    ["a negative length", changed((view) => view.setInt32(8, -1)), "CORRUPT_MESSAGE"],
    ["a length far above", changed((view) => view.setInt32(8, 0x7fff_ffff)), "CORRUPT_MESSAGE"],
    ["magic 0", changed((view) => view.setInt8(16, 0)), "INVALID_RECORD"],
    ["magic 1", changed((view) => view.setInt8(16, 1)), "INVALID_RECORD"],
    ["magic 3", changed((view) => view.setInt8(16, 3)), "INVALID_RECORD"],
    ["a base offset", changed((view) => putInt64(view, 0, 1)), "INVALID_RECORD"],
    ["a negative base offset", changed((view) => putInt64(view, 0, -1)), "INVALID_RECORD"],
    ["no records", changed((view) => view.setInt32(57, 0)), "INVALID_RECORD"],
    ["less records than offsets", changed((view) => view.setInt32(57, 2)), "INVALID_RECORD"],
    ["more records than offsets", changed((view) => view.setInt32(57, 4)), "INVALID_RECORD"],
    ["a negative count", changed((view) => view.setInt32(57, -1)), "INVALID_RECORD"],
    ["negative offsets", changed((view) => view.setInt32(23, -1)), "INVALID_RECORD"],
    ["a control batch", changed(addAttribute(attribute.control)), "INVALID_RECORD"],
    ["a delete horizon", changed(addAttribute(attribute.deleteHorizon)), "INVALID_RECORD"],
    ["log append time", changed(addAttribute(attribute.logAppendTime)), "INVALID_TIMESTAMP"],
    ["a transaction of nobody", changed(addAttribute(attribute.transactional)), "INVALID_RECORD"],
    ["codec 5", changed(addAttribute(5)), "INVALID_RECORD"],
    ["codec 7", changed(addAttribute(7)), "INVALID_RECORD"],
    ["a negative producer id", changed((view) => putInt64(view, 43, -2)), "INVALID_RECORD"],
    [
      "a producer id beyond what is exact",
      changed((view) => view.setInt32(43, 0x7fff_ffff)),
      "INVALID_RECORD",
    ],
    ["a producer without an epoch", changed((view) => putInt64(view, 43, 7)), "INVALID_RECORD"],
    [
      "a producer without a sequence",
      changed((view) => {
        putInt64(view, 43, 7);
        view.setInt16(51, 0);
      }),
      "INVALID_RECORD",
    ],
    ["too large a batch", batchOf({ first: 0, valueBytes: 10_000 }), "MESSAGE_TOO_LARGE"],
  ])("%s", (_, bytes, code) => {
    expect(check(bytes)).toBe(code);
  });

  test("a transaction, clearly, until there are any", () => {
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
    const bytes = changed(addAttribute(attribute.transactional), { producer });
    expect(String(checkProduced(bytes, rules, {}))).toBe(
      "INVALID_RECORD: transactions are not served by this broker yet",
    );
  });

  test("zstd before version 7 of Produce, and nothing else", () => {
    const options = { allowsZstd: false };
    const zstd = batchOf({ first: 0, count: 99, compression: "zstd" });
    expect(check(zstd, options)).toBe("UNSUPPORTED_COMPRESSION_TYPE");
    expect(check(batchOf({ first: 0, count: 99, compression: "gzip" }), options)).toBe("taken");
  });

  test("any flipped bit that the checksum covers", () => {
    const bytes = batchOf({ first: 0 });
    for (let bit = 17 * 8; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(check(flipped)).toBe("CORRUPT_MESSAGE");
    }
  });

  test("garbage, whatever it is", () => {
    const random = randomForTest();
    for (let round = 0; round < 2000; round++) {
      const bytes = randomBytes(random, random.below(200));
      if (bytes.length > 16 && random.below(2) === 0) bytes[16] = 2;
      expect(check(bytes)).not.toBe("taken");
    }
  });
});
