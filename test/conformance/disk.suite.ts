/** What every disk does, whoever implements it. */
import { describe, expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { DiskError } from "../../src/disk/disk.ts";
import type { Disk, DiskErrorKind, DiskFile, OpenMode } from "../../src/disk/disk.ts";

/** A disk with an empty root, and whatever must be tidied up after it. */
export interface DiskUnderTest extends Disposable {
  readonly disk: Disk;
}

/** Runs the stories on the disks that `makeDisk` makes, a new one for each. */
export function diskSuite(name: string, makeDisk: () => DiskUnderTest): void {
  const story = (title: string, tell: (disk: Disk) => Promise<void>): void => {
    test(title, async () => {
      using made = makeDisk();
      await tell(made.disk);
    });
  };
  describe(name, () => {
    describe("appending", () => appendStories(story));
    describe("one file", () => fileStories(story));
    describe("opening and closing", () => handleStories(story));
    describe("the tree", () => treeStories(story));
    describe("renaming and removing", () => moveStories(story));
    describe("whole files and maps", () => wholeStories(story));
    describe("paths", () => pathStories(story));
  });
}

type Story = (title: string, tell: (disk: Disk) => Promise<void>) => void;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Bytes that differ from place to place, so that a lost or doubled piece shows. */
function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (seed + i * 7 + (i >>> 8)) & 0xff;
  return bytes;
}

async function kindOf(failing: Promise<unknown>): Promise<DiskErrorKind | "it succeeded"> {
  try {
    await failing;
    return "it succeeded";
  } catch (error) {
    if (error instanceof DiskError) return error.kind;
    throw error;
  }
}

