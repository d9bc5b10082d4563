import { expect, test } from "bun:test";
import { Positions } from "../../src/original/positions.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { indexOf } from "../support/original.ts";

async function positionsIn(bytes: Uint8Array): Promise<Positions> {
  const disk = new MemoryDisk();
  await disk.writeWhole("orders.idx", bytes);
  return await Positions.open(await disk.open("orders.idx", "read"));
}

test("positions are read in chunks, from any entry on, and 64 bits wide", async () => {
  const all = Array.from({ length: 20_000 }, (_, n) => n * 2 ** 33 + n);
  const positions = await positionsIn(indexOf(all));
  expect(positions.count).toBe(20_000);
  for (const number of [0, 8191, 8192, 19_999, 5]) {
    await positions.load(number);
    expect(positions.at(number)).toBe(number * 2 ** 33 + number);
  }
});

test("what is not loaded, not there or no position is unknown", async () => {
  const positions = await positionsIn(indexOf([-1, 7, 2 ** 60]));
  expect(positions.at(1)).toBe(-1);
  await positions.load(0);
  expect([0, 1, 2, 3].map((number) => positions.at(number))).toEqual([-1, 7, -1, -1]);
  await positions.load(3);
  expect(positions.at(3)).toBe(-1);
});

test("a torn last entry is counted by its bytes, and a missing file has no entry", async () => {
  const torn = await positionsIn(indexOf([0, 50]).subarray(0, 13));
  expect([torn.count, torn.tornBytes]).toEqual([1, 5]);
  const none = await Positions.open(null);
  await none.load(0);
  expect([none.count, none.at(0)]).toEqual([0, -1]);
});
