import { expect, test } from "bun:test";
import { CommittedOffsets } from "../../src/broker/committed-offsets.ts";
import type { OffsetRow } from "../../src/metadata/metadata.ts";
import { randomForTest } from "../support/seed.ts";

const row = (topic: string, partitionIndex: number, metadata = ""): OffsetRow => ({
  topic,
  partitionIndex,
  committedOffset: 1,
  committedLeaderEpoch: -1,
  metadata,
  commitTimestamp: 0,
  expireTimestamp: null,
});

test("offsets are found by topic and partition, and listed in that order", () => {
  const offsets = new CommittedOffsets([row("u", 2), row("t", 10), row("t", 9), row("u", 0)]);
  expect(offsets.get("t", 9)).toEqual(row("t", 9));
  expect(offsets.get("t", 0)).toBeUndefined();
  expect(offsets.get("none", 0)).toBeUndefined();
  expect(offsets.topics()).toEqual(["t", "u"]);
  expect(offsets.all()).toEqual([row("t", 9), row("t", 10), row("u", 0), row("u", 2)]);
});

test("the last row for a partition counts, and a removed one is gone", () => {
  const offsets = new CommittedOffsets([row("t", 0, "old"), row("t", 0, "new")]);
  expect(offsets.all()).toEqual([row("t", 0, "new")]);
  offsets.remove("t", 0);
  offsets.remove("t", 0);
  offsets.remove("none", 0);
  expect(offsets.topics()).toEqual([]);
});

test("size and bytes are those of the rows that are there, whatever came and went", () => {
  const random = randomForTest();
  const offsets = new CommittedOffsets([]);
  for (let left = 500; left > 0; left--) {
    const one = row("tu"[random.below(2)] ?? "", random.below(5), "x".repeat(random.below(9)));
    if (random.next() < 0.3) offsets.remove(one.topic, one.partitionIndex);
    else {
      const expected = offsets.bytes + offsets.bytesFor([one]);
      offsets.put(one);
      expect(offsets.bytes).toBe(expected);
    }
    expect(offsets.size).toBe(offsets.all().length);
    expect(offsets.bytes).toBe(new CommittedOffsets(offsets.all()).bytes);
  }
});

test("topics are listed as they are now, however often somebody asks", () => {
  const offsets = new CommittedOffsets([row("u", 0)]);
  expect(offsets.topics()).toEqual(["u"]);
  offsets.put(row("t", 0));
  offsets.put(row("t", 0, "again"));
  expect(offsets.topics()).toEqual(["t", "u"]);
  offsets.remove("u", 0);
  expect(offsets.topics()).toEqual(["t"]);
});
