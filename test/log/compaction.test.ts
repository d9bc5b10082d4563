/** Stories of compaction; `compaction-faults.test.ts` and `life.test.ts` have the rest. */
import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { attribute, compressionNames, putInt64, seal, viewOf } from "../../src/record/batch.ts";
import { MemoryDisk } from "../fake/disk.ts";
import {
  batchesOf,
  configOf,
  eager,
  type Entry,
  keyed,
  linesOf,
  logOf,
  means,
  recordsOf,
  run,
  stored,
} from "../support/compaction.ts";
import { directory, LogWorld, unwrap } from "../support/log-world.ts";

const hour = 3600 * 1000;

const basesOf = (log: SegmentLog): number[] => log.segments.map(({ base }) => Number(base));

describe("of each key", () => {
  test("the newest record stays, at its offset", async () => {
    const filled = await logOf([
      [["a", "1"]],
      [
        ["b", "2"],
        ["a", "3"],
      ],
      [["c", "4"]],
      [["a", "5"]],
      [["z", "last"]],
    ]);
    await run(filled);
    expect(await linesOf(filled.log)).toEqual(["1 b=2", "3 c=4", "4 a=5", "5 z=last"]);
    expect(filled.log.endOffset).toBe(offset(6));
  });

  test("what is newer in the segment that is still written counts for nothing yet", async () => {
    const filled = await logOf([[["a", "1"]], [["a", "2"]], [["a", "3"]]]);
    await run(filled);
    expect(await linesOf(filled.log)).toEqual(["1 a=2", "2 a=3"]);
  });

  test("keys are told apart however alike they are, and the empty one is a key", async () => {
    const keys = ["", "a", "aa", "aaa", "a".repeat(15), "a".repeat(16), "a".repeat(17), "é", "\0"];
    const filled = await logOf([
      ...keys.map((key): Entry[] => [[key, "old"]]),
      ...keys.map((key): Entry[] => [[key, "new"]]),
      [["z", "last"]],
    ]);
    await run(filled);
    const records = (await recordsOf(filled.log)).slice(0, -1);
    expect(records.map(({ key, value }) => [key, value])).toEqual(keys.map((key) => [key, "new"]));
  });

  test("an empty value is a value, and no tombstone", async () => {
    const filled = await logOf([[["a", "1"]], [["a", ""]], [["z", "last"]]]);
    await run(filled);
    filled.world.clock.advance(1000 * hour);
    await stored(filled.log, keyed([["y", "dirt"]]));
    await filled.log.publish();
    await run(filled);
    expect(await linesOf(filled.log)).toEqual(["1 a=", "2 z=last", "3 y=dirt"]);
  });

  test("records without a key go, as in Kafka, and are counted", async () => {
    const filled = await logOf([
      [
        [null, "1"],
        ["a", "2"],
      ],
      [["z", "last"]],
    ]);
    expect((await run(filled)).keylessRecords).toBe(1);
    expect(await linesOf(filled.log)).toEqual(["1 a=2", "2 z=last"]);
  });
});

describe("tombstones", () => {
  test("stay for delete.retention.ms after the compaction that met them, then go", async () => {
    const filled = await logOf([[["a", "1"]], [["a", null]], [["z", "1"]], [["y", "1"]]]);
    const { world, log } = filled;
    const compactAgain = async (): Promise<string[]> => {
      await stored(log, keyed([["x", "dirt"]], { timestamp: world.clock.now() }));
      await log.publish();
      await run(filled);
      return (await linesOf(log)).filter((line) => line.includes("a="));
    };
    // However old they are when they are met first.
    world.clock.advance(1000 * hour);
    expect(await compactAgain()).toEqual(["1 a=-"]);
    world.clock.advance(23 * hour);
    expect(await compactAgain()).toEqual(["1 a=-"]);
    world.clock.advance(2 * hour);
    expect(await compactAgain()).toEqual([]);
  });

  test("their batch keeps the times of its records, and says when it may go (KIP-534)", async () => {
    const filled = await logOf([
      [
        ["a", null],
        ["b", "2"],
      ],
      [["z", "last"]],
    ]);
    const before = await recordsOf(filled.log);
    const now = filled.world.clock.now();
    await run(filled);
    expect(await recordsOf(filled.log)).toEqual(before);
    const [first] = await batchesOf(filled.log);
    expect(first?.header.attributes).toBe(0x40);
    expect(first?.header.baseTimestamp).toBe(now + eager.deleteRetentionMs);
  });

  test("a time that is none can't be moved: such a tombstone stays for good", async () => {
    const world = new LogWorld(new MemoryDisk(), configOf({ deleteRetentionMs: 0 }, 100));
    const log = await world.open();
    const timeless = keyed([["a", null]]);
    putInt64(viewOf(timeless), 27, 2 ** 52);
    seal(timeless, viewOf(timeless), 0);
    await stored(log, timeless);
    await stored(log, keyed([["z", "1"]], { timestamp: world.clock.now() }));
    await log.publish();
    for (let i = 0; i < 3; i++) {
      world.clock.advance(hour);
      await stored(log, keyed([["x", "dirt"]], { timestamp: world.clock.now() }));
      await log.publish();
      unwrap(await log.compact(means(world.clock.now())));
    }
    expect((await linesOf(log))[0]).toBe("0 a=-");
  });

  test("never go before what they deleted, in whatever order segments are rewritten", async () => {
    const filled = await logOf([[["a", "1"]], [["b", "1"]], [["a", null]], [["z", "1"]]]);
    const { world, log } = filled;
    await run(filled);
    world.clock.advance(100 * hour);
    await stored(log, keyed([["x", "dirt"]], { timestamp: world.clock.now() }));
    await log.publish();
    const begun = world.disk.operations.length;
    unwrap(await log.compact(means(world.clock.now())));
    const steps = world.disk.operations.length - begun;
    expect(await linesOf(log)).not.toContain("2 a=-");
    expect(steps).toBeGreaterThan(20);
  });
});

