/**
 * The disk of this machine, over `node:fs`. Everything but `map` runs on the thread pool: the event
 * loop never waits for the device.
 *
 * - Files are made 0600, directories 0700. A file is never opened through a symbolic link at its
 *   name; links above it are the operator's affair.
 * - Appends go through `writev` with a loop for short writes, never through `Bun.write`, which on
 *   an append descriptor writes zeros first from 256 KiB on (`test/disk/local.test.ts` pins that).
 *   The system takes 1024 chunks a call, so a durable append of more waits for the device more than
 *   once.
 * - A file may be closed while operations are under way: the descriptor lives until they settle,
 *   because its number would be given to another file.
 * - After a crash a directory may hold files named `*.tmp`, left by {@link Disk.writeWhole}.
 *   Whoever lists the directory ignores or removes them.
 */
import fs from "node:fs";
import nodePath from "node:path";
import { assert } from "../base/assert.ts";
import { systemRandom } from "../base/random.ts";
import { listStatsInFlightMax } from "../limits.ts";
import { DiskError } from "./disk.ts";
import type { Disk, DiskEntry, DiskFile, OpenMode, Volume } from "./disk.ts";
import { parentOf, partsOf } from "./path.ts";
import { codeOf, diskError } from "./system-error.ts";
import { writeAll } from "./write-all.ts";

/**
 * The tree below `root`, a path of this machine. The root is not made by this call, nor by a file
 * or directory in it (a volume that is not mounted must not be written beside), but only by
 * `makeDirectory(".")`.
 */
export function localDisk(root: string): Disk {
  return new LocalDisk(nodePath.resolve(root));
}

const fileMode = 0o600;
const directoryMode = 0o700;

const { O_APPEND, O_CREAT, O_DIRECTORY, O_DSYNC, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR } =
  fs.constants;

/** Writers may read too: recovery looks at a file through the descriptor it will append with. */
const openFlags: Readonly<Record<OpenMode, number>> = {
  read: O_RDONLY | O_NOFOLLOW,
  append: O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW,
  "append-durable": O_RDWR | O_CREAT | O_APPEND | O_DSYNC | O_NOFOLLOW,
  update: O_RDWR | O_CREAT | O_NOFOLLOW,
};

async function attempt<T>(operation: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    throw diskError(operation, path, cause);
  }
}

/** A promise for one call of `node:fs` with a callback, which costs a third of a FileHandle's. */
function called<T>(call: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error === null ? resolve(value) : reject(error)));
  });
}

/** The same for a call that has no result. */
function finished(call: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error ? reject(error) : resolve()));
  });
}

const openDescriptor = (path: string, flags: number): Promise<number> =>
  called((done) => fs.open(path, flags, fileMode, done));

const closeDescriptor = (fd: number): Promise<void> => finished((done) => fs.close(fd, done));

/** Writes all of `chunks` at the descriptor's end (`from` null) or from a position on. */
const writeChunks = (fd: number, chunks: readonly Uint8Array[], from: number | null) =>
  writeAll(chunks, (rest, takenBefore) =>
    called<number>((done) => {
      fs.writev(fd, rest, from === null ? null : from + takenBefore, done);
    }),
  );

/** Fills `into` from `position`; resolves to the count read, short only at the end. */
async function readFully(fd: number, position: number, into: Uint8Array): Promise<number> {
  let count = 0;
  while (count < into.byteLength) {
    const more = await called<number>((done) => {
      fs.read(fd, into, count, into.byteLength - count, position + count, done);
    });
    if (more === 0) break;
    count += more;
  }
  return count;
}

/** Opens a regular file; a directory, a pipe or a device at this name is refused. */
async function openRegular(path: string, mode: OpenMode): Promise<number> {
  const fd = await openDescriptor(path, openFlags[mode]);
  try {
    const stat = await called<fs.Stats>((done) => fs.fstat(fd, done));
    if (!stat.isFile()) throw new Error(`not a regular file: ${path}`);
    return fd;
  } catch (error) {
    await closeDescriptor(fd);
    throw error;
  }
}

async function syncEntries(directory: string): Promise<void> {
  const fd = await openDescriptor(directory, O_RDONLY | O_DIRECTORY);
  try {
    await finished((done) => fs.fsync(fd, done));
  } finally {
    await closeDescriptor(fd);
  }
}

/** Makes one directory unless it is there; anything else at its name is an error. */
async function makeOne(directory: string): Promise<void> {
  try {
    await fs.promises.mkdir(directory, { mode: directoryMode });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    const stat = await fs.promises.stat(directory);
    if (!stat.isDirectory()) throw error;
  }
}

