import { expect, test } from "bun:test";
import type { OriginalLog } from "../../src/original/layout.ts";
import type { ReadItem } from "../../src/reader/item.ts";
import { countOriginal, firstPlace, readOriginal } from "../../src/reader/read-original.ts";
import type { Selection } from "../../src/reader/selection.ts";
import { timeOf } from "../../src/reader/text.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { messagesOf, writeOriginal } from "../support/original.ts";
import { keys, onlyPartition, storyOf } from "../support/reading.ts";

async function reading(disk: MemoryDisk, selection: Selection = {}, isFollowed = false) {
  const found = await onlyPartition(disk);
  if (found.source.kind !== "original") throw new Error("not the original's");
  const log: OriginalLog = found.source.log;
  const items: ReadItem[] = [];
  const run = readOriginal({ disk, found, log, selection, isFollowed }, firstPlace);
  for (;;) {
    const step = await run.next();
    if (step.done) return { items, place: step.value, count: await countOriginal(disk, log) };
    items.push(step.value);
  }
}

test("messages become records: numbers are offsets, no key is none, nanoseconds are kept", async () => {
  const disk = new MemoryDisk();
  await writeOriginal(disk, {
    topic: "orders",
    messages: [
      { key: "user1", value: "Hello", timestamp: 1_754_705_528_480, nanoseconds: 123_456 },
      { value: "World" },
    ],
  });
  const { items, count } = await reading(disk);
  const records = items.flatMap((item) => (item.kind === "records" ? item.records : []));
  expect(
    records.map((record) => [Number(record.offset), timeOf(record), record.key === null]),
  ).toEqual([
    [0, "2025-08-09T02:12:08.480123456Z", false],
    [1, "2025-08-09T02:12:08.480Z", true],
  ]);
  expect(count).toBe(2);
});

test("reading stops at the end of what was chosen, and says where", async () => {
  const disk = new MemoryDisk();
  const { positions } = await writeOriginal(disk, { topic: "orders", messages: messagesOf(10) });
  const { items, place } = await reading(disk, { fromOffset: 3, toOffset: 5 });
  expect(storyOf(items)).toEqual(keys(3, 5));
  expect(place.number).toBeGreaterThanOrEqual(5);
  expect((await reading(disk)).place).toEqual({ number: 10, position: positions.at(-1) ?? 0 });
});

test("damage is told with its numbers, unless others were chosen", async () => {
  const disk = new MemoryDisk();
  const { logPath, positions } = await writeOriginal(disk, {
    topic: "orders",
    messages: messagesOf(5),
  });
  disk.flipBit(logPath, (positions[2] ?? 0) + 13, 0);
  const story = async (selection: Selection): Promise<string[]> =>
    storyOf((await reading(disk, selection)).items);
  expect(await story({})).toEqual([...keys(0, 2), "format[2,3)", ...keys(3, 5)]);
  expect(await story({ fromOffset: 3 })).toEqual(keys(3, 5));
  expect(await story({ toOffset: 2 })).toEqual(keys(0, 2));
});

test("a torn tail is told, unless somebody may be writing it", async () => {
  const disk = new MemoryDisk();
  const { logPath, positions } = await writeOriginal(disk, {
    topic: "orders",
    messages: messagesOf(3),
  });
  disk.truncateTo(logPath, (positions[2] ?? 0) + 7);
  expect(storyOf((await reading(disk)).items)).toEqual([...keys(0, 2), "truncated[2,3)"]);
  const followed = await reading(disk, {}, true);
  expect(storyOf(followed.items)).toEqual(keys(0, 2));
  expect(followed.place).toEqual({ number: 2, position: positions[2] ?? 0 });
});

test("a failing disk stops it", async () => {
  const disk = new MemoryDisk();
  const { logPath } = await writeOriginal(disk, { topic: "orders", messages: messagesOf(3) });
  disk.failNext("open", logPath, "denied");
  expect(storyOf((await reading(disk)).items)).toEqual(["stopped KAFKA_STORAGE_ERROR"]);
});
