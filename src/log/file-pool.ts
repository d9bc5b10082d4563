/**
 * The open files of all logs, bounded: a broker may have more partitions than the system allows
 * open files. A file is opened when it is used, stays open while others are not needed more, and
 * the one that was used longest ago is closed to make room.
 */
import { assert } from "../base/assert.ts";
import { DiskError, type Disk, type DiskFile, type OpenMode } from "../disk/disk.ts";

interface Pooled {
  readonly key: string;
  readonly path: string;
  readonly opening: Promise<DiskFile>;
  /** Calls under way on this file; it is not closed before they have ended. */
  users: number;
  /** No longer in the pool: the last user closes it. */
  abandoned: boolean;
  /** It could not be opened: there is nothing to close. */
  failed: boolean;
}

const directoryOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** See the head of this file. Rejections are the disk's. An `action` uses no other file. */
export class FilePool {
  /** Least recently used first. */
  readonly #files = new Map<string, Pooled>();
  /** Files that are open, opening or closing. Invariant: at most `filesMax`. */
  #openCount = 0;
  /** The same files: a directory's are closed without a look at all others. */
  readonly #byDirectory = new Map<string, Set<Pooled>>();
  /** Who waits for a file to be closed, or to be idle. */
  readonly #waiting: (() => void)[] = [];

  constructor(
    readonly disk: Disk,
    readonly filesMax: number,
  ) {
    assert(filesMax > 0, "a pool holds at least one file");
  }

  get openCount(): number {
    return this.#openCount;
  }

  /** Opens `path` in `mode` if it is not open, once there is room, and runs `action` with it. */
  async use<T>(path: string, mode: OpenMode, action: (file: DiskFile) => Promise<T>): Promise<T> {
    const key = `${mode}:${path}`;
    while (!this.#files.has(key) && this.#openCount >= this.filesMax) await this.#roomMade();
    const pooled = this.#files.get(key) ?? this.#open(key, path, mode);
    this.#files.delete(key);
    this.#files.set(key, pooled);
    pooled.users += 1;
    try {
      return await action(await pooled.opening);
    } finally {
      pooled.users -= 1;
      if (pooled.users === 0) {
        if (pooled.abandoned) void this.#close(pooled);
        else this.#waiting.shift()?.();
      }
    }
  }

  /**
   * Closes every file of a directory whose path begins with `prefix`, which names the directory
   * and a slash at least; those in use as soon as they no longer are. Errors of closing are of no
   * interest.
   */
  async close(prefix: string): Promise<void> {
    const closing: Promise<void>[] = [];
    const directory = directoryOf(prefix);
    for (const pooled of this.#byDirectory.get(directory) ?? []) {
      if (!pooled.path.startsWith(prefix)) continue;
      this.#remove(pooled);
      pooled.abandoned = true;
      if (pooled.users === 0) closing.push(this.#close(pooled));
    }
    await Promise.all(closing);
  }

  #open(key: string, path: string, mode: OpenMode): Pooled {
    const opening = this.disk.open(path, mode).catch((error: unknown) => {
      pooled.failed = true;
      if (this.#files.get(key) === pooled) this.#remove(pooled);
      this.#closed();
      throw error;
    });
    const pooled: Pooled = { key, path, opening, users: 0, abandoned: false, failed: false };
    this.#openCount += 1;
    const directory = directoryOf(path);
    const beside = this.#byDirectory.get(directory);
    if (beside === undefined) this.#byDirectory.set(directory, new Set([pooled]));
    else beside.add(pooled);
    return pooled;
  }

  /** Nobody gets it any more. */
  #remove(pooled: Pooled): void {
    this.#files.delete(pooled.key);
    const directory = directoryOf(pooled.path);
    const beside = this.#byDirectory.get(directory);
    beside?.delete(pooled);
    if (beside?.size === 0) this.#byDirectory.delete(directory);
  }

  /** Resolves once a file was closed, or may be. */
  #roomMade(): Promise<void> {
    const idle = this.#idle();
    if (idle) return this.#close(idle);
    return new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Takes the file out of the pool that nobody has used for longest. */
  #idle(): Pooled | null {
    for (const pooled of this.#files.values()) {
      if (pooled.users > 0) continue;
      this.#remove(pooled);
      return pooled;
    }
    return null;
  }

  /** A file that was only read, or that a sync has covered, loses nothing if closing fails. */
  async #close(pooled: Pooled): Promise<void> {
    try {
      await (await pooled.opening).close();
    } catch (error) {
      assert(error instanceof DiskError, `closing a file: ${String(error)}`);
    }
    if (!pooled.failed) this.#closed();
  }

  #closed(): void {
    this.#openCount -= 1;
    this.#waiting.shift()?.();
  }
}
