/** What Produce refuses, in every version. */
import { describe } from "bun:test";
import { batchBytesMax } from "../../src/limits.ts";
import { attribute, type Compression, seal, viewOf } from "../../src/record/batch.ts";
import { batchOf } from "../support/batches.ts";
import { byId, numbered, produceRow, type Refused, refuses } from "../support/refusals.ts";

/** A sound batch with a change, and a checksum that holds. */
function changed(change: (view: DataView, bytes: Uint8Array) => void, count = 1): Uint8Array {
  const batch = batchOf({ first: 0, count });
  const view = viewOf(batch);
  change(view, batch);
  seal(batch, view, 0);
  return batch;
}

const withAttributes = (bits: number): Uint8Array => changed((view) => view.setInt16(21, bits));

function damagedIn(compression: Compression): Uint8Array {
  const batch = batchOf({ first: 0, count: 20, valueBytes: 100, compression });
  batch.fill(0xee, 70, 90);
  seal(batch, viewOf(batch), 0);
  return batch;
}

const produceCase = (
  what: string,
  error: Refused["error"],
  records: () => Uint8Array | null,
  topic = "t",
  versions: Pick<Refused, "since" | "until"> = {},
): Refused => ({
  what,
  api: "Produce",
  error,
  ...versions,
  request: (version, { ids }) => produceRow(topic, ids, version, records()),
});

const producing: readonly Refused[] = [
  produceCase("a topic that is not there", byId(13), () => batchOf({ first: 0 }), "none"),
  ...[-1, 1, 0x7fff_ffff].map((index): Refused => ({
    what: `partition ${index}`,
    api: "Produce",
    error: "UNKNOWN_TOPIC_OR_PARTITION",
    request: (version, { ids }) => produceRow("t", ids, version, batchOf({ first: 0 }), index),
  })),
  ...[2, -2, 0x7fff].map((acks): Refused => ({
    what: `acks ${acks}`,
    api: "Produce",
    error: "INVALID_REQUIRED_ACKS",
    request: (version, { ids }) => {
      return { ...produceRow("t", ids, version, batchOf({ first: 0 })), acks };
    },
  })),
  produceCase("no batch", "INVALID_RECORD", () => null),
  produceCase("an empty batch", "INVALID_RECORD", () => new Uint8Array(0)),
  produceCase("a flipped bit", "CORRUPT_MESSAGE", () => {
    const batch = batchOf({ first: 0 });
    batch[batch.length - 3]! ^= 4;
    return batch;
  }),
  produceCase("a batch that is cut off", "CORRUPT_MESSAGE", () =>
    batchOf({ first: 0, count: 9 }).subarray(0, 80),
  ),
  produceCase("a length below that of a header", "CORRUPT_MESSAGE", () =>
    changed((view) => view.setInt32(8, 20)),
  ),
  produceCase("two batches", "INVALID_RECORD", () => {
    return new Uint8Array(Buffer.concat([batchOf({ first: 0 }), batchOf({ first: 1 })]));
  }),
  ...[0, 1, 3].map((magic) =>
    produceCase(`magic ${magic}`, "INVALID_RECORD", () => {
      return changed((view) => view.setInt8(16, magic));
    }),
  ),
  produceCase("a base offset", "INVALID_RECORD", () => changed((view) => view.setBigInt64(0, 5n))),
  produceCase("no records", "INVALID_RECORD", () => changed((view) => view.setInt32(57, 0))),
  produceCase("more records than there are", "INVALID_RECORD", () =>
    changed((view) => {
      view.setInt32(57, 2);
      view.setInt32(23, 1);
    }),
  ),
  produceCase("fewer records than there are", "INVALID_RECORD", () =>
    changed((view) => {
      view.setInt32(57, 2);
      view.setInt32(23, 1);
    }, 3),
  ),
  produceCase("another count than offsets", "INVALID_RECORD", () =>
    changed((view) => view.setInt32(23, 7)),
  ),
  produceCase("a control batch", "INVALID_RECORD", () => withAttributes(attribute.control)),
  produceCase("a delete horizon", "INVALID_RECORD", () => withAttributes(attribute.deleteHorizon)),
  produceCase("a batch of a transaction", "INVALID_RECORD", () =>
    withAttributes(attribute.transactional),
  ),
  produceCase("a codec that there is not", "INVALID_RECORD", () => withAttributes(5)),
  produceCase("a producer without an epoch", "INVALID_RECORD", () =>
    changed((view) => view.setBigInt64(43, 9n)),
  ),
  produceCase("a time of appending", "INVALID_TIMESTAMP", () =>
    withAttributes(attribute.logAppendTime),
  ),
  produceCase(
    "a time to come",
    "INVALID_TIMESTAMP",
    () => batchOf({ first: 0, timestamp: 9e12 }),
    "timely",
  ),
  ...(["gzip", "snappy", "lz4", "zstd"] as const).map((codec) =>
    produceCase(
      `${codec} that is damaged`,
      "INVALID_RECORD",
      () => damagedIn(codec),
      "t",
      codec === "zstd" ? { since: 7 } : {},
    ),
  ),
  produceCase(
    "zstd before it was allowed",
    "UNSUPPORTED_COMPRESSION_TYPE",
    () => batchOf({ first: 0, count: 50, compression: "zstd" }),
    "t",
    { until: 6 },
  ),
  produceCase(
    "a batch above max.message.bytes",
    "MESSAGE_TOO_LARGE",
    () => batchOf({ first: 0, valueBytes: 200 }),
    "small",
  ),
  produceCase("one that unpacks to too much", "MESSAGE_TOO_LARGE", () => bomb, "t", {
    since: 12,
    until: 12,
  }),
  produceCase(
    "a record without a key",
    "INVALID_RECORD",
    () => batchOf({ first: 0, isKeyless: true }),
    "keyed",
  ),
  produceCase("a sequence that skips some", "OUT_OF_ORDER_SEQUENCE_NUMBER", () => numbered(50, 3)),
  produceCase("an epoch that is over", "INVALID_PRODUCER_EPOCH", () => numbered(6, 2)),
];

/** Twice what a batch may hold, in a batch that is small. */
const bomb = ((): Uint8Array => {
  const half = batchOf({ first: 0, valueBytes: batchBytesMax - 70_000, compression: "gzip" });
  const batch = new Uint8Array(61 + 2 * (half.length - 61));
  batch.set(half);
  batch.set(half.subarray(61), half.length);
  const view = viewOf(batch);
  view.setInt32(8, batch.length - 12);
  seal(batch, view, 0);
  return batch;
})();

describe("what is refused of what is produced", () => refuses(producing));
