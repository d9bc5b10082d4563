import { describe, expect, test } from "bun:test";
import { seededRandom } from "../../src/base/random.ts";
import type { Random } from "../../src/base/random.ts";
import { DiskError } from "../../src/disk/disk.ts";
import type { DiskFile } from "../../src/disk/disk.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { MemoryDisk } from "./disk.ts";

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

/** What a file holds, or that it is missing. */
async function content(disk: MemoryDisk, path: string): Promise<string> {
  try {
    return new TextDecoder().decode(await disk.readWhole(path));
  } catch (error) {
    if (error instanceof DiskError) return error.kind;
    throw error;
  }
}

const names = async (disk: MemoryDisk, path = "."): Promise<string> =>
  (await disk.list(path)).map((entry) => entry.name).join(" ");

/** What a story left at 200 power losses of its own, each told by `look`, without repeats. */
async function found(
  story: (disk: MemoryDisk) => Promise<void>,
  look: (disk: MemoryDisk) => Promise<string>,
): Promise<string[]> {
  const disk = new MemoryDisk();
  await story(disk);
  const random = seededRandom(1);
  const outcomes = new Set<string>();
  for (let i = 0; i < 200; i++) outcomes.add(await look(disk.clone().crash({ random })));
  return [...outcomes].sort();
}

/** A file with a name that is on the device. */
async function madeDurably(disk: MemoryDisk, path: string, mode = "append"): Promise<DiskFile> {
  const file = await disk.open(path, mode === "append" ? "append" : "append-durable");
  await disk.syncDirectory(".");
  return file;
}

describe("what was synced", () => {
  test("is found; what was only written is found after kill -9 alone", async () => {
    const disk = new MemoryDisk();
    const log = await madeDurably(disk, "log");
    await log.append([text("synced")]);
    await log.sync();
    await log.append([text(", written")]);
    expect(await content(disk.clone().crash({ keep: "all" }), "log")).toBe("synced, written");
    expect(await content(disk.clone().crash({ keep: "synced" }), "log")).toBe("synced");
  });

  test("does not grow by kill -9: the written part still needs a sync", async () => {
    const disk = new MemoryDisk();
    const log = await madeDurably(disk, "log");
    await log.append([text("written")]);
    const killed = disk.crash({ keep: "all" });
    expect(await content(killed.clone().crash({ keep: "synced" }), "log")).toBe("");
    await (await killed.open("log", "append")).sync();
    expect(await content(killed.crash({ keep: "synced" }), "log")).toBe("written");
  });

  test("counts from the call: what is written while the sync runs is not in it", async () => {
    const disk = new MemoryDisk();
    const log = await madeDurably(disk, "log");
    const gate = disk.hold("sync");
    await log.append([text("before")]);
    const synced = log.sync();
    await log.append([text(", during")]);
    expect(await content(disk.clone().crash({ keep: "synced" }), "log")).toBe("");
    gate.release();
    await synced;
    expect(await content(disk.crash({ keep: "synced" }), "log")).toBe("before");
  });

  test("includes each durable append from when it resolves, and no other write", async () => {
    const disk = new MemoryDisk();
    const durable = await madeDurably(disk, "log", "append-durable");
    const plain = await disk.open("log", "append");
    await durable.append([text("one ")]);
    await plain.append([text("two ")]);
    await durable.append([text("three")]);
    const gate = disk.hold("append");
    const last = durable.append([text(" in flight")]);
    expect(await content(disk.clone().crash({ keep: "synced" }), "log")).toBe("one \0\0\0\0three");
    gate.release();
    await last;
    expect(await content(disk.crash({ keep: "synced" }), "log")).toBe(
      "one \0\0\0\0three in flight",
    );
  });

  test("includes earlier cuts, which a durable append takes along", async () => {
    const disk = new MemoryDisk();
    const log = await madeDurably(disk, "log", "append-durable");
    await log.append([text("kept torn tail")]);
    await log.truncate(5);
    expect(await content(disk.clone().crash({ keep: "synced" }), "log")).toBe("kept torn tail");
    await log.append([text("whole")]);
    expect(await content(disk.crash({ keep: "synced" }), "log")).toBe("kept whole");
  });
});

