import { expect, test } from "bun:test";
import type { Offset } from "../../src/base/brands.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { latestTime } from "../../src/kafka/latest-time.ts";
import { randomForTest } from "../support/seed.ts";

/** Records with these times; each look-up is counted. */
function timed(times: readonly number[]) {
  let lookUps = 0;
  return {
    get lookUps() {
      return lookUps;
    },
    async offsetForTime(timestamp: number) {
      lookUps += 1;
      const at = times.findIndex((time) => time >= timestamp);
      return at < 0 ? null : { offset: at as Offset, timestamp: times[at]! };
    },
  };
}

test.each([
  [[], null],
  [[5], 0],
  [[-1], 0],
  [[1, 2, 3], 2],
  [[3, 2, 1], 0],
  [[1, 9, 9, 2], 1],
  [[0, Number.MAX_SAFE_INTEGER, 7], 1],
])("of records at %j", async (times, expected) => {
  const found = await latestTime(timed(times));
  expect(found === null || found instanceof Refusal ? found : Number(found.offset)).toBe(
    expected as never,
  );
});

test("is found with some dozens of look-ups, however many records there are", async () => {
  const random = randomForTest();
  const start = 1_700_000_000_000;
  const times = Array.from({ length: 5_000 }, () => start + random.below(30 * 86_400_000));
  const partition = timed(times);
  const found = await latestTime(partition);
  if (found === null || found instanceof Refusal) throw new Error("there are records");
  expect(found.timestamp).toBe(Math.max(...times));
  expect(Number(found.offset)).toBe(times.indexOf(found.timestamp));
  expect(partition.lookUps).toBeLessThan(100);
});

test("a log that can't be read is a refusal", async () => {
  const refusal = new Refusal("KAFKA_STORAGE_ERROR", "the disk is gone");
  const answers = [{ offset: 0 as Offset, timestamp: 5 }, refusal];
  const offsetForTime = async () => answers.shift() ?? refusal;
  expect(await latestTime({ offsetForTime })).toBe(refusal);
});
