import { expect, test } from "bun:test";
import { SharedSync } from "../../src/metadata/shared-sync.ts";
import { turns } from "../support/until.ts";

/** A sync that ends when the test says so, with the number of those that have begun. */
function heldSync(): { sync: SharedSync; begun: PromiseWithResolvers<void>[] } {
  const begun: PromiseWithResolvers<void>[] = [];
  const sync = new SharedSync(() => {
    const held = Promise.withResolvers<void>();
    begun.push(held);
    return held.promise;
  });
  return { sync, begun };
}

test("where nothing was written nothing is synced", async () => {
  const { sync, begun } = heldSync();
  await sync.durable();
  expect(begun).toHaveLength(0);
});

test("a sync that began before a write says nothing about it", async () => {
  const { sync, begun } = heldSync();
  sync.wrote();
  void sync.durable();
  sync.wrote();
  let isDurable = false;
  void sync.durable().then(() => (isDurable = true));
  begun[0]?.resolve();
  await turns(1);
  expect([begun.length, isDurable]).toEqual([2, false]);
  begun[1]?.resolve();
  await turns(1);
  expect([begun.length, isDurable]).toEqual([2, true]);
});

test("whoever has nothing newer waits for the sync that runs, not for another", async () => {
  const { sync, begun } = heldSync();
  sync.wrote();
  const both = Promise.all([sync.durable(), sync.durable()]);
  begun[0]?.resolve();
  await both;
  expect(begun).toHaveLength(1);
});

test("after a failed sync there is no other", async () => {
  const { sync, begun } = heldSync();
  sync.wrote();
  const first = sync.durable();
  sync.wrote();
  const second = sync.durable();
  begun[0]?.reject(new Error("EIO"));
  const ends = await Promise.allSettled([first, second]);
  expect(ends.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  sync.wrote();
  await expect(sync.durable()).rejects.toThrow("EIO");
  expect(begun).toHaveLength(1);
});
