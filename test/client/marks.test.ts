import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { LogSource } from "../../src/client/log-source.ts";
import {
  markBefore,
  marksToKeep,
  resume,
  type Committed,
  type Mark,
} from "../../src/client/marks.ts";
import { commitMarksMax } from "../../src/limits.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { acked, directory, LogWorld, unwrap } from "../support/log-world.ts";
import { readerEnvironment } from "../support/reading.ts";
import { randomForTest } from "../support/seed.ts";

async function sourceOf(disk: MemoryDisk): Promise<LogSource> {
  const source = new LogSource(readerEnvironment(disk), directory, () => false);
  unwrap(await source.refresh());
  return source;
}

/** A log of single records, numbered `firsts` in their order, trimmed before `start`. */
async function diskOf(firsts: readonly number[], start = 0): Promise<MemoryDisk> {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  for (const first of firsts) await acked(log, { first, valueBytes: 3000 });
  expect(await log.trim(offset(start))).toBeNull();
  await log.close();
  return world.disk;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** What a consumer that committed every offset up to `count` of a log has kept. */
async function committedAt(disk: MemoryDisk, count: number): Promise<Committed> {
  const source = await sourceOf(disk);
  let marks: Mark[] = [];
  for (let at = 1; at <= count; at++) {
    const mark = unwrap(await markBefore(source, offset(at)));
    if (mark === null) throw new Error("there is no mark");
    marks = marksToKeep(mark, marks);
  }
  return { offset: offset(count), marks };
}

test("marks are dense near the newest and sparse far from it, and never many", () => {
  const random = randomForTest();
  let marks: Mark[] = [];
  let at = 0;
  const all = new Set<number>();
  for (let commits = 0; commits < 20_000; commits++) {
    at += 1 + random.below(commits % 1000 === 0 ? 5000 : 3);
    marks = marksToKeep({ offset: offset(at), check: 0 }, marks);
    all.add(at);
    expect(marks.length).toBeLessThan(20);
  }
  expect(marks.map((mark) => mark.offset)).toEqual(
    marks.map((mark) => mark.offset).toSorted((a, b) => b - a),
  );
  for (let distance = 4; distance < at / 70; distance *= 4) {
    const behind = marks.find((mark) => at - mark.offset >= distance);
    expect(at - (behind?.offset ?? 0)).toBeLessThan(distance * 70);
  }
  expect(marks.every((mark) => all.has(mark.offset))).toBeTrue();
});

test("there is room for the marks of the longest log", () => {
  let marks: Mark[] = [];
  for (let power = 52; power >= 0; power--) {
    marks.push({ offset: offset(2 ** 52 - 2 ** power), check: 0 });
  }
  marks = marksToKeep({ offset: offset(2 ** 52), check: 0 }, marks.reverse());
  expect(marks.length).toBeLessThanOrEqual(commitMarksMax);
});

test("a mark is the record's time, key and value; where there is none, there is no mark", async () => {
  const source = await sourceOf(await diskOf([0, 1]));
  const other = await sourceOf(await diskOf([0, 7]));
  const at = async (from: LogSource, before: number): Promise<Mark | null> =>
    unwrap(await markBefore(from, offset(before)));
  expect(await at(source, 1)).toEqual(await at(other, 1));
  expect(await at(source, 2)).not.toEqual(await at(other, 2));
  expect(await at(source, 0)).toBeNull();
  expect(await at(source, 3)).toBeNull();
});

test("in the same log a consumer goes on where it committed, however much came since", async () => {
  const committed = await committedAt(await diskOf(upTo(40)), 40);
  for (const count of [40, 41, 60]) {
    const source = await sourceOf(await diskOf(upTo(count)));
    expect(await resume(source, committed)).toEqual({ kind: "same", offset: offset(40) });
  }
});

test("in a log that parted, it goes on at or before the place, and not far before", async () => {
  const committed = await committedAt(await diskOf(upTo(60)), 60);
  for (let parted = 0; parted < 60; parted += 3) {
    for (const more of [0, 1, 70]) {
      const source = await sourceOf(
        await diskOf([...upTo(parted), ...upTo(more).map((n) => n + 500)]),
      );
      const resumption = unwrap(await resume(source, committed));
      expect(resumption.kind).toBe("changed");
      expect(resumption.offset).toBeLessThanOrEqual(parted);
      expect(60 - resumption.offset).toBeLessThanOrEqual((60 - parted) * 16);
    }
  }
});

test("where the start has passed the commit, it goes on at the start", async () => {
  const committed = await committedAt(await diskOf(upTo(30)), 30);
  const source = await sourceOf(await diskOf(upTo(90), 70));
  expect(await resume(source, committed)).toEqual({ kind: "trimmed", offset: offset(70) });
  const exactly = await sourceOf(await diskOf(upTo(90), 30));
  expect(await resume(exactly, committed)).toEqual({ kind: "same", offset: offset(30) });
});

test("where the newest mark is damaged, the next one has to do", async () => {
  const disk = await diskOf(upTo(10));
  const committed = await committedAt(disk, 10);
  const size = (await disk.readWhole(`${directory}/00000000000000000000.log`)).length;
  disk.flipBit(`${directory}/00000000000000000000.log`, size - 1, 0);
  const [, second] = committed.marks;
  if (second === undefined) throw new Error("there is one mark only");
  expect(await resume(await sourceOf(disk), committed)).toEqual({
    kind: "changed",
    offset: offset(second.offset + 1),
  });
});

test("a commit behind damage that was skipped holds as long as its newest mark does", async () => {
  const source = await sourceOf(await diskOf(upTo(10)));
  const { marks } = await committedAt(await diskOf(upTo(5)), 5);
  const behind = { offset: offset(8), marks };
  expect(await resume(source, behind)).toEqual({ kind: "same", offset: offset(8) });
  const unmarked = { offset: offset(8), marks: [] };
  expect(await resume(source, unmarked)).toEqual({ kind: "same", offset: offset(8) });
  const beyond = { offset: offset(11), marks: [] };
  expect(await resume(source, beyond)).toEqual({ kind: "changed", offset: offset(0) });
});

test("a log that can't be read is a refusal", async () => {
  const disk = await diskOf(upTo(10));
  const committed = await committedAt(disk, 10);
  const source = await sourceOf(disk);
  disk.failNext("list", directory, "failed");
  expect(await resume(source, committed)).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
  disk.failNext("read", /log$/, "failed");
  expect(await markBefore(source, offset(5))).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
});