describe("what was not synced", () => {
  test("is kept, dropped, torn at a byte or at sectors, and nothing else", async () => {
    const synced = "s".repeat(100);
    const written = "w".repeat(1000);
    const outcomes = await found(
      async (disk) => {
        const log = await madeDurably(disk, "log");
        await log.append([text(synced)]);
        await log.sync();
        await log.append([text(written)]);
      },
      (disk) => content(disk, "log"),
    );
    for (const outcome of outcomes) {
      expect(outcome).toMatch(/^s{100}[w\0]*$/);
      expect(outcome.length).toBeLessThanOrEqual(1100);
    }
    expect(outcomes).toContain(synced);
    expect(outcomes).toContain(synced + written);
    // The sector from byte 512 to 1024, and what lies before and after it in this write.
    const [before, sector, after] = ["w".repeat(412), "w".repeat(512), "w".repeat(76)];
    expect(outcomes).toContain(synced + before + "\0".repeat(512) + after);
    expect(outcomes).toContain(synced + "\0".repeat(412) + sector + after);
    expect(outcomes).toContain(synced + before + "\0".repeat(588));
    const tornAtByte = outcomes.filter((one) => /^s+w+$/.test(one) && one.length % 512 !== 0);
    expect(tornAtByte.length).toBeGreaterThan(20);
  });

  test("goes write by write: a later one may be there and an earlier one not", async () => {
    const outcomes = await found(
      async (disk) => {
        const log = await madeDurably(disk, "log");
        for (const letter of ["a", "b"]) await log.append([text(letter)]);
      },
      (disk) => content(disk, "log"),
    );
    expect(outcomes).toEqual(["", "\0", "\0\0", "\0b", "a", "a\0", "ab"]);
  });

  test("goes for cuts too", async () => {
    const outcomes = await found(
      async (disk) => {
        const log = await madeDurably(disk, "log");
        await log.append([text("abcdef")]);
        await log.sync();
        await log.truncate(3);
      },
      (disk) => content(disk, "log"),
    );
    expect(outcomes).toEqual(["abc", "abcdef"]);
  });
});

describe("a sync that fails", () => {
  test("loses what it was to write, though a later sync succeeds", async () => {
    const disk = new MemoryDisk();
    const log = await madeDurably(disk, "log");
    await log.append([text("lost")]);
    disk.failNext("sync", "log", "failed");
    await expect(log.sync()).rejects.toMatchObject({ kind: "failed" });
    await log.append([text(", later")]);
    await log.sync();
    expect(await content(disk, "log")).toBe("lost, later");
    expect(await content(disk.clone().crash({ keep: "all" }), "log")).toBe("lost, later");
    expect(await content(disk.crash({ random: seededRandom(1) }), "log")).toBe("\0\0\0\0, later");
  });

  test("is a durable append that fails: what got in is lost", async () => {
    const disk = new MemoryDisk();
    const log = await madeDurably(disk, "log", "append-durable");
    disk.failNext("append", "log", "failed", { partialBytes: 4 });
    await expect(log.append([text("lost, and more")])).rejects.toMatchObject({ kind: "failed" });
    await log.sync();
    expect(await content(disk, "log")).toBe("lost");
    expect(await content(disk.crash({ keep: "synced" }), "log")).toBe("");
  });

  test("loses names, too", async () => {
    const disk = new MemoryDisk();
    await disk.open("lost", "append");
    disk.failNext("syncDirectory", ".", "failed");
    await expect(disk.syncDirectory(".")).rejects.toMatchObject({ kind: "failed" });
    await disk.open("later", "append");
    await disk.syncDirectory(".");
    expect(await names(disk)).toBe("later lost");
    expect(await names(disk.crash({ keep: "synced" }))).toBe("later");
  });
});

