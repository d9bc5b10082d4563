import { describe, expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import { AbortedTransactions } from "../../../src/client/kafka/aborted-transactions.ts";
import { endOfBatches, FetchedRecords } from "../../../src/client/kafka/fetched-records.ts";
import { Position } from "../../../src/client/kafka/position.ts";
import {
  amend,
  attribute,
  compressionNames,
  seal,
  stamp,
  viewOf,
} from "../../../src/record/batch.ts";
import { BatchBuilder } from "../../../src/record/builder.ts";
import { batchOf, type BatchShape } from "../../support/batches.ts";
import { bytesOf } from "../../support/hex.ts";
import { at } from "./assigned-members.ts";
import { ScriptedCluster } from "./scripted-cluster.ts";

/** A batch as it lies in a log: records `v<first>` … at the same offsets, of epoch 3. */
function stored(first: number, count: number, how: Partial<BatchShape> = {}) {
  const batch = batchOf({ first, count, ...how });
  stamp(viewOf(batch), 0, offset(first), 3);
  return batch;
}

/** A transaction marker at an offset. */
function marker(first: number, producerId: number, key: string): Uint8Array {
  const builder = new BatchBuilder();
  builder.append({ timestamp: 1, key: bytesOf(key), value: new Uint8Array(6) });
  const batch = builder.build({ producerId, producerEpoch: 0, baseSequence: -1 });
  const view = viewOf(batch);
  amend(view, 0, attribute.control | attribute.transactional, 1, batch.length);
  seal(batch, view, 0);
  stamp(view, 0, offset(first), 3);
  return batch;
}

function transactional(first: number, count: number, producerId: number): Uint8Array {
  const batch = batchOf({
    first,
    count,
    producer: { producerId, producerEpoch: 0, baseSequence: 0 },
  });
  const view = viewOf(batch);
  amend(view, 0, attribute.transactional, 1, batch.length);
  seal(batch, view, 0);
  stamp(view, 0, offset(first), 3);
  return batch;
}

function reading(
  from: number,
  pieces: readonly Uint8Array[],
  aborted: AbortedTransactions | null = null,
): FetchedRecords {
  const position = new Position(at("orders/0"), new ScriptedCluster().world, () => {});
  position.seek(from);
  return new FetchedRecords(position, Buffer.concat(pieces), offset(from), aborted);
}

function offsetsOf(records: FetchedRecords): number[] {
  const found: number[] = [];
  for (let next = records.next(); next !== null; next = records.next()) found.push(next.offset);
  return found;
}

describe("records of a response", () => {
  test.each([...compressionNames])(
    "come one by one, in %s, from the offset asked for",
    (packed) => {
      const records = reading(2, [stored(0, 4, { compression: packed }), stored(6, 2)]);
      expect(offsetsOf(records)).toEqual([2, 3, 6, 7]);
      expect(records).toMatchObject({ nextOffset: 8, recordEpoch: 3, failure: null });
    },
  );

  test("what is cut off at the end is left for the next response", () => {
    const records = reading(0, [stored(0, 2), stored(2, 2).subarray(0, 70)]);
    expect(offsetsOf(records)).toEqual([0, 1]);
    expect(records).toMatchObject({ nextOffset: 2, failure: null });
  });

  test("damage is told where it is, behind what is good", () => {
    const bad = stored(2, 2);
    bad[bad.length - 1]! ^= 1;
    const records = reading(0, [stored(0, 2), bad]);
    expect(offsetsOf(records)).toEqual([0, 1]);
    expect(records.failure).toMatchObject({ code: "CORRUPT_MESSAGE", retriable: false });
    expect(records.failure?.message).toContain("orders/0 at offset 2");
    expect(records.next()).toBeNull();
  });

  test("a batch that does not fit, and one of an old format, are told", () => {
    const cut = reading(0, [stored(0, 2).subarray(0, 70)]);
    expect(cut.next()).toBeNull();
    expect(cut.failure?.code).toBe("MESSAGE_TOO_LARGE");
    const old = stored(0, 2);
    old[16] = 1;
    const records = reading(0, [old]);
    expect(records.next()).toBeNull();
    expect(records.failure?.code).toBe("UNSUPPORTED_FOR_MESSAGE_FORMAT");
  });

  test("markers are passed over; aborted records only where they are not wanted", () => {
    const pieces = () => [
      transactional(0, 2, 7),
      transactional(2, 1, 8),
      marker(3, 7, "00000000"),
      transactional(4, 1, 7),
      marker(5, 7, "00000001"),
    ];
    const all = reading(0, pieces());
    expect(offsetsOf(all)).toEqual([0, 1, 2, 4]);
    expect(all.nextOffset).toBe(offset(6));
    const aborted = new AbortedTransactions([{ producerId: 7, firstOffset: 0 }]);
    const committed = reading(0, pieces(), aborted);
    expect(offsetsOf(committed)).toEqual([2, 4]);
    expect(committed.nextOffset).toBe(offset(6));
  });

  test("nobody wants them after the position went elsewhere", () => {
    const records = reading(0, [stored(0, 2)]);
    expect(records.isWanted).toBe(true);
    records.position.refetch();
    expect(records.isWanted).toBe(false);
  });
});

describe("where to fetch on", () => {
  test("is behind the last whole batch", () => {
    expect(endOfBatches(Buffer.concat([stored(0, 4), stored(6, 2)]))).toBe(offset(8));
    expect(endOfBatches(Buffer.concat([stored(0, 4), stored(4, 2).subarray(0, 65)]))).toBe(
      offset(4),
    );
  });

  test("is not told by headers that can't be right", () => {
    expect(endOfBatches(Buffer.concat([stored(4, 2), stored(0, 2)]))).toBeNull();
    expect(endOfBatches(new Uint8Array(80))).toBeNull();
    expect(endOfBatches(new Uint8Array(8))).toBeNull();
  });
});
