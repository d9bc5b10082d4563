import { describe, expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { Memory } from "../../src/base/memory.ts";
import { DiskError } from "../../src/disk/disk.ts";
import { diskSuite } from "../conformance/disk.suite.ts";
import { appendBytes, fillDisk } from "../conformance/full-disk.ts";
import { MemoryDisk } from "./disk.ts";
import type { Operation } from "./faults.ts";

diskSuite("the disk in memory", () => ({ disk: new MemoryDisk(), [Symbol.dispose]() {} }));

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

async function content(disk: MemoryDisk, path: string): Promise<string> {
  return new TextDecoder().decode(await disk.readWhole(path));
}

async function outcome(trying: Promise<unknown>): Promise<string> {
  try {
    await trying;
    return "ok";
  } catch (error) {
    if (error instanceof DiskError) return error.kind;
    throw error;
  }
}

describe("failures on demand", () => {
  test("hit the next operation of that name and path, once", async () => {
    const disk = new MemoryDisk();
    disk.failNext("append", /\.log$/, "failed");
    const [log, other] = [await disk.open("a.log", "append"), await disk.open("a.idx", "append")];
    expect(await outcome(other.append([text("x")]))).toBe("ok");
    expect(await outcome(log.sync())).toBe("ok");
    expect(await outcome(log.append([text("lost")]))).toBe("failed");
    expect(await outcome(log.append([text("kept")]))).toBe("ok");
    expect(await content(disk, "a.log")).toBe("kept");
  });

  test("wait until so many have succeeded", async () => {
    const disk = new MemoryDisk();
    disk.failNext("append", "log", "denied", { after: 2 });
    const log = await disk.open("log", "append");
    const outcomes: string[] = [];
    for (let i = 0; i < 4; i++) outcomes.push(await outcome(log.append([text(`${i}`)])));
    expect(outcomes).toEqual(["ok", "ok", "denied", "ok"]);
    expect(await content(disk, "log")).toBe("013");
  });

  test("let a part of a write through", async () => {
    const disk = new MemoryDisk();
    disk.failNext("append", "log", "full", { partialBytes: 5 });
    const log = await disk.open("log", "append");
    expect(await outcome(log.append([text("abc"), text("def")]))).toBe("full");
    expect(await content(disk, "log")).toBe("abcde");
    disk.failNext("writeAt", "file", "failed", { partialBytes: 1 });
    const file = await disk.open("file", "update");
    expect(await outcome(file.writeAt(2, text("xyz")))).toBe("failed");
    expect(await content(disk, "file")).toBe("\0\0x");
  });

  test("go on for ever, until they are taken back", async () => {
    const disk = new MemoryDisk();
    const takeBack = disk.failNext("readWhole", "file", "failed", { forever: true });
    await disk.writeWhole("file", text("x"));
    for (let i = 0; i < 3; i++) expect(await outcome(disk.readWhole("file"))).toBe("failed");
    takeBack();
    expect(await outcome(disk.readWhole("file"))).toBe("ok");
  });

  test("can be had of every operation, which then has no effect", async () => {
    const disk = new MemoryDisk();
    await disk.makeDirectory("directory");
    await disk.writeWhole("directory/file", text("as it was"));
    const file = await disk.open("directory/file", "update");
    const calls: Readonly<Record<Exclude<Operation, "append" | "map">, () => Promise<unknown>>> = {
      close: () => file.close(),
      volume: () => disk.volume(),
      list: () => disk.list("directory"),
      makeDirectory: () => disk.makeDirectory("directory/new"),
      open: () => disk.open("directory/new", "append"),
      read: () => file.read(0, new Uint8Array(1)),
      readWhole: () => disk.readWhole("directory/file"),
      remove: () => disk.remove("directory/file"),
      rename: () => disk.rename("directory/file", "directory/new"),
      size: () => file.size(),
      sync: () => file.sync(),
      syncDirectory: () => disk.syncDirectory("directory"),
      truncate: () => file.truncate(0),
      writeAt: () => file.writeAt(0, text("new")),
      writeWhole: () => disk.writeWhole("directory/file", text("new")),
    };
    for (const [name, call] of Object.entries(calls).toReversed()) {
      disk.failNext(name as Operation, /^/, "denied");
      expect([name, await outcome(call())]).toEqual([name, "denied"]);
    }
    disk.failNext("map", /^/, "denied");
    expect(() => disk.map("directory/file")).toThrow(DiskError);
    expect((await disk.list("directory")).map((entry) => entry.name)).toEqual(["file"]);
    expect(await content(disk, "directory/file")).toBe("as it was");
  });

  test("of one step fail the whole-file write, which leaves nothing behind", async () => {
    for (const step of ["open", "append", "sync", "close", "rename"] as const) {
      const disk = new MemoryDisk();
      await disk.writeWhole("file", text("as it was"));
      disk.failNext(step, /\.tmp$/, "full");
      const writing = disk.writeWhole("file", text("new"));
      await expect(writing).rejects.toMatchObject({ kind: "full", operation: "writeWhole" });
      expect(await content(disk, "file")).toBe("as it was");
      expect((await disk.list(".")).map((entry) => entry.name)).toEqual(["file"]);
    }
  });
});

describe("a disk of limited capacity", () => {
  test("fills up, leaves torn tails and recovers as a real one does", async () => {
    const disk = new MemoryDisk();
    disk.capacityBytes = 2 * 1024 * 1024;
    const report = await fillDisk(disk);
    expect(report).toMatchObject({
      appendsRefused: ["full", "full"],
      contentRight: true,
      wholeFileRefused: "full",
      wholeFileContent: "as it was",
      names: ["ballast", "log", "settings"],
      recovered: true,
    });
    expect(report.tornBytes).toBeGreaterThan(0);
    expect(report.tornBytes).toBeLessThan(appendBytes);
  });

  test("tells what is free, takes overwrites when full, and may grow", async () => {
    const disk = new MemoryDisk();
    disk.capacityBytes = 10;
    const file = await disk.open("file", "update");
    await file.writeAt(0, text("12345678"));
    expect((await disk.volume()).freeBytes).toBe(2);
    expect(await outcome(file.writeAt(8, text("abcd")))).toBe("full");
    expect(await outcome(file.writeAt(0, text("over")))).toBe("ok");
    expect(await content(disk, "file")).toBe("over5678ab");
    disk.capacityBytes = 12;
    expect(await outcome(file.writeAt(10, text("cd")))).toBe("ok");
    await file.truncate(1);
    expect((await disk.volume()).freeBytes).toBe(11);
    await disk.remove("file");
    expect((await disk.volume()).freeBytes).toBe(12);
  });
});

describe("a gate", () => {
  test("keeps operations pending, and tells when one has come", async () => {
    const disk = new MemoryDisk();
    const log = await disk.open("log", "append");
    const gate = disk.hold("sync", "log");
    const settled: string[] = [];
    const reached = gate.reached().then(() => settled.push("reached"));
    const first = log.sync().then(() => settled.push("first"));
    await reached;
    const second = log.sync().then(() => settled.push("second"));
    await log.append([text("while both are under way")]);
    expect([settled, gate.waiting]).toEqual([["reached"], 2]);
    gate.releaseOne();
    await first;
    expect([settled, gate.waiting]).toEqual([["reached", "first"], 1]);
    gate.release();
    await second;
    await log.sync();
    expect(settled).toEqual(["reached", "first", "second"]);
  });

  test("holds an append whose bytes are there to be read, and keeps the file open", async () => {
    const disk = new MemoryDisk();
    const log = await disk.open("log", "append");
    const gate = disk.hold("append");
    const appended = log.append([text("in flight")]);
    let isClosed = false;
    const closed = log.close().then(() => {
      isClosed = true;
    });
    expect(await content(disk, "log")).toBe("in flight");
    expect(isClosed).toBe(false);
    gate.release();
    await Promise.all([appended, closed]);
  });

  test("and tells when memory is freed or changed that an operation looks at", async () => {
    const disk = new MemoryDisk();
    const gate = disk.hold("append");
    const reading = disk.hold("read");
    const [one, other] = [await disk.open("a.log", "append"), await disk.open("b.log", "append")];
    const [freed, changed, into] = [Memory.allocate(4), Memory.allocate(4), Memory.allocate(4)];
    const pending = [
      one.append([freed.bytes]),
      other.append([changed.bytes]),
      one.read(0, into.bytes),
    ];
    freed.letGo();
    changed.view.setInt8(0, changed.view.getInt8(0) + 1);
    into.letGo();
    gate.release();
    reading.release();
    const outcomes = await Promise.allSettled(pending);
    expect(outcomes.map((each) => (each.status === "rejected" ? String(each.reason) : ""))).toEqual(
      [
        expect.stringContaining("memory that is being written stays as it is: a.log"),
        expect.stringContaining("memory that is being written stays as it is: b.log"),
        expect.stringContaining("memory that is being read into is not freed: a.log"),
      ],
    );
  });

  test("and the end of the machine: what was held is rejected", async () => {
    const disk = new MemoryDisk();
    const log = await disk.open("log", "append");
    disk.hold("append");
    const appended = log.append([text("in flight")]);
    const found = disk.crash({ keep: "all" });
    expect(await outcome(appended)).toBe("failed");
    expect(await content(found, "log")).toBe("in flight");
  });
});

describe("the machine", () => {
  test("logs every operation, the steps of compound ones too", async () => {
    const disk = new MemoryDisk();
    await disk.makeDirectory("a/b");
    await disk.writeWhole("a/b/file", text("x"));
    await disk.rename("a/b/file", "a/moved");
    await disk.rename("a/moved", "a/again");
    const log = await disk.open("a/log", "append-durable");
    await log.append([text("x")]);
    await log.close();
    await disk.remove("a");
    expect(disk.operations.map(({ operation, path }) => `${operation} ${path}`)).toEqual([
      "makeDirectory a/b",
      "syncDirectory .",
      "syncDirectory a",
      "writeWhole a/b/file",
      "open a/b/file.1.tmp",
      "append a/b/file.1.tmp",
      "sync a/b/file.1.tmp",
      "close a/b/file.1.tmp",
      "rename a/b/file.1.tmp",
      "syncDirectory a/b",
      "rename a/b/file",
      "syncDirectory a",
      "syncDirectory a/b",
      "rename a/moved",
      "syncDirectory a",
      "open a/log",
      "append a/log",
      "close a/log",
      "remove a",
    ]);
  });

  test("halts in the middle of an operation, and does nothing after it", async () => {
    const disk = new MemoryDisk();
    const log = await disk.open("log", "append");
    disk.haltAt(2);
    expect(await outcome(log.append([text("one ")]))).toBe("ok");
    expect(await outcome(log.append([text("two ")]))).toBe("failed");
    expect(await outcome(log.append([text("three")]))).toBe("failed");
    expect(await outcome(disk.remove("log"))).toBe("failed");
    expect(() => disk.map("log")).toThrow(DiskError);
    expect(disk.operations).toHaveLength(3);
    expect(await content(disk.crash({ keep: "all" }), "log")).toBe("one two ");
  });

  test("stays down once it has crashed: old files and the old disk are dead", async () => {
    const disk = new MemoryDisk();
    const log = await disk.open("log", "append");
    const found = disk.crash({ keep: "all" });
    expect(await outcome(log.append([text("from the grave")]))).toBe("failed");
    expect(await outcome(disk.open("log", "read"))).toBe("failed");
    expect(await content(found, "log")).toBe("");
  });

  test("resolves on microtasks, and in the order of the calls", async () => {
    const disk = new MemoryDisk();
    const settled: string[] = [];
    for (const name of ["a", "b", "c"])
      void disk.writeWhole(name, text("x")).then(() => settled.push(name));
    for (let i = 0; i < 200; i++) await Promise.resolve();
    expect(settled).toEqual(["a", "b", "c"]);
  });

  test("will not let a mapped file be changed, as a real one may die of that", async () => {
    const disk = new MemoryDisk();
    await disk.writeWhole("index", text("mapped"));
    const file = await disk.open("index", "update");
    disk.map("index");
    expect(() => file.truncate(0)).toThrow(AssertionError);
    expect(() => file.writeAt(0, text("x"))).toThrow(AssertionError);
    await disk.writeWhole("index", text("another file"));
    const after = await disk.crash({ keep: "all" }).open("index", "update");
    await after.truncate(0);
  });

  test("clones into another that shares nothing but the past", async () => {
    const disk = new MemoryDisk();
    await disk.makeDirectory("a");
    const log = await disk.open("a/log", "append");
    await log.append([text("both")]);
    disk.capacityBytes = 100;
    const copy = disk.clone();
    await log.append([text(", one")]);
    await disk.writeWhole("a/only-here", text("x"));
    copy.flipBit("a/log", 0, 0);
    expect(await content(disk, "a/log")).toBe("both, one");
    expect(await content(copy, "a/log")).toBe("coth");
    expect((await copy.list("a")).map((entry) => entry.name)).toEqual(["log"]);
    expect([copy.capacityBytes, copy.operations.length]).toEqual([100, 2]);
    expect(await outcome(copy.crash({ keep: "synced" }).readWhole("a/log"))).toBe("missing");
  });

  test("takes damage that outlives a power loss", async () => {
    const disk = new MemoryDisk();
    await disk.writeWhole("flipped", text("abc"));
    await disk.writeWhole("cut", text("abc"));
    await disk.writeWhole("grown", text("abc"));
    disk.flipBit("flipped", 2, 1);
    disk.truncateTo("cut", 1);
    disk.truncateTo("grown", 4);
    const found = disk.crash({ keep: "synced" });
    expect(await content(found, "flipped")).toBe("aba");
    expect(await content(found, "cut")).toBe("a");
    expect(await content(found, "grown")).toBe("abc\0");
  });
});
