/** What every partition log promises, whatever it stores its records in. */
import { Memory } from "../../src/base/memory.ts";
import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import type { PartitionLog } from "../../src/log/log.ts";
import { batchOf, numbersIn } from "../support/batches.ts";
import { acked, range, readAll, unwrap } from "../support/log-world.ts";

/** One log under test. */
export interface LogUnderTest {
  readonly log: PartitionLog;
  /** Closes the log and opens it again from what it stored. */
  reopen(): Promise<PartitionLog>;
}

/** Runs the suite on the logs that `make` makes. */
export function logSuite(name: string, make: () => Promise<LogUnderTest>): void {
  describe(name, () => {
    test("an empty log starts and ends at zero and reads nothing", async () => {
      const { log } = await make();
      expect([log.startOffset, log.visibleOffset, log.endOffset]).toEqual([0, 0, 0].map(offset));
      const read = unwrap(await log.read(offset(0), 100));
      expect(read.bytes).toBe(0);
      await log.close();
    });

    test("records come back in the order of their appends, with offsets one by one", async () => {
      const { log } = await make();
      for (let i = 0; i < 50; i++) await acked(log, { first: i * 3, count: 3 });
      const records = await readAll(log);
      expect(records.map((record) => record.offset)).toEqual(range(0, 150));
      expect(records.map((record) => record.number)).toEqual(range(0, 150));
      await log.close();
    });

    test("offsets are given in the order of the calls, before anything is stored", async () => {
      const { log } = await make();
      const appended = range(0, 20).map((i) => unwrap(log.append(batchOf({ first: i }))));
      expect(appended.map((one) => Number(one.baseOffset))).toEqual(range(0, 20));
      expect(await Promise.all(appended.map((one) => one.committed))).toEqual(
        appended.map(() => null),
      );
      expect(log.visibleOffset).toBe(offset(20));
      await log.close();
    });

    test("the caller's bytes are free after the append", async () => {
      const { log } = await make();
      const batch = batchOf({ first: 7 });
      const { committed } = unwrap(log.append(batch));
      batch.fill(0xee);
      expect(await committed).toBeNull();
      expect((await readAll(log)).map((record) => record.number)).toEqual([7]);
      await log.close();
    });

    test("a batch that is given reads back like one that is copied, from memory and disk", async () => {
      const opened = await make();
      const { log } = opened;
      const batches = [0, 1, 2, 3].map((first) => batchOf({ first, valueBytes: 100_000 }));
      const appended = batches.map((batch, at) =>
        unwrap(log.append(batch, at % 2 === 0 ? new Memory(batch) : undefined)),
      );
      expect(await Promise.all(appended.map((one) => one.committed))).toEqual(
        appended.map(() => null),
      );
      expect((await readAll(log)).map((record) => record.number)).toEqual([0, 1, 2, 3]);
      const reopened = await opened.reopen();
      expect((await readAll(reopened)).map((record) => record.number)).toEqual([0, 1, 2, 3]);
      await reopened.close();
    });

    test("a read returns the whole batch that holds the offset", async () => {
      const { log } = await make();
      await acked(log, { first: 0, count: 10 });
      await acked(log, { first: 10, count: 10 });
      const read = unwrap(await log.read(offset(13), 1));
      expect(numbersIn(read.chunks)).toEqual(range(10, 20));
      expect(read.nextOffset).toBe(offset(20));
      await log.close();
    });

    test("a read returns at least one batch, then as many as fit", async () => {
      const { log } = await make();
      const bytes = batchOf({ first: 0 }).length;
      for (let i = 0; i < 10; i++) await acked(log, { first: i });
      const countAt = async (bytesMax: number): Promise<number> =>
        numbersIn(unwrap(await log.read(offset(0), bytesMax)).chunks).length;
      expect(await countAt(1)).toBe(1);
      expect(await countAt(bytes * 3)).toBe(3);
      expect(await countAt(bytes * 3 + bytes - 1)).toBe(3);
      expect(await countAt(bytes * 100)).toBe(10);
      await log.close();
    });

    test("offsets outside the log are refused, the end itself is not", async () => {
      const { log } = await make();
      await acked(log, { first: 0, count: 5 });
      const codeAt = async (at: number): Promise<string> => {
        const read = await log.read(offset(at), 100);
        return read instanceof Refusal ? read.code : `${read.bytes} bytes`;
      };
      expect(await codeAt(5)).toBe("0 bytes");
      expect(await codeAt(6)).toBe("OFFSET_OUT_OF_RANGE");
      expect(await codeAt(-1)).toBe("OFFSET_OUT_OF_RANGE");
      await log.close();
    });

    test("everything acknowledged is there after reopening, and offsets go on", async () => {
      const under = await make();
      for (let i = 0; i < 200; i++) await acked(under.log, { first: i, valueBytes: 1000 });
      const log = await under.reopen();
      expect(log.endOffset).toBe(offset(200));
      await acked(log, { first: 200 });
      expect((await readAll(log, 5000)).map((record) => record.number)).toEqual(range(0, 201));
      await log.close();
    });

    test("the first record that is new enough is found by time, also after reopening", async () => {
      const under = await make();
      for (let i = 0; i < 100; i++) {
        await acked(under.log, {
          first: i * 10,
          count: 10,
          timestamp: 1000 + i * 100,
          valueBytes: 200,
        });
      }
      const find = async (log: PartitionLog, at: number): Promise<unknown> =>
        unwrap(await log.offsetForTime(at));
      for (const log of [under.log, await under.reopen()]) {
        expect(await find(log, 0)).toEqual({ offset: offset(0), timestamp: 1000 });
        expect(await find(log, 1003)).toEqual({ offset: offset(3), timestamp: 1003 });
        expect(await find(log, 1010)).toEqual({ offset: offset(10), timestamp: 1100 });
        expect(await find(log, 10_909)).toEqual({ offset: offset(999), timestamp: 10_909 });
        expect(await find(log, 10_910)).toBeNull();
        if (log !== under.log) await log.close();
      }
    });

    test("compressed batches are kept as they are and searched by time", async () => {
      const { log } = await make();
      const batch = batchOf({
        first: 0,
        count: 50,
        valueBytes: 200,
        timestamp: 0,
        compression: "zstd",
      });
      expect(await unwrap(log.append(batch)).committed).toBeNull();
      const read = unwrap(await log.read(offset(0), 1));
      expect(Buffer.concat(read.chunks).subarray(16)).toEqual(Buffer.from(batch.subarray(16)));
      expect(unwrap(await log.offsetForTime(17))).toEqual({ offset: offset(17), timestamp: 17 });
      await log.close();
    });

    test("trimming moves the start, for good", async () => {
      const under = await make();
      for (let i = 0; i < 300; i++) await acked(under.log, { first: i, valueBytes: 1000 });
      expect(await under.log.trim(offset(150))).toBeNull();
      expect(under.log.startOffset).toBe(offset(150));
      expect(await under.log.read(offset(149), 1)).toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
      expect((await under.log.trim(offset(301)))?.code).toBe("OFFSET_OUT_OF_RANGE");
      expect(await under.log.trim(offset(10))).toBeNull();
      const log = await under.reopen();
      expect(log.startOffset).toBe(offset(150));
      expect((await readAll(log, 5000)).map((record) => record.number)).toEqual(range(150, 300));
      await log.close();
    });

    test("a log that was trimmed to its end goes on counting from there", async () => {
      const under = await make();
      for (let i = 0; i < 10; i++) await acked(under.log, { first: i });
      expect(await under.log.trim(offset(10))).toBeNull();
      const log = await under.reopen();
      expect([log.startOffset, log.endOffset]).toEqual([offset(10), offset(10)]);
      expect((await acked(log, { first: 10 })).baseOffset).toBe(offset(10));
      await log.close();
    });

    test("the follower hears that the visible end moved, until another one follows", async () => {
      const { log } = await make();
      const heard: number[] = [];
      log.follow({ visible: () => heard.push(log.visibleOffset), rolledBack: () => {} });
      await acked(log, { first: 0 });
      await acked(log, { first: 1 });
      log.follow({ visible: () => {}, rolledBack: () => {} });
      await acked(log, { first: 2 });
      expect(heard).toEqual([1, 2]);
      await log.close();
    });

    test("the bytes that became visible are counted from the opening on", async () => {
      const under = await make();
      expect(under.log.visibleBytes).toBe(0);
      let bytes = 0;
      for (let i = 0; i < 20; i++) {
        const shape = { first: i, valueBytes: 10_000 };
        bytes += batchOf(shape).length;
        await acked(under.log, shape);
        expect(under.log.visibleBytes).toBe(bytes);
      }
      await under.log.trim(offset(15));
      expect(under.log.visibleBytes).toBe(bytes);
      const log = await under.reopen();
      expect(log.visibleBytes).toBe(0);
      await log.close();
    });

    test("a configuration holds for the appends that follow, and all is there", async () => {
      const under = await make();
      const config = {
        segmentBytes: 64 * 1024,
        segmentMs: 1_000_000,
        durability: { fsync: "always" },
        lingerMs: 0,
      } as const;
      for (const durability of [
        { fsync: "never" },
        { fsync: "interval", intervalMs: 5 },
        { fsync: "always" },
      ] as const) {
        const from = under.log.endOffset;
        const appended = range(from, from + 10).map((i) =>
          unwrap(under.log.append(batchOf({ first: i }))),
        );
        expect(await under.log.configure({ ...config, durability })).toBeNull();
        expect(await Promise.all(appended.map((one) => one.committed))).toEqual(
          appended.map(() => null),
        );
      }
      const log = await under.reopen();
      expect((await readAll(log)).map((record) => record.number)).toEqual(range(0, 30));
      await log.close();
    });

    test("a closed log refuses appends and a deleted one is gone", async () => {
      const under = await make();
      await acked(under.log, { first: 0 });
      await under.log.close();
      expect(under.log.append(batchOf({ first: 1 }))).toMatchObject({ code: "SHUTTING_DOWN" });
      const log = await under.reopen();
      expect(await log.delete()).toBeNull();
      expect(log.append(batchOf({ first: 1 }))).toMatchObject({
        code: "UNKNOWN_TOPIC_OR_PARTITION",
      });
    });
  });
}
