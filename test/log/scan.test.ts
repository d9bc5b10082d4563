import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { scanBatches, type Scanned } from "../../src/log/scan.ts";
import { BatchBuilder } from "../../src/record/builder.ts";
import { batchBytesAt, nextOffsetAt, stamp, viewOf } from "../../src/record/batch.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";

/** A file of stamped batches, damaged by `change`; what a scan of it finds. */
async function scanOf(
  batches: readonly Uint8Array[],
  change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): Promise<string[]> {
  let next = offset(0);
  for (const batch of batches) {
    stamp(viewOf(batch), 0, next, 0);
    next = nextOffsetAt(viewOf(batch), 0);
  }
  const bytes = change(Buffer.concat(batches));
  const disk = new MemoryDisk();
  const file = await disk.open("log", "append");
  await file.append([bytes]);
  await file.close();
  const found: string[] = [];
  const reader = await disk.open("log", "read");
  const range = { from: 0, to: bytes.length, base: offset(0), segmentBase: offset(0) };
  for await (const item of scanBatches(reader, range)) {
    found.push(...describe(item));
  }
  return found;
}

function describe(item: Scanned): string[] {
  if (item.kind === "damage") {
    return [`${item.fault} at ${item.from}..${item.to}: ${item.fromOffset}..${item.toOffset}`];
  }
  return item.starts.map((at) => {
    const { view } = item;
    return `batch at ${item.position + at}, ${batchBytesAt(view, at)} bytes`;
  });
}

test("good batches are found one after another, over the ends of the window", async () => {
  const batches = Array.from({ length: 30 }, (_, i) => batchOf({ first: i, valueBytes: 100_000 }));
  let at = 0;
  const expected = batches.map((batch) => {
    at += batch.length;
    return `batch at ${at - batch.length}, ${batch.length} bytes`;
  });
  expect(await scanOf(batches)).toEqual(expected);
});

test("a batch larger than the window is read as a whole", async () => {
  const large = batchOf({ first: 0, valueBytes: 5 << 20 });
  expect(await scanOf([large, batchOf({ first: 1 })])).toHaveLength(2);
});

test("zeros in the middle are damage, and the walk goes on behind them", async () => {
  const batches = [0, 1, 2].map((first) => batchOf({ first: 10 + first }));
  const size = batches[0]?.length ?? 0;
  const found = await scanOf(batches, (bytes) => bytes.fill(0, size, 2 * size));
  expect(found).toEqual([
    `batch at 0, ${size} bytes`,
    `length at ${size}..${2 * size}: 1..2`,
    `batch at ${2 * size}, ${size} bytes`,
  ]);
});

test("bytes that were lost in the middle are damage too", async () => {
  const batches = [0, 1, 2].map((first) => batchOf({ first: 10 + first }));
  const size = batches[0]?.length ?? 0;
  const cut = (bytes: Uint8Array) =>
    Buffer.concat([bytes.subarray(0, size + 20), bytes.subarray(2 * size)]);
  const found = await scanOf(batches, cut);
  expect(found[1]).toStartWith("crc at");
  expect(found[2]).toBe(`batch at ${size + 20}, ${size} bytes`);
});

test("a torn end is damage with nothing behind it", async () => {
  const batches = [0, 1].map((first) => batchOf({ first: 10 + first }));
  const size = batches[0]?.length ?? 0;
  const found = await scanOf(batches, (bytes) => bytes.subarray(0, size + 30));
  expect(found[1]).toBe(`truncated at ${size}..${size + 30}: 1..null`);
});

test("a batch that somebody stored in a value is not taken for one of the log's", async () => {
  const inner = batchOf({ first: 77 });
  stamp(viewOf(inner), 0, offset(1), 0);
  const builder = new BatchBuilder();
  builder.append({ timestamp: 1, key: null, value: inner });
  const outer = builder.build();
  const last = batchOf({ first: 11 });
  const damageKey = (bytes: Uint8Array) => {
    bytes[30] = (bytes[30] ?? 0) ^ 1;
    return bytes;
  };
  const found = await scanOf([outer, last], damageKey);
  expect(found).toEqual([
    `crc at 0..${outer.length}: 0..1`,
    `batch at ${outer.length}, ${last.length} bytes`,
  ]);
});

test("a batch in another's place is damage, though it is sound in itself", async () => {
  const batches = [0, 1, 2, 3].map((first) => batchOf({ first: 10 + first }));
  const size = batches[0]?.length ?? 0;
  const copyFirstOverSecond = (bytes: Uint8Array) => {
    bytes.copyWithin(size, 0, size);
    return bytes;
  };
  const found = await scanOf(batches, copyFirstOverSecond);
  expect(found[1]).toBe(`misplaced at ${size}..${2 * size}: 1..2`);
  expect(found).toHaveLength(4);
});
