import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { LoopShare } from "../../src/base/loop-share.ts";
import { GroupLags, type GroupLag } from "../../src/broker/group-lag.ts";
import { batchOf } from "../support/batches.ts";
import { HttpWorld } from "../support/http-world.ts";
import { ManualClock } from "../fake/clock.ts";
import { turns } from "../support/until.ts";

/** Appends records, each so many milliseconds before now. */
async function append(world: HttpWorld, ...agesMs: readonly number[]): Promise<void> {
  const partition = world.broker.topic("t")?.partitions[0];
  for (const ageMs of agesMs) {
    const timestamp = world.base.clock.now() - ageMs;
    await partition?.produce(batchOf({ first: 0, timestamp }));
  }
}

const lagsOf = (world: HttpWorld) => world.system.services!.lags;

/** `[lag, seconds]` of each partition of group `g`. */
async function lag(world: HttpWorld): Promise<(readonly [number, number | null])[]> {
  const found = await lagsOf(world).of("g");
  if (typeof found === "string") throw new Error(found);
  return found.partitions.map((each) => [each.lag, each.lagSeconds] as const);
}

describe("lag", () => {
  test("is counted in records, and in the age of the oldest that is not committed", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await append(world, 9_000, 7_000, 5_000);
    await world.commit("g", "t", 0, 1);
    const before = world.base.clock.now();
    const [[records, seconds] = [0, 0]] = await lag(world);
    expect(records).toBe(2);
    // Committing has moved the clock a little.
    expect(seconds).toBeGreaterThanOrEqual(7);
    expect(seconds).toBeLessThan(7 + (world.base.clock.now() - before) / 1000 + 1);
  });

  test("grows with time and is gone when all is committed", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await append(world, 0);
    await world.commit("g", "t", 0, 0);
    const [[, first] = [0, 0]] = await lag(world);
    world.base.clock.advance(60_000);
    const [[, later] = [0, 0]] = await lag(world);
    expect((later ?? 0) - (first ?? 0)).toBe(60);
    await world.commit("g", "t", 0, 1);
    expect(await lag(world)).toEqual([[0, 0]]);
  });

  test("counts records that were deleted, but their age is that of the oldest left", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await append(world, 9_000, 3_000);
    await world.commit("g", "t", 0, 0);
    await world.broker.topic("t")?.partitions[0]?.deleteRecords(1);
    const [[records, seconds] = [0, 0]] = await lag(world);
    expect(records).toBe(2);
    expect(seconds).toBeLessThan(9);
  });

  test("has no age where the record has no time, or can't be read", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    const partition = world.broker.topic("t")?.partitions[0];
    await partition?.produce(batchOf({ first: 0, timestamp: -1 }));
    await world.commit("g", "t", 0, 0);
    expect(await lag(world)).toEqual([[1, null]]);
  });

  test("is 0 for a group that is ahead of a topic that was made anew", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await world.commit("g", "t", 0, 5);
    expect(await lag(world)).toEqual([[0, 0]]);
  });

  test("looks a record's time up once, as long as the offset stays", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await append(world, 1_000, 500);
    await world.commit("g", "t", 0, 0);
    const partition = world.broker.topic("t")?.partitions[0];
    if (partition === undefined) throw new Error("a topic has a partition");
    let reads = 0;
    const read = partition.read.bind(partition);
    partition.read = (from, bytesMax) => {
      reads += 1;
      return read(offset(from), bytesMax);
    };
    for (let left = 3; left > 0; left--) await lag(world);
    expect(reads).toBe(1);
    await world.commit("g", "t", 0, 1);
    await lag(world);
    expect(reads).toBe(2);
  });
});

describe("groups", () => {
  test("tell who reads what", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t", 2);
    await world.commit("g", "t", 0, 0);
    await world.commit("g", "t", 1, 0);
    const memberId = await world.member("g", "t", 1);
    const found = (await lagsOf(world).of("g")) as GroupLag;
    const readers = found.partitions.map(({ member }) => member?.memberId ?? null);
    expect(readers).toEqual([null, memberId]);
  });

  test("are told one by one or all together, and a missing one by its error", async () => {
    await using world = await HttpWorld.open();
    await world.topic("t");
    await world.commit("b", "t", 0, 0);
    await world.commit("a", "t", 0, 0);
    const all = await lagsOf(world).all();
    expect(all.map(({ group }) => group.groupId)).toEqual(["a", "b"]);
    expect(await lagsOf(world).of("none")).toBe("GROUP_ID_NOT_FOUND");
  });
});

test("a group with many partitions leaves everybody else their turns", async () => {
  await using world = await HttpWorld.open();
  const count = 500;
  await world.topic("t", count);
  for (let partition = 0; partition < count; partition++)
    await world.commit("g", "t", partition, 0);
  const { broker, groups } = world;
  // Looking at a partition takes a tenth of a millisecond, and nothing else takes time.
  let looks = 0;
  const clock = new ManualClock();
  clock.monotonic = () => looks / 10;
  for (const partition of broker.topic("t")?.partitions ?? []) {
    Object.defineProperty(partition, "highWatermark", { get: () => ((looks += 1), offset(0)) });
  }
  const lags = new GroupLags({ broker, groups, clock, share: new LoopShare(clock, 5) });
  const found = lags.of("g");
  const perTurn: number[] = [];
  for (let seen = 0; seen < count; seen = looks) {
    await turns(2);
    perTurn.push(looks - seen);
    clock.advance(0);
  }
  expect(await found).toMatchObject({ partitions: { length: count } });
  // A share is exceeded by no more than one piece of work.
  expect(Math.max(...perTurn)).toBeLessThanOrEqual(50 + 64);
});
