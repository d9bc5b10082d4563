/** Stories of ids that are given once. */
import { expect, test } from "bun:test";
import { Refusal } from "../../src/base/refusal.ts";
import { ProducerIds } from "../../src/broker/producer-ids.ts";
import { producerIdsReserved } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { MemoryMetadata } from "../fake/metadata.ts";
import { unwrap } from "../support/log-world.ts";

const none = { producerId: -1, producerEpoch: -1 };

/** So many ids, one after another. */
async function take(ids: ProducerIds, count: number): Promise<number[]> {
  const taken: number[] = [];
  for (let left = count; left > 0; left--) taken.push(unwrap(await ids.init(none)).producerId);
  return taken;
}

test("each id is another one, with epoch 0; one call to the store does for a thousand", async () => {
  const metadata = new MemoryMetadata();
  const ids = new ProducerIds(metadata.producerIds, new ManualClock());
  expect(unwrap(await ids.init(none)).producerEpoch).toBe(0);
  const taken = await take(ids, 2 * producerIdsReserved);
  expect(new Set(taken).size).toBe(taken.length);
  expect(metadata.calls).toHaveLength(3);
});

test("asked at once by many, each gets its own, and the store is asked once", async () => {
  const metadata = new MemoryMetadata();
  const ids = new ProducerIds(metadata.producerIds, new ManualClock());
  const asked = Array.from({ length: 2500 }, () => ids.init(none));
  const taken = (await Promise.all(asked)).map((each) => unwrap(each).producerId);
  expect(new Set(taken).size).toBe(2500);
  expect(metadata.calls).toHaveLength(3);
});

test("after a restart, whether it was killed or closed, come others", async () => {
  const clock = new ManualClock();
  let metadata = new MemoryMetadata();
  const taken: number[] = [];
  for (let start = 0; start < 5; start++) {
    taken.push(...(await take(new ProducerIds(metadata.producerIds, clock), 3)));
    metadata = metadata.reopened();
  }
  expect(new Set(taken).size).toBe(15);
});

test("with the metadata lost, or an older copy put back, come others too", async () => {
  const clock = new ManualClock();
  const metadata = new MemoryMetadata();
  const before = await take(new ProducerIds(metadata.producerIds, clock), 1500);
  clock.advance(5);
  const after = await take(new ProducerIds(new MemoryMetadata().producerIds, clock), 1500);
  expect(new Set([...before, ...after]).size).toBe(3000);
});

test("a clock that goes back gives no id again", async () => {
  const metadata = new MemoryMetadata();
  const late = new ManualClock(2_000_000_000_000);
  const early = new ManualClock(1_000_000_000_000);
  const before = await take(new ProducerIds(metadata.producerIds, late), 10);
  const after = await take(new ProducerIds(metadata.producerIds, early), 10);
  expect(Math.min(...after)).toBeGreaterThan(Math.max(...before));
});

test("who has been another one gets a new identity", async () => {
  const ids = new ProducerIds(new MemoryMetadata().producerIds, new ManualClock());
  const first = unwrap(await ids.init(none));
  const second = unwrap(await ids.init(first));
  expect(second.producerId).not.toBe(first.producerId);
  expect(second.producerEpoch).toBe(0);
});

test.each([[{ producerId: 7, producerEpoch: -1 }], [{ producerId: -1, producerEpoch: 0 }]])(
  "half an identity is refused: %p",
  async (past) => {
    const ids = new ProducerIds(new MemoryMetadata().producerIds, new ManualClock());
    expect(await ids.init(past)).toMatchObject({ code: "INVALID_REQUEST" });
  },
);

test("a store that refuses is asked again by the next one", async () => {
  const metadata = new MemoryMetadata();
  const full = new Refusal("DISK_FULL", "metadata obelisk.db: database or disk is full");
  metadata.fate = () => full;
  const ids = new ProducerIds(metadata.producerIds, new ManualClock());
  expect(await Promise.all([ids.init(none), ids.init(none)])).toEqual([full, full]);
  metadata.fate = () => "go on";
  expect(await take(ids, 2)).toHaveLength(2);
});
