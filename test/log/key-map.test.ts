import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { KeyMap } from "../../src/log/key-map.ts";
import { randomForTest } from "../support/seed.ts";

const text = new TextEncoder();
const put = (map: KeyMap, key: string, at: number): boolean => {
  const bytes = text.encode(`..${key}..`);
  return map.put(bytes, 2, bytes.length - 2, offset(at));
};
const newest = (map: KeyMap, key: string): number => {
  const bytes = text.encode(key);
  return map.newest(bytes, 0, bytes.length);
};

test("it holds the newest offset of each key, as a map does", () => {
  const random = randomForTest();
  const map = new KeyMap(1024 * 1024, 100_000, offset(5_000_000_000), [random.below(2 ** 32), 1]);
  const model = new Map<string, number>();
  for (let at = 5_000_000_000; at < 5_000_060_000; at++) {
    const key = `key ${random.below(20_000)}`;
    expect(put(map, key, at)).toBe(true);
    model.set(key, at);
  }
  expect(map.count).toBe(model.size);
  for (let number = 0; number < 20_500; number++) {
    const key = `key ${number}`;
    expect({ key, at: newest(map, key) }).toEqual({ key, at: model.get(key) ?? -1 });
  }
});

test("it never takes more than it may, and with few keys it takes less", () => {
  expect(new KeyMap(1_000_000, 1e12, offset(0), [1, 2]).bytes).toBe(512 * 1024);
  expect(new KeyMap(1_000_000, 100, offset(0), [1, 2]).bytes).toBe(128 * 16);
});

test("once it is full it takes no new key, and still moves those it has", () => {
  const map = new KeyMap(16 * 16, 1000, offset(0), [1, 2]);
  let taken = 0;
  while (put(map, `${taken}`, taken)) taken += 1;
  expect(taken).toBe(12);
  expect(newest(map, `${taken}`)).toBe(-1);
  expect(put(map, "3", 500)).toBe(true);
  expect(put(map, "new", 501)).toBe(false);
  expect(newest(map, "3")).toBe(500);
  expect(map.count).toBe(12);
});

test("as many keys fit as were said to come", () => {
  for (const keys of [1, 2, 3, 100, 819, 820, 5000]) {
    const map = new KeyMap(1024 * 1024, keys, offset(0), [1, 2]);
    for (let key = 0; key < keys; key++)
      expect({ keys, fits: put(map, `${key}`, key) }).toEqual({ keys, fits: true });
  }
});

test("an offset that is too far from the base is not taken", () => {
  const map = new KeyMap(1024, 10, offset(0), [1, 2]);
  expect(put(map, "near", 0xffff_fffd)).toBe(true);
  expect(put(map, "far", 0xffff_fffe)).toBe(false);
  expect(newest(map, "near")).toBe(0xffff_fffd);
});