/** Makes the root with all that is above it, and syncs each directory that gained an entry. */
async function makeRoot(root: string): Promise<void> {
  const firstMade = await fs.promises.mkdir(root, { recursive: true, mode: directoryMode });
  if (firstMade === undefined) return;
  const highest = nodePath.dirname(firstMade);
  let gained = nodePath.dirname(root);
  for (;;) {
    await syncEntries(gained);
    if (gained.length <= highest.length) return;
    gained = nodePath.dirname(gained);
  }
}

/** The file whole and on the device under a name of its own, then under the name asked for. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${systemRandom.uuid()}.tmp`;
  try {
    const fd = await openDescriptor(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
    try {
      await writeChunks(fd, [bytes], 0);
      await finished((done) => fs.fdatasync(fd, done));
    } finally {
      await closeDescriptor(fd);
    }
    await fs.promises.rename(temporary, path);
  } catch (error) {
    // The first failure is the one to tell; a temporary that cannot be removed stays to be ignored.
    await Promise.allSettled([fs.promises.rm(temporary, { force: true })]);
    throw error;
  }
}

async function removeTree(path: string): Promise<void> {
  try {
    await fs.promises.rm(path, { recursive: true, force: true });
  } catch (error) {
    // `force` forgives a missing path, but not one that would lie below a file.
    if (codeOf(error) !== "ENOTDIR") throw error;
  }
}

/** One entry; `undefined` if it went away since the directory was read. */
async function entryOf(
  directory: string,
  entry: fs.Dirent,
  isSizeNeeded: boolean,
): Promise<DiskEntry | undefined> {
  if (entry.isDirectory()) return { name: entry.name, kind: "directory", bytes: 0 };
  if (entry.isFile() && !isSizeNeeded) return { name: entry.name, kind: "file", bytes: 0 };
  try {
    const path = `${directory}/${entry.name}`;
    const stat = await called<fs.Stats>((done) => fs.lstat(path, done));
    // Some file systems do not tell the kind when a directory is read.
    if (stat.isDirectory()) return { name: entry.name, kind: "directory", bytes: 0 };
    return { name: entry.name, kind: stat.isFile() ? "file" : "other", bytes: stat.size };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function readEntries(
  directory: string,
  isSizeNeeded: (name: string) => boolean,
): Promise<readonly DiskEntry[]> {
  const found = await fs.promises.readdir(directory, { withFileTypes: true });
  const entries: DiskEntry[] = [];
  for (let from = 0; from < found.length; from += listStatsInFlightMax) {
    const some = found.slice(from, from + listStatsInFlightMax);
    const entering = some.map((one) => entryOf(directory, one, isSizeNeeded(one.name)));
    for (const entry of await Promise.all(entering)) {
      if (entry !== undefined) entries.push(entry);
    }
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

class LocalDisk implements Disk {
  constructor(private readonly root: string) {}

  open(path: string, mode: OpenMode): Promise<DiskFile> {
    const file = this.absolute(path);
    return attempt("open", path, async () => {
      return new LocalFile(path, mode, await openRegular(file, mode));
    });
  }

  list(
    path: string,
    isSizeNeeded: (name: string) => boolean = () => true,
  ): Promise<readonly DiskEntry[]> {
    const directory = this.absolute(path);
    return attempt("list", path, () => readEntries(directory, isSizeNeeded));
  }

  /**
   * Every directory on the way is synced, made or not: one that exists may have been made a moment
   * ago by a call that has not synced it yet, or by a process that died before it could.
   */
  makeDirectory(path: string): Promise<void> {
    const parts = partsOf(path);
    const onTheWay = parts.map((_, i) => nodePath.join(this.root, ...parts.slice(0, i + 1)));
    return attempt("makeDirectory", path, async () => {
      if (parts.length === 0) await makeRoot(this.root);
      for (const directory of onTheWay) await makeOne(directory);
      for (const directory of onTheWay) await syncEntries(nodePath.dirname(directory));
    });
  }

  rename(from: string, to: string): Promise<void> {
    const [source, target] = [this.absolute(from), this.absolute(to)];
    const [left, entered] = [this.absolute(parentOf(from)), this.absolute(parentOf(to))];
    return attempt("rename", from, async () => {
      await fs.promises.rename(source, target);
      await syncEntries(entered);
      if (left !== entered) await syncEntries(left);
    });
  }

  remove(path: string): Promise<void> {
    assert(partsOf(path).length > 0, "the root of a disk is not removed");
    const tree = this.absolute(path);
    return attempt("remove", path, () => removeTree(tree));
  }

  syncDirectory(path: string): Promise<void> {
    const directory = this.absolute(path);
    return attempt("syncDirectory", path, () => syncEntries(directory));
  }

  writeWhole(path: string, bytes: Uint8Array): Promise<void> {
    const [file, directory] = [this.absolute(path), this.absolute(parentOf(path))];
    return attempt("writeWhole", path, async () => {
      await replaceFile(file, bytes);
      await syncEntries(directory);
    });
  }

  readWhole(path: string): Promise<Uint8Array> {
    const file = this.absolute(path);
    return attempt("readWhole", path, async () => {
      const stat = await called<fs.Stats>((done) => fs.lstat(file, done));
      if (!stat.isFile()) throw new Error(`not a regular file: ${file}`);
      // One trip to the thread pool, where opening, reading and closing would be three.
      return await called<Uint8Array>((done) => {
        fs.readFile(file, { flag: openFlags.read }, done);
      });
    });
  }

  map(path: string): Uint8Array {
    const file = this.absolute(path);
    try {
      // The system maps no empty file.
      if (fs.statSync(file).size === 0) return new Uint8Array(0);
      return Bun.mmap(file, { shared: true });
    } catch (cause) {
      throw diskError("map", path, cause);
    }
  }

  unmap(map: Uint8Array): void {
    // A buffer that is transferred gives its memory back, and a map's memory is the map.
    if (map.length > 0 && map.buffer instanceof ArrayBuffer) map.buffer.transfer(0);
  }

  volume(): Promise<Volume> {
    return attempt("volume", ".", async () => {
      const { bsize, blocks, bavail } = await fs.promises.statfs(this.root);
      return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
    });
  }

  private absolute(path: string): string {
    return nodePath.join(this.root, ...partsOf(path));
  }
}

class LocalFile implements DiskFile {
  /** Operations that use the descriptor now. Invariant: it is not closed above 0. */
  private underWay = 0;
  /** Set by the first `close`; from then on nothing begins. */
  private closing: Promise<void> | undefined;
  /** Tells `close` that the last operation has settled. */
  private whenIdle: (() => void) | undefined;
  private appending = false;

  constructor(
    readonly path: string,
    private readonly mode: OpenMode,
    private readonly fd: number,
  ) {}

  size(): Promise<number> {
    return this.run("size", async () => {
      const stat = await called<fs.Stats>((done) => fs.fstat(this.fd, done));
      return stat.size;
    });
  }

  append(chunks: readonly Uint8Array[]): Promise<void> {
    assert(this.mode.startsWith("append"), `append to a file opened for ${this.mode}`);
    assert(!this.appending, `two appends at once would be reordered: ${this.path}`);
    return this.run("append", () => {
      this.appending = true;
      return writeChunks(this.fd, chunks, null);
    });
  }

  writeAt(position: number, bytes: Uint8Array): Promise<void> {
    assert(this.mode === "update", `writeAt in a file opened for ${this.mode}`);
    assert(Number.isSafeInteger(position) && position >= 0, "a position counts bytes");
    return this.run("writeAt", () => writeChunks(this.fd, [bytes], position));
  }

  read(position: number, into: Uint8Array): Promise<number> {
    assert(Number.isSafeInteger(position) && position >= 0, "a position counts bytes");
    return this.run("read", () => readFully(this.fd, position, into));
  }

  sync(): Promise<void> {
    return this.run("sync", () => finished((done) => fs.fdatasync(this.fd, done)));
  }

  truncate(bytes: number): Promise<void> {
    assert(this.mode !== "read", "truncate of a file opened for read");
    assert(Number.isSafeInteger(bytes) && bytes >= 0, "a length counts bytes");
    return this.run("truncate", () => finished((done) => fs.ftruncate(this.fd, bytes, done)));
  }

  close(): Promise<void> {
    this.closing ??= attempt("close", this.path, async () => {
      if (this.underWay > 0) {
        await new Promise<void>((resolve) => {
          this.whenIdle = resolve;
        });
      }
      await closeDescriptor(this.fd);
    });
    return this.closing;
  }

  private async run<T>(operation: string, action: () => Promise<T>): Promise<T> {
    if (this.closing !== undefined) {
      throw new DiskError("failed", operation, this.path, "the file is closed");
    }
    this.underWay++;
    try {
      return await action();
    } catch (cause) {
      throw diskError(operation, this.path, cause);
    } finally {
      if (operation === "append") this.appending = false;
      this.underWay--;
      if (this.underWay === 0) this.whenIdle?.();
    }
  }
}