describe("batches", () => {
  test.each(compressionNames)("packed with %s are packed with it again", async (compression) => {
    const world = new LogWorld(new MemoryDisk(), configOf({}, 2000));
    const log = await world.open();
    const some = (from: number): Entry[] =>
      Array.from({ length: 50 }, (_, i): Entry => [`k${from + i}`, `value ${from} `.repeat(5)]);
    for (const from of [0, 25, 50, 75]) await stored(log, keyed(some(from), { compression }));
    for (let i = 0; i < 4; i++) await stored(log, keyed(some(1000), { compression }));
    await log.publish();
    const before = new Map((await recordsOf(log)).map((record) => [record.key, record]));
    unwrap(await log.compact(means(world.clock.now())));
    const batches = await batchesOf(log);
    const codecs = batches
      .filter(({ records }) => records.length > 0)
      .map(({ header }) => compressionNames[header.attributes & 7]);
    expect(new Set(codecs)).toEqual(new Set([compression]));
    const after = (await recordsOf(log)).filter(({ key }) => !key?.startsWith("k10"));
    for (const record of after) expect(record).toEqual(before.get(record.key)!);
    expect(new Set(after.map(({ key }) => key)).size).toBe(after.length);
  });

  test("follow one another without a gap: what went belongs to its neighbour", async () => {
    const entries = Array.from({ length: 40 }, (_, i): Entry[] => [[`k${i % 7}`, `v${i}`]]);
    const filled = await logOf(entries);
    await run(filled);
    const { log } = filled;
    let next = 0;
    for (const { header } of await batchesOf(log)) {
      expect(Number(header.baseOffset)).toBe(next);
      next = header.baseOffset + header.lastOffsetDelta + 1;
    }
    expect(next).toBe(40);
    const bases = basesOf(log);
    for (const [at, segment] of log.segments.entries()) {
      expect(Number(segment.endOffset)).toBe(bases[at + 1] ?? 40);
    }
  });

  test("a reader that asks within a gap gets on behind it", async () => {
    const entries = Array.from({ length: 40 }, (_, i): Entry[] => [[i === 0 ? "a" : "b", `v${i}`]]);
    const filled = await logOf(entries);
    await run(filled);
    for (let from = 0; from <= 40; from++) {
      const range = {
        startOffset: offset(from),
        visibleOffset: filled.log.visibleOffset,
        read: filled.log.read.bind(filled.log),
      };
      const offsets = (await recordsOf(range, 1)).map((record) => record.offset);
      const expected = [0, 38, 39].filter((at) => at >= from);
      expect({ from, offsets: offsets.filter((at) => at >= from) }).toEqual({
        from,
        offsets: expected,
      });
    }
  });

  test("of transactions stay as they are, and so do tombstones behind them", async () => {
    const { world, log } = await logOf([]);
    const transactional = keyed([["a", "1"]], {
      producer: { producerId: 7, producerEpoch: 0, baseSequence: 0 },
    });
    makeTransactional(transactional);
    await stored(log, transactional);
    for (const entry of [
      ["a", null],
      ["b", "1"],
      ["b", "2"],
      ["z", "1"],
    ] as Entry[]) {
      await stored(log, keyed([entry], { timestamp: world.clock.now() }));
    }
    for (let i = 0; i < 2; i++) {
      await log.publish();
      unwrap(await log.compact(means(world.clock.now())));
      world.clock.advance(100 * hour);
      await stored(log, keyed([["x", "dirt"]], { timestamp: world.clock.now() }));
    }
    expect((await linesOf(log)).slice(0, 3)).toEqual(["0 a=1", "1 a=-", "3 b=2"]);
  });
});

