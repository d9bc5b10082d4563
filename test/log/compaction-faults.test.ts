/** Compaction on a machine that stops, and on a disk that fails, at each step of it. */
import { expect, test } from "bun:test";
import { seededRandom } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { DiskErrorKind } from "../../src/disk/disk.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import type { FoundPartition } from "../../src/reader/directory.ts";
import { verifyPartition } from "../../src/reader/verify.ts";
import type { Operation } from "../fake/faults.ts";
import {
  configOf,
  type Entry,
  type Filled,
  linesOf,
  logOf,
  means,
  run,
} from "../support/compaction.ts";
import { directory, LogWorld, unwrap } from "../support/log-world.ts";
import { rounds } from "../support/rounds.ts";

/** Eleven small segments, and room for four of them in one. */
async function mergeable(): Promise<Filled> {
  const filled = await logOf(
    Array.from({ length: 12 }, (_, i): Entry[] => [
      [`k${i % 4}`, i % 5 === 4 ? null : `v${i}`],
      [`only${i}`, "v"],
    ]),
  );
  await filled.log.configure(configOf({}, 400));
  return filled;
}

/** What the log holds before and after. */
async function beforeAndAfter(): Promise<[string[], string[]]> {
  const filled = await mergeable();
  const before = await linesOf(filled.log);
  const { segments, segmentsLeft } = await run(filled);
  expect([segments, segmentsLeft]).toEqual([11, 3]);
  return [before, await linesOf(filled.log)];
}

const partition: FoundPartition = {
  topic: "orders",
  partition: 0,
  source: { kind: "own", directory },
};

const settle = async (): Promise<void> => {
  for (let i = 0; i < 2500; i++) await Promise.resolve();
};

test("the machine may stop at any step of it: each record is there that has to be", async () => {
  const [before, after] = await beforeAndAfter();
  for (let at = 0; ; at++) {
    let isOver = false;
    for (const how of ["all", "synced", 1, 2].slice(0, rounds(3, 4))) {
      const { world, log } = await mergeable();
      const begun = world.disk.operations.length;
      world.disk.haltAt(begun + at);
      const now = world.clock.now();
      void log.compact(means(now));
      await settle();
      isOver = world.disk.operations.length <= begun + at;
      const seed = Number(how) * 1000 + at;
      const crash =
        typeof how === "number" ? { random: seededRandom(seed) } : { keep: how as "all" };
      const next = new LogWorld(world.disk.crash(crash), configOf({}, 400));
      // What readers of the dead directory see, before anybody has tidied it up.
      const seen = await linesOf(await next.view());
      const isLive = (): boolean => false;
      const check = await verifyPartition(next.newEnvironment(true), partition, { isLive });
      expect({ at, how, damages: check.findings.damages }).toEqual({ at, how, damages: [] });
      expect(Number(check.endOffset)).toBe(24);
      const again = await next.open();
      const found = await linesOf(again);
      expect({ at, how, losses: again.losses }).toEqual({ at, how, losses: [] });
      for (const lines of [seen, found]) {
        const gone = after.filter((line) => !lines.includes(line));
        const made = lines.filter((line) => !before.includes(line));
        expect({ at, how, gone, made }).toEqual({ at, how, gone: [], made: [] });
      }
      unwrap(await again.compact(means(now)));
      expect({ at, how, lines: await linesOf(again) }).toEqual({ at, how, lines: after });
      const names = (await next.disk.list(directory)).map(({ name }) => name);
      expect(names.filter((name) => /swap|cleaned|tmp/.test(name))).toEqual([]);
      expect(next.logger.events.filter(({ level }) => level === "error")).toEqual([]);
    }
    if (isOver) {
      expect(at).toBeGreaterThan(100);
      return;
    }
  }
}, 120_000);

/** What can be read from the start on, and what ends it, if it is not the end. */
async function readable(log: SegmentLog): Promise<{ lines: string[]; refusal: Refusal | null }> {
  const lines: string[] = [];
  for (let at = log.startOffset; at < log.visibleOffset;) {
    const read = await log.read(at, 1);
    if (read instanceof Refusal) return { lines, refusal: read };
    const range = { startOffset: at, visibleOffset: read.nextOffset, read: () => read };
    lines.push(...(await linesOf(range)));
    at = read.nextOffset;
  }
  return { lines, refusal: null };
}

const failing: Operation[] = [
  "append",
  "list",
  "open",
  "read",
  "remove",
  "rename",
  "sync",
  "syncDirectory",
  "writeWhole",
];

test.each(failing)(
  "the disk may fail at any %s of it: nothing is lost, and the next start has it all",
  async (operation) => {
    const [before, after] = await beforeAndAfter();
    for (const kind of ["failed", "full"] as DiskErrorKind[]) {
      for (let nth = 0; ; nth++) {
        const about = { operation, kind, nth };
        const { world, log } = await mergeable();
        const now = world.clock.now();
        const takeBack = world.disk.failNext(operation, /^/, kind, { after: nth });
        const compaction = log.compact(means(now));
        for (let i = 0; i < 6; i++) {
          await settle();
          world.clock.advance(1000);
        }
        const outcome = await compaction;
        takeBack();
        // What can be read is right, wherever it failed.
        const { lines, refusal } = await readable(log);
        expect({ ...about, made: lines.filter((line) => !before.includes(line)) }).toEqual({
          ...about,
          made: [],
        });
        expect({ ...about, code: refusal?.code }).not.toEqual({
          ...about,
          code: "CORRUPT_MESSAGE",
        });
        await log.close();
        const next = new LogWorld(world.disk.clone(), configOf({}, 400));
        const again = await next.open();
        expect({ ...about, losses: again.losses }).toEqual({ ...about, losses: [] });
        unwrap(await again.compact(means(now)));
        expect({ ...about, lines: await linesOf(again) }).toEqual({ ...about, lines: after });
        if (!(outcome instanceof Refusal)) break;
      }
    }
  },
  120_000,
);