async function withFile<T>(
  disk: Disk,
  path: string,
  mode: OpenMode,
  use: (file: DiskFile) => Promise<T>,
): Promise<T> {
  const file = await disk.open(path, mode);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

const content = async (disk: Disk, path: string): Promise<string> =>
  textOf(await disk.readWhole(path));

const names = async (disk: Disk, path: string): Promise<string[]> =>
  (await disk.list(path)).map((entry) => entry.name);

function appendStories(story: Story): void {
  for (const mode of ["append", "append-durable"] as const) {
    story(`${mode}: chunks and appends follow one another in order`, async (disk) => {
      await withFile(disk, "log", mode, async (file) => {
        await file.append([bytesOf("one "), bytesOf("two ")]);
        await file.append([bytesOf("three")]);
        expect(await file.size()).toBe(13);
      });
      expect(await content(disk, "log")).toBe("one two three");
    });

    story(`${mode}: a file opened again goes on at its end`, async (disk) => {
      await withFile(disk, "log", mode, (file) => file.append([bytesOf("before ")]));
      await withFile(disk, "log", mode, (file) => file.append([bytesOf("after")]));
      expect(await content(disk, "log")).toBe("before after");
    });

    story(`${mode}: nothing, and empty chunks, append nothing`, async (disk) => {
      await withFile(disk, "log", mode, async (file) => {
        await file.append([]);
        await file.append([new Uint8Array(0), bytesOf("x"), new Uint8Array(0)]);
        await file.append([new Uint8Array(0)]);
        expect(await file.size()).toBe(1);
      });
    });

    story(`${mode}: 3000 chunks go in as they are`, async (disk) => {
      const chunks = Array.from({ length: 3000 }, (_, i) => pattern((i % 40) + 1, i));
      await withFile(disk, "log", mode, (file) => file.append(chunks));
      expect(Buffer.concat(chunks).equals(await disk.readWhole("log"))).toBe(true);
    });

    story(`${mode}: large chunks go in as they are`, async (disk) => {
      const chunks = [pattern(1, 3), pattern(5 << 20, 1), pattern(300_000, 2)];
      await withFile(disk, "log", mode, (file) => file.append(chunks));
      expect(Buffer.concat(chunks).equals(await disk.readWhole("log"))).toBe(true);
    });

    story(`${mode}: after a cut, appends go on at the new end`, async (disk) => {
      await withFile(disk, "log", mode, async (file) => {
        await file.append([bytesOf("kept torn")]);
        await file.truncate(5);
        await file.append([bytesOf("whole")]);
        await file.sync();
      });
      expect(await content(disk, "log")).toBe("kept whole");
    });
  }

  story("a view into a larger buffer appends only the view", async (disk) => {
    const buffer = bytesOf("xxviewxx");
    await withFile(disk, "log", "append", (file) => file.append([buffer.subarray(2, 6)]));
    expect(await content(disk, "log")).toBe("view");
  });

  story("a second append while one is under way is a programmer's error", async (disk) => {
    await withFile(disk, "log", "append", async (file) => {
      const first = file.append([bytesOf("first")]);
      expect(() => file.append([bytesOf("second")])).toThrow(AssertionError);
      await first;
      await file.append([bytesOf(", then another")]);
    });
    expect(await content(disk, "log")).toBe("first, then another");
  });
}

function fileStories(story: Story): void {
  story("a read fills what it is given and is short only at the end", async (disk) => {
    await disk.writeWhole("file", bytesOf("0123456789"));
    await withFile(disk, "file", "read", async (file) => {
      const into = new Uint8Array(4);
      expect([await file.read(2, into), textOf(into)]).toEqual([4, "2345"]);
      expect([await file.read(8, into), textOf(into)]).toEqual([2, "8945"]);
      expect(await file.read(10, into)).toBe(0);
      expect(await file.read(1000, into)).toBe(0);
      expect(await file.read(0, new Uint8Array(0))).toBe(0);
    });
  });

  story("who appends may read back through the same file", async (disk) => {
    await withFile(disk, "log", "append", async (file) => {
      await file.append([bytesOf("abcdef")]);
      const into = new Uint8Array(3);
      expect([await file.read(3, into), textOf(into)]).toEqual([3, "def"]);
    });
  });

  story("a reader sees what was appended after it opened the file", async (disk) => {
    await withFile(disk, "log", "append", async (writer) => {
      await withFile(disk, "log", "read", async (reader) => {
        await writer.append([bytesOf("new")]);
        const into = new Uint8Array(3);
        expect([await reader.size(), await reader.read(0, into)]).toEqual([3, 3]);
      });
    });
  });

  story("writeAt overwrites in place, grows the file, and leaves zeros between", async (disk) => {
    await withFile(disk, "file", "update", async (file) => {
      await file.writeAt(0, bytesOf("abcdef"));
      await file.writeAt(2, bytesOf("XY"));
      await file.writeAt(8, bytesOf("end"));
      await file.writeAt(11, new Uint8Array(0));
      await file.sync();
    });
    expect(await content(disk, "file")).toBe("abXYef\0\0end");
  });

  story("truncate cuts, and grows with zeros even where bytes were before", async (disk) => {
    await withFile(disk, "file", "update", async (file) => {
      await file.writeAt(0, bytesOf("abcdef"));
      await file.truncate(2);
      await file.truncate(4);
      expect(await file.size()).toBe(4);
    });
    expect(await content(disk, "file")).toBe("ab\0\0");
  });

  story("an operation that the open mode does not allow is a programmer's error", async (disk) => {
    await disk.writeWhole("file", bytesOf("x"));
    await withFile(disk, "file", "read", async (file) => {
      expect(() => file.append([bytesOf("y")])).toThrow(AssertionError);
      expect(() => file.writeAt(0, bytesOf("y"))).toThrow(AssertionError);
      expect(() => file.truncate(0)).toThrow(AssertionError);
    });
    await withFile(disk, "file", "append", async (file) => {
      expect(() => file.writeAt(0, bytesOf("y"))).toThrow(AssertionError);
      expect(() => file.truncate(-1)).toThrow(AssertionError);
      expect(() => file.read(0.5, new Uint8Array(1))).toThrow(AssertionError);
    });
    expect(await content(disk, "file")).toBe("x");
  });
}

function handleStories(story: Story): void {
  story("opening for read needs a file; the other modes make it, empty", async (disk) => {
    expect(await kindOf(disk.open("file", "read"))).toBe("missing");
    for (const mode of ["append", "append-durable", "update"] as const) {
      await withFile(disk, mode, mode, async (file) => {
        expect([file.path, await file.size()]).toEqual([mode, 0]);
      });
    }
    expect(await names(disk, ".")).toEqual(["append", "append-durable", "update"]);
  });

  story("opening an existing file changes nothing in it", async (disk) => {
    await disk.writeWhole("file", bytesOf("as it was"));
    for (const mode of ["read", "append", "append-durable", "update"] as const) {
      await withFile(disk, "file", mode, async () => {});
    }
    expect(await content(disk, "file")).toBe("as it was");
  });

  story("no file is made where there is no directory", async (disk) => {
    await disk.writeWhole("file", bytesOf("x"));
    expect(await kindOf(disk.open("nowhere/file", "append"))).toBe("missing");
    expect(await kindOf(disk.open("file/below", "append"))).toBe("missing");
    expect(await names(disk, ".")).toEqual(["file"]);
  });

  story("a directory is not opened as a file", async (disk) => {
    await disk.makeDirectory("directory");
    for (const mode of ["read", "append", "append-durable", "update"] as const) {
      expect(await kindOf(disk.open("directory", mode))).toBe("failed");
    }
    expect(await kindOf(disk.readWhole("directory"))).toBe("failed");
  });

  story("a closed file rejects everything, and closes twice", async (disk) => {
    const file = await disk.open("file", "append");
    const updated = await disk.open("file", "update");
    await Promise.all([file.close(), updated.close()]);
    await file.close();
    expect(await kindOf(file.append([bytesOf("x")]))).toBe("failed");
    expect(await kindOf(file.append([bytesOf("x")]))).toBe("failed");
    expect(await kindOf(updated.writeAt(0, bytesOf("x")))).toBe("failed");
    expect(await kindOf(file.size())).toBe("failed");
    expect(await kindOf(file.read(0, new Uint8Array(1)))).toBe("failed");
    expect(await kindOf(file.sync())).toBe("failed");
    expect(await kindOf(file.truncate(0))).toBe("failed");
    expect(await content(disk, "file")).toBe("");
  });

  story("closing waits for what is under way, whole", async (disk) => {
    const file = await disk.open("log", "append");
    const chunks = [pattern(2 << 20, 5)];
    const settled: string[] = [];
    const appended = file.append(chunks).then(() => settled.push("appended"));
    const closed = file.close().then(() => settled.push("closed"));
    await Promise.all([appended, closed]);
    expect(settled).toEqual(["appended", "closed"]);
    expect(Buffer.concat(chunks).equals(await disk.readWhole("log"))).toBe(true);
  });

  story("an error says what was tried on which path", async (disk) => {
    const failing = disk.open("nowhere/file", "read");
    await expect(failing).rejects.toThrow(/^open nowhere\/file: /);
    await failing.catch((error: unknown) => {
      expect(error).toMatchObject({ operation: "open", path: "nowhere/file", kind: "missing" });
    });
  });
}

function treeStories(story: Story): void {
  story("a directory is made with its parents, and made again without complaint", async (disk) => {
    await disk.makeDirectory("a/b/c");
    await disk.writeWhole("a/b/c/file", bytesOf("x"));
    await disk.makeDirectory("a/b/c");
    await disk.makeDirectory("a/b/other");
    expect(await names(disk, "a/b")).toEqual(["c", "other"]);
    expect(await content(disk, "a/b/c/file")).toBe("x");
  });

  story("a hundred directories may be made at once", async (disk) => {
    const made = Array.from({ length: 100 }, (_, i) => `topics/orders/${i}`);
    await Promise.all(made.map((path) => disk.makeDirectory(path)));
    expect(await names(disk, "topics/orders")).toHaveLength(100);
  });

  story("no directory is made where a file is", async (disk) => {
    await disk.writeWhole("file", bytesOf("x"));
    expect(await kindOf(disk.makeDirectory("file"))).toBe("exists");
    expect(await kindOf(disk.makeDirectory("file/below"))).toBe("exists");
    expect(await content(disk, "file")).toBe("x");
  });

  story("the root is there, empty, under the name of a dot", async (disk) => {
    await disk.makeDirectory(".");
    await disk.syncDirectory(".");
    expect(await disk.list(".")).toEqual([]);
    await disk.writeWhole("./file", bytesOf("x"));
    expect(await names(disk, ".")).toEqual(["file"]);
  });

  story("a list is sorted by name and tells kinds and sizes", async (disk) => {
    await disk.makeDirectory("d/B-directory/below");
    for (const [name, length] of [
      ["z", 3],
      ["10", 1],
      ["9", 0],
      ["a", 70_000],
    ] as const) {
      await disk.writeWhole(`d/${name}`, pattern(length, 0));
    }
    expect(await disk.list("d")).toEqual([
      { name: "10", kind: "file", bytes: 1 },
      { name: "9", kind: "file", bytes: 0 },
      { name: "B-directory", kind: "directory", bytes: 0 },
      { name: "a", kind: "file", bytes: 70_000 },
      { name: "z", kind: "file", bytes: 3 },
    ]);
  });

  story("what is not there cannot be listed, synced or read", async (disk) => {
    await disk.writeWhole("file", bytesOf("x"));
    for (const path of ["nowhere", "nowhere/deep", "file/below"]) {
      expect(await kindOf(disk.list(path))).toBe("missing");
      expect(await kindOf(disk.syncDirectory(path))).toBe("missing");
      expect(await kindOf(disk.readWhole(path))).toBe("missing");
      expect(await kindOf(disk.rename(path, "elsewhere"))).toBe("missing");
      expect(() => disk.map(path)).toThrow(DiskError);
    }
    expect(await kindOf(disk.list("file"))).toBe("missing");
    expect(await kindOf(disk.syncDirectory("file"))).toBe("missing");
  });

  story("the volume has bytes in all, and some of them are free", async (disk) => {
    const { totalBytes, freeBytes } = await disk.volume();
    expect([totalBytes, freeBytes].every(Number.isSafeInteger)).toBe(true);
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });
}

function moveStories(story: Story): void {
  story("a rename replaces the file that is there", async (disk) => {
    await disk.writeWhole("new", bytesOf("new"));
    await disk.writeWhole("old", bytesOf("old"));
    await disk.rename("new", "old");
    expect(await names(disk, ".")).toEqual(["old"]);
    expect(await content(disk, "old")).toBe("new");
  });

  story("a rename moves a directory with all that is in it", async (disk) => {
    await disk.makeDirectory("topics/gone/0");
    await disk.makeDirectory("trash");
    await disk.writeWhole("topics/gone/0/file", bytesOf("x"));
    await disk.rename("topics/gone", "trash/gone");
    expect(await names(disk, "topics")).toEqual([]);
    expect(await content(disk, "trash/gone/0/file")).toBe("x");
  });

  story("a rename to its own name changes nothing", async (disk) => {
    await disk.writeWhole("file", bytesOf("x"));
    await disk.rename("file", "file");
    expect(await content(disk, "file")).toBe("x");
  });

  story("a rename refuses to replace what is not of its kind, or not empty", async (disk) => {
    await disk.makeDirectory("full/below");
    await disk.makeDirectory("directory");
    await disk.writeWhole("file", bytesOf("x"));
    expect(await kindOf(disk.rename("directory", "full"))).toBe("exists");
    expect(await kindOf(disk.rename("directory", "file"))).toBe("missing");
    expect(await kindOf(disk.rename("file", "directory"))).toBe("failed");
    expect(await kindOf(disk.rename("full", "full/below/full"))).toBe("failed");
    expect(await kindOf(disk.rename("file", "nowhere/file"))).toBe("missing");
    expect(await names(disk, ".")).toEqual(["directory", "file", "full"]);
  });

  story("an open file follows a rename and survives a removal", async (disk) => {
    await withFile(disk, "file", "append", async (file) => {
      await file.append([bytesOf("one ")]);
      await disk.rename("file", "renamed");
      await file.append([bytesOf("two ")]);
      expect(await content(disk, "renamed")).toBe("one two ");
      await disk.remove("renamed");
      await file.append([bytesOf("three")]);
      const into = new Uint8Array(13);
      expect([await file.read(0, into), textOf(into)]).toEqual([13, "one two three"]);
    });
    expect(await names(disk, ".")).toEqual([]);
  });

  story("a removal takes a file or a whole tree, and nothing beside it", async (disk) => {
    await disk.makeDirectory("tree/a/b");
    await disk.writeWhole("tree/a/b/file", bytesOf("x"));
    await disk.writeWhole("tree/file", bytesOf("x"));
    await disk.writeWhole("tree-beside", bytesOf("x"));
    await disk.remove("tree");
    expect(await names(disk, ".")).toEqual(["tree-beside"]);
    await disk.remove("tree-beside");
    expect(await names(disk, ".")).toEqual([]);
  });

  story("removing what is not there is no error", async (disk) => {
    await disk.writeWhole("file", bytesOf("x"));
    await disk.remove("nothing");
    await disk.remove("nowhere/nothing");
    await disk.remove("file/below");
    expect(await content(disk, "file")).toBe("x");
  });
}

function wholeStories(story: Story): void {
  story("a whole file is written, and replaced by a shorter one", async (disk) => {
    await disk.writeWhole("file", pattern(300_000, 1));
    expect(Buffer.from(pattern(300_000, 1)).equals(await disk.readWhole("file"))).toBe(true);
    await disk.writeWhole("file", bytesOf("short"));
    expect(await content(disk, "file")).toBe("short");
    await disk.writeWhole("file", new Uint8Array(0));
    expect(await content(disk, "file")).toBe("");
    expect(await names(disk, ".")).toEqual(["file"]);
  });

  story("whoever reads while a file is replaced sees it old or new, whole", async (disk) => {
    const [old, replacement] = [pattern(200_000, 1), pattern(300_000, 2)];
    await disk.writeWhole("file", old);
    const replacing = disk.writeWhole("file", replacement);
    const readings = Array.from({ length: 20 }, () => disk.readWhole("file"));
    for (const found of await Promise.all(readings)) {
      const expected = found.byteLength === old.byteLength ? old : replacement;
      expect(Buffer.from(expected).equals(found)).toBe(true);
    }
    await replacing;
    expect(Buffer.from(replacement).equals(await disk.readWhole("file"))).toBe(true);
  });

  story("a reader that has the replaced file open goes on reading the old one", async (disk) => {
    await disk.writeWhole("file", bytesOf("old"));
    await withFile(disk, "file", "read", async (file) => {
      await disk.writeWhole("file", bytesOf("new"));
      const into = new Uint8Array(3);
      expect([await file.read(0, into), textOf(into)]).toEqual([3, "old"]);
    });
  });

  story("a whole file that cannot be written leaves nothing behind", async (disk) => {
    await disk.makeDirectory("directory");
    expect(await kindOf(disk.writeWhole("nowhere/file", bytesOf("x")))).toBe("missing");
    expect(await kindOf(disk.writeWhole("directory", bytesOf("x")))).toBe("failed");
    expect(await names(disk, ".")).toEqual(["directory"]);
  });

  story("a map shows the file's bytes and outlives its removal", async (disk) => {
    await disk.writeWhole("index", pattern(10_000, 4));
    const map = disk.map("index");
    expect(Buffer.from(pattern(10_000, 4)).equals(map)).toBe(true);
    await disk.remove("index");
    expect(Buffer.from(pattern(10_000, 4)).equals(map)).toBe(true);
  });

  story("a map of an empty file is empty", async (disk) => {
    await disk.writeWhole("index", new Uint8Array(0));
    expect(disk.map("index").byteLength).toBe(0);
  });
}

function pathStories(story: Story): void {
  story("a path that leaves the root, or is none, is a programmer's error", async (disk) => {
    const wrong = ["", "/", "/etc", "..", "a/../b", "../a", "a//b", "a/", "a/./b", "a\0b"];
    for (const path of wrong) {
      expect(() => disk.open(path, "append")).toThrow(AssertionError);
      expect(() => disk.list(path)).toThrow(AssertionError);
      expect(() => disk.makeDirectory(path)).toThrow(AssertionError);
      expect(() => disk.rename(path, "b")).toThrow(AssertionError);
      expect(() => disk.rename("b", path)).toThrow(AssertionError);
      expect(() => disk.remove(path)).toThrow(AssertionError);
      expect(() => disk.syncDirectory(path)).toThrow(AssertionError);
      expect(() => disk.writeWhole(path, new Uint8Array(0))).toThrow(AssertionError);
      expect(() => disk.readWhole(path)).toThrow(AssertionError);
      expect(() => disk.map(path)).toThrow(AssertionError);
    }
    expect(() => disk.remove(".")).toThrow(AssertionError);
    expect(await disk.list(".")).toEqual([]);
  });

  story("names are taken as they are: spaces, dots, letters of all scripts", async (disk) => {
    const odd = [" ", "...", "-rf", "a b", "naïve", "日本", "x.tmp"];
    for (const name of odd) await disk.writeWhole(name, bytesOf(name));
    expect(await names(disk, ".")).toEqual(odd.toSorted());
    for (const name of odd) expect(await content(disk, name)).toBe(name);
  });
}
