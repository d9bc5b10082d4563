import { expect, test } from "bun:test";
import { type Random, seededRandom, systemRandom } from "../../src/base/random.ts";

const take = (random: Random, count: number): number[] =>
  Array.from({ length: count }, () => random.next());

test("a seed gives the same numbers every time, so that a run can be had again", () => {
  expect(take(seededRandom(42), 100)).toEqual(take(seededRandom(42), 100));
  expect(seededRandom(42).uuid()).toBe(seededRandom(42).uuid());
});

test("neighbouring seeds give other numbers", () => {
  const firsts = new Set(Array.from({ length: 200 }, (_, seed) => seededRandom(seed).next()));
  expect(firsts.size).toBe(200);
});

test.each([
  ["seeded", seededRandom(7)],
  ["the system's", systemRandom],
])("%s numbers fill their range and stay within it", (_, random) => {
  const counts = Array.from({ length: 10 }, () => 0);
  for (const number of take(random, 10_000)) {
    expect(number).toBeGreaterThanOrEqual(0);
    expect(number).toBeLessThan(1);
    counts[Math.floor(number * 10)]! += 1;
  }
  // A thousand each are expected; 800 would be more than six standard deviations away.
  expect(Math.min(...counts)).toBeGreaterThan(800);
  const below = Array.from({ length: 300 }, () => random.below(3));
  expect(new Set(below)).toEqual(new Set([0, 1, 2]));
});

test.each([
  ["seeded", seededRandom(7)],
  ["the system's", systemRandom],
])("%s UUIDs are of version 4 and differ", (_, random) => {
  const uuids = Array.from({ length: 50 }, () => random.uuid());
  for (const uuid of uuids) {
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  expect(new Set(uuids).size).toBe(50);
});