describe("a name", () => {
  test("is lost with its synced file unless its directory was synced", async () => {
    const disk = new MemoryDisk();
    const log = await disk.open("log", "append-durable");
    await log.append([text("acknowledged")]);
    await log.sync();
    expect(await content(disk.clone().crash({ keep: "synced" }), "log")).toBe("missing");
    await disk.syncDirectory(".");
    expect(await content(disk.crash({ keep: "synced" }), "log")).toBe("acknowledged");
  });

  test("is made durable by its own directory's sync, not by another's", async () => {
    const disk = new MemoryDisk();
    await disk.makeDirectory("a/b");
    await disk.open("a/b/file", "append");
    await disk.syncDirectory("a");
    expect(await names(disk.clone().crash({ keep: "synced" }), "a/b")).toBe("");
    await disk.syncDirectory("a/b");
    expect(await names(disk.crash({ keep: "synced" }), "a/b")).toBe("file");
  });

  test("that was removed, or removed and made anew, may be back as it was", async () => {
    const replaced = await found(
      async (disk) => {
        await disk.writeWhole("file", text("old"));
        await disk.remove("file");
        await disk.open("file", "append");
      },
      (disk) => content(disk, "file"),
    );
    expect(replaced).toEqual(["", "missing", "old"]);
  });

  test("of a removed tree goes by itself: the tree may be back in part", async () => {
    const outcomes = await found(
      async (disk) => {
        await disk.makeDirectory("tree");
        await disk.writeWhole("tree/a", text("x"));
        await disk.writeWhole("tree/b", text("x"));
        await disk.remove("tree");
      },
      async (disk) => ((await names(disk)) === "" ? "gone" : names(disk, "tree")),
    );
    expect(outcomes).toEqual(["", "a", "a b", "b", "gone"]);
  });

  test("changes in a rename as a whole: never under both names, never under none", async () => {
    const outcomes = await found(
      async (disk) => {
        await disk.makeDirectory("from");
        await disk.makeDirectory("to");
        await disk.writeWhole("from/file", text("x"));
        disk.haltAt(disk.operations.length + 1);
        await disk.rename("from/file", "to/file").catch(() => undefined);
      },
      async (disk) => `${await names(disk, "from")} -> ${await names(disk, "to")}`,
    );
    expect(outcomes).toEqual([" -> file", "file -> "]);
  });

  test("is synced with its past: a file cannot come back where it was moved from", async () => {
    const outcomes = await found(
      async (disk) => {
        await disk.makeDirectory("from");
        await disk.makeDirectory("to");
        await disk.open("from/file", "append");
        // The rename, the sync of `to`, and the machine halts in the sync of `from`.
        disk.haltAt(disk.operations.length + 2);
        await disk.rename("from/file", "to/file").catch(() => undefined);
      },
      async (disk) => `${await names(disk, "from")} -> ${await names(disk, "to")}`,
    );
    expect(outcomes).toEqual([" -> file"]);
  });

  test("keeps no later change without the earlier ones", async () => {
    const outcomes = await found(
      async (disk) => {
        await disk.open("a", "append");
        disk.hold("rename");
        void disk.rename("a", "b");
        void disk.rename("b", "c");
      },
      (disk) => names(disk),
    );
    expect(outcomes).toEqual(["", "a", "b", "c"]);
  });
});