/** Sets the bit of a transactional batch; the checksum follows. */
function makeTransactional(batch: Uint8Array): void {
  const view = viewOf(batch);
  view.setInt16(21, view.getInt16(21) | attribute.transactional);
  seal(batch, view, 0);
}

describe("segments", () => {
  test("that have become small are merged, as far as they fit segment.bytes", async () => {
    const entries = Array.from({ length: 30 }, (_, i): Entry[] => [[`k${i % 2}`, "v".repeat(60)]]);
    const filled = await logOf(entries, configOf({}, 400));
    const before = filled.log.segments.length;
    for (let i = 0; i < 3; i++) {
      await stored(filled.log, keyed([["x", "dirt".repeat(100)]]));
      await filled.log.publish();
      await run(filled);
    }
    expect(before).toBeGreaterThan(8);
    expect(filled.log.segments.length).toBeLessThan(6);
    expect((await linesOf(filled.log)).length).toBe(4);
  });

  test("keep when they were begun: a reader knows a log by that", async () => {
    const filled = await logOf([[["a", "1"]], [["a", "2"]], [["b", "3"]], [["z", "1"]]]);
    const begun = filled.log.segments.map(({ createdMs }) => createdMs);
    const view = await filled.world.view(true);
    await run(filled);
    unwrap(await view.refresh());
    expect(view.generation).toBe(0);
    expect(filled.log.segments[0]?.createdMs).toBe(begun[0]);
    expect(await linesOf(view)).toEqual(await linesOf(filled.log));
  });

  test("that were compacted are not dirty, also after a restart", async () => {
    const filled = await logOf([[["a", "1"]], [["a", "2"]], [["b", "3"]], [["z", "1"]]]);
    const { world, log } = filled;
    expect(log.compactable(world.clock.now())).toMatchObject({ dirtyRatio: 1, isDue: true });
    await run(filled);
    expect(log.compactable(world.clock.now())).toBeNull();
    await log.close();
    const again = await world.open();
    expect(again.compactable(world.clock.now())).toBeNull();
    await stored(again, keyed([["b", "4"]]));
    await again.publish();
    expect(again.compactable(world.clock.now())?.dirtyRatio).toBeLessThan(0.7);
  });

  test("the end stays where it was when everything before it is gone", async () => {
    const filled = await logOf([[[null, "1"]], [[null, "2"]], [[null, "3"]]]);
    await run(filled);
    expect(await linesOf(filled.log)).toEqual(["2 null=3"]);
    await filled.log.close();
    const again = await filled.world.open();
    expect(again.losses).toEqual([]);
    expect(await linesOf(again)).toEqual(["2 null=3"]);
    expect(await stored(again, keyed([["a", "1"]]))).toBe(offset(3));
  });
});

