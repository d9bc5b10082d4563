import { expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { Commits } from "../../src/client/commit-file.ts";
import { CommitStore, storageError, type LockDirectory } from "../../src/client/commit-store.ts";
import { LockHeld } from "../../src/disk/lock.ts";
import { MemoryDisk } from "../fake/disk.ts";

const path = "consumers/billing/commits.json";

function commitsAt(at: number): Commits {
  const commits = new Commits();
  commits.set("orders", 0, { offset: offset(at), marks: [] });
  return commits;
}

/** A lock that counts how often it is held. */
function lockOf(): { lock: LockDirectory; held: () => number } {
  let held = 0;
  const lock: LockDirectory = () => {
    held += 1;
    return Promise.resolve({
      release: () => {
        held -= 1;
      },
    });
  };
  return { lock, held: () => held };
}

test("what is saved is there for the next one, in a directory of the group", async () => {
  const disk = new MemoryDisk();
  const { lock, held } = lockOf();
  const store = await CommitStore.open({ disk, group: "billing", lock });
  expect(store.commits.all()).toEqual([]);
  await store.save(commitsAt(5));
  expect(store.commits.get("orders", 0)?.offset).toBe(offset(5));
  store.close();
  expect(held()).toBe(0);
  const next = await CommitStore.open({
    disk: disk.crash({ keep: "synced" }),
    group: "billing",
    lock,
  });
  expect(next.commits.get("orders", 0)?.offset).toBe(offset(5));
});

test("a group that is held refuses, and a read-only store neither asks nor writes", async () => {
  const disk = new MemoryDisk();
  const lock: LockDirectory = (directory) => Promise.resolve(new LockHeld(directory, undefined));
  const refused = CommitStore.open({ disk, group: "billing", lock });
  expect(refused).rejects.toMatchObject({ code: "GROUP_IN_USE" });
  await refused.catch(() => {});
  const before = disk.operations.length;
  const reader = await CommitStore.open({ disk, group: "audit", lock: null });
  expect(reader.save(commitsAt(1))).rejects.toMatchObject({ code: "READ_ONLY" });
  reader.close();
  const operations = disk.operations.slice(before).map(({ operation }) => operation);
  expect(operations).toEqual(["readWhole"]);
});

test("whatever goes wrong while opening, the lock is given free again", async () => {
  for (const kind of ["damaged", "failed"] as const) {
    const disk = new MemoryDisk();
    const { lock, held } = lockOf();
    await disk.makeDirectory("consumers/billing");
    await disk.writeWhole(path, new Uint8Array(3));
    if (kind === "failed") disk.failNext("readWhole", path, "failed");
    const code = kind === "failed" ? "STORAGE" : "COMMITS_DAMAGED";
    const opening = CommitStore.open({ disk, group: "billing", lock });
    expect(opening).rejects.toMatchObject({ code });
    await opening.catch(() => {});
    expect(held()).toBe(0);
  }
});

test("a save that fails leaves what was known, and what a crash left behind is removed", async () => {
  const disk = new MemoryDisk();
  const { lock } = lockOf();
  const store = await CommitStore.open({ disk, group: "billing", lock });
  await store.save(commitsAt(5));
  disk.failNext("sync", /tmp$/, "full");
  const failing = store.save(commitsAt(6));
  expect(failing).rejects.toMatchObject({ code: "STORAGE" });
  await failing.catch(() => {});
  expect(store.commits.get("orders", 0)?.offset).toBe(offset(5));
  await disk.writeWhole("consumers/billing/commits.json.77.tmp", new Uint8Array(3));
  store.close();
  await CommitStore.open({ disk, group: "billing", lock });
  expect((await disk.list("consumers/billing")).map(({ name }) => name)).toEqual(["commits.json"]);
});

test("only a disk's error becomes one of the storage", () => {
  const error = new TypeError("a mistake");
  expect(storageError(error, "committing")).toBe(error);
});