/** Runs `story` once to count its operations, then stopped in each of them, then cut off there. */
async function atEachOperation(
  begin: () => Promise<MemoryDisk>,
  story: (disk: MemoryDisk) => Promise<void>,
  check: (disk: MemoryDisk, isDone: boolean) => Promise<void>,
  random: Random,
): Promise<void> {
  const whole = await begin();
  const from = whole.operations.length;
  await story(whole);
  const to = whole.operations.length;
  expect(to).toBeGreaterThan(from);
  for (let k = from; k <= to; k++) {
    const disk = await begin();
    disk.haltAt(k);
    const isDone = await story(disk).then(
      () => true,
      () => false,
    );
    expect(isDone).toBe(k === to);
    await check(disk.clone().crash({ keep: "synced" }), isDone);
    await check(disk.clone().crash({ keep: "all" }), isDone);
    for (let i = 0; i < 20; i++) await check(disk.clone().crash({ random }), isDone);
  }
}

describe("cut off in the middle of each of its steps", () => {
  test("a whole file is the old one or the new, and the new one once that was said", async () => {
    await atEachOperation(
      async () => {
        const disk = new MemoryDisk();
        await disk.writeWhole("file", text("old"));
        return disk;
      },
      (disk) => disk.writeWhole("file", text("a new one")),
      async (disk, isDone) => {
        expect(isDone ? ["a new one"] : ["old", "a new one"]).toContain(
          await content(disk, "file"),
        );
      },
      randomForTest(),
    );
  });

  test("a directory that was said to be made is there with its parents", async () => {
    await atEachOperation(
      async () => new MemoryDisk(),
      (disk) => disk.makeDirectory("a/b/c"),
      async (disk, isDone) => {
        if (isDone) expect(await names(disk, "a/b")).toBe("c");
      },
      randomForTest(),
    );
  });

  test("a renamed file is under one of its names, and the new one once that was said", async () => {
    await atEachOperation(
      async () => {
        const disk = new MemoryDisk();
        await disk.makeDirectory("to");
        await disk.writeWhole("file", text("x"));
        return disk;
      },
      (disk) => disk.rename("file", "to/file"),
      async (disk, isDone) => {
        const where = [await content(disk, "file"), await content(disk, "to/file")];
        const moved = ["missing", "x"];
        expect(isDone ? [moved] : [["x", "missing"], moved]).toContainEqual(where);
      },
      randomForTest(),
    );
  });
});

test("whatever is appended, cut and synced, acknowledged bytes are found again", async () => {
  const random = randomForTest();
  for (let round = 0; round < rounds(100, 2000); round++) {
    const disk = new MemoryDisk();
    const log = await madeDurably(disk, "log", random.below(2) === 0 ? "append" : "durable");
    let seen = Buffer.alloc(0);
    let synced = seen;
    for (let step = 0; step < 12; step++) {
      const choice = random.below(4);
      if (choice < 2) {
        const bytes = new Uint8Array(random.below(1500)).map(() => 1 + random.below(255));
        await log.append([bytes]);
        seen = Buffer.concat([seen, bytes]);
      } else if (choice === 2) {
        await log.sync();
        synced = seen;
      } else if (seen.byteLength > synced.byteLength) {
        seen = seen.subarray(0, synced.byteLength);
        await log.truncate(seen.byteLength);
      }
    }
    expect(seen.equals(await disk.readWhole("log"))).toBe(true);
    const left = await disk.crash({ random }).readWhole("log");
    expect(synced.equals(left.subarray(0, synced.byteLength))).toBe(true);
  }
});

test("the same calls and the same chance leave the same disk", async () => {
  const leave = async (seed: number): Promise<string> => {
    const disk = new MemoryDisk();
    for (const name of ["a", "b", "c", "d"]) {
      await (await disk.open(name, "append")).append([text(name.repeat(600)), text("end")]);
    }
    await disk.rename("a", "e");
    const left = disk.crash({ random: seededRandom(seed) });
    const entries = await left.list(".");
    const all = await Promise.all(entries.map(({ name }) => content(left, name)));
    return JSON.stringify([entries, all]);
  };
  expect(await leave(7)).toBe(await leave(7));
  const leavings = await Promise.all(Array.from({ length: 20 }, (_, seed) => leave(seed)));
  expect(new Set(leavings).size).toBeGreaterThan(10);
});