describe("when it is time", () => {
  test("is said by min.cleanable.dirty.ratio", async () => {
    const { world, log } = await logOf(
      [[["a", "1"]], [["b", "1"]], [["c", "1"]], [["d", "1"]]],
      configOf({ dirtyRatioMin: 0.5 }, 100),
    );
    unwrap(await log.compact(means(world.clock.now())));
    const due = async (key: string): Promise<boolean | undefined> => {
      await stored(log, keyed([[key, "1"]]));
      await log.publish();
      return log.compactable(world.clock.now())?.isDue;
    };
    expect([await due("e"), await due("f"), await due("g"), await due("h")]).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test("min.compaction.lag.ms keeps young records", async () => {
    const filled = await logOf(
      [[["a", "1"]], [["a", "2"]], [["a", "3"]], [["z", "1"]]],
      configOf({ lagMsMin: hour }, 100),
    );
    const { world, log } = filled;
    expect(log.compactable(world.clock.now())).toBeNull();
    world.clock.advance(hour - 1500);
    expect(Number(log.compactable(world.clock.now())?.end)).toBe(3);
    world.clock.advance(hour);
    await run(filled);
    expect(await linesOf(log)).toEqual(["2 a=3", "3 z=1"]);
  });

  test("max.compaction.lag.ms ends a segment that nobody writes, and compacts what is in it", async () => {
    const filled = await logOf(
      [
        [
          ["a", "1"],
          ["a", "2"],
        ],
      ],
      configOf({ lagMsMax: hour, dirtyRatioMin: 1 }, 10_000),
    );
    const { world, log } = filled;
    const look = async (): Promise<boolean | undefined> => {
      expect(await log.rollForCompaction(world.clock.now())).toBeNull();
      return log.compactable(world.clock.now())?.isDue;
    };
    expect(await look()).toBeUndefined();
    world.clock.advance(hour + 1);
    expect(await look()).toBe(true);
    await run(filled);
    expect(await linesOf(log)).toEqual(["1 a=2"]);
    expect(await stored(log, keyed([["b", "1"]]))).toBe(offset(2));
  });
});

describe("with little memory", () => {
  const entries = Array.from({ length: 100 }, (_, i): Entry[] => [
    [`k${i % 20}`, `v${i}`],
    [`only${i}`, "v"],
  ]);

  test("it takes several passes, and ends the same", async () => {
    const [little, much] = [await logOf(entries), await logOf(entries)];
    const few = await run(little, { memoryBytes: 16 * 32 });
    expect((await run(much)).passes).toBe(1);
    expect(few.passes).toBeGreaterThan(5);
    expect(few.mapBytes).toBe(512);
    expect(await linesOf(little.log)).toEqual(await linesOf(much.log));
  });

  test("what was written in one pass and not in the next is dirty after a kill", async () => {
    const { world, log } = await logOf(entries);
    world.disk.haltAt(world.disk.operations.length + 2000);
    void log.compact(means(world.clock.now(), { memoryBytes: 16 * 32 }));
    for (let i = 0; i < 20_000; i++) await Promise.resolve();
    const next = new LogWorld(world.disk.crash({ keep: "synced" }), world.config);
    const again = await next.open();
    expect(again.losses).toEqual([]);
    unwrap(await again.compact(means(world.clock.now())));
    const whole = await logOf(entries);
    await run(whole);
    expect(await linesOf(again)).toEqual(await linesOf(whole.log));
  });
});

describe("what goes wrong", () => {
  const entries = Array.from({ length: 12 }, (_, i): Entry[] => [[`k${i % 3}`, `v${i}`]]);

  test("damage is told of, and the log stays as it was", async () => {
    const { world, log } = await logOf(entries);
    const bases = basesOf(log);
    world.disk.flipBit(`${directory}/${String(bases[4]).padStart(20, "0")}.log`, 70, 1);
    const refusal = await log.compact(means(world.clock.now()));
    expect(refusal).toMatchObject({ code: "CORRUPT_MESSAGE" });
    expect(basesOf(log)).toEqual(bases);
    expect((await world.disk.list(directory)).filter(({ name }) => name.includes("clean"))).toEqual(
      [],
    );
  });

  test("a disk without room is told of before anything is written", async () => {
    const { world, log } = await logOf(entries);
    const hasRoom = (): Promise<boolean> => Promise.resolve(false);
    expect(await log.compact(means(world.clock.now(), { hasRoom }))).toMatchObject({
      code: "DISK_FULL",
    });
    expect((await linesOf(log)).length).toBe(12);
    expect((await run({ world, log })).segments).toBe(11);
  });

  test("whoever closes or deletes the log waits for it to end, and it ends soon", async () => {
    for (const how of ["close", "delete"] as const) {
      const { world, log } = await logOf(entries);
      const gate = world.disk.hold("append", /cleaned/);
      const compaction = log.compact(means(world.clock.now()));
      await gate.reached();
      const ended = log[how]();
      gate.release();
      expect(await compaction).toBeInstanceOf(Refusal);
      await ended;
      const left = how === "close" ? await world.disk.list(directory) : [];
      expect(left.filter(({ name }) => name.endsWith(".cleaned"))).toEqual([]);
    }
  });

  test("records that are deleted meanwhile end it, which is no failure of the disk", async () => {
    const { world, log } = await logOf(entries);
    const gate = world.disk.hold("append", /cleaned/);
    const compaction = log.compact(means(world.clock.now()));
    await gate.reached();
    expect(await log.trim(offset(6))).toBeNull();
    gate.release();
    expect(await compaction).toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
    await run({ world, log });
    expect(await linesOf(log)).toEqual(["8 k2=v8", "9 k0=v9", "10 k1=v10", "11 k2=v11"]);
  });

  test("a rename that finds too many open files is tried again; readers wait meanwhile", async () => {
    const { world, log } = await logOf(entries);
    world.disk.failNext("rename", /timeindex.cleaned$/, "exhausted");
    const timers = world.clock.pending;
    const compaction = log.compact(means(world.clock.now()));
    for (let i = 0; i < 10_000 && world.clock.pending === timers; i++) await Promise.resolve();
    const read = log.read(offset(0), 10_000);
    expect(read).toBeInstanceOf(Promise);
    world.clock.advance(2000);
    unwrap(await read);
    unwrap(await compaction);
    expect((await linesOf(log)).length).toBe(4);
  });
});
