/**
 * The open files of all logs, bounded: a broker may have more partitions than the system allows
 * open files. A file is opened when it is used, stays open while others are not needed more, and
 * the one that was used longest ago is closed to make room.
 */
import { assert } from "../base/assert.ts";
import { DiskError, type Disk, type DiskFile, type OpenMode } from "../disk/disk.ts";

interface Pooled {
  readonly opening: Promise<DiskFile>;
  /** Calls under way on this file; it is not closed before they have ended. */
  users: number;
  /** No longer in the pool: the last user closes it. */
  abandoned: boolean;
}

/** See the head of this file. Rejections are the disk's. */
export class FilePool {
  /** Least recently used first. */
  readonly #files = new Map<string, Pooled>();

  constructor(
    readonly disk: Disk,
    readonly filesMax: number,
  ) {
    assert(filesMax > 0, "a pool holds at least one file");
  }

  get openCount(): number {
    return this.#files.size;
  }

  /** Opens `path` in `mode` if it is not open, and runs `action` with it. */
  async use<T>(path: string, mode: OpenMode, action: (file: DiskFile) => Promise<T>): Promise<T> {
    const key = `${mode}:${path}`;
    const pooled = this.#files.get(key) ?? {
      opening: this.disk.open(path, mode),
      users: 0,
      abandoned: false,
    };
    this.#files.delete(key);
    this.#files.set(key, pooled);
    pooled.users += 1;
    try {
      this.#makeRoom();
      return await action(await pooled.opening);
    } catch (error) {
      if (error instanceof DiskError && error.operation === "open") this.#files.delete(key);
      throw error;
    } finally {
      pooled.users -= 1;
      if (pooled.abandoned && pooled.users === 0) void closeQuietly(pooled);
    }
  }

  /**
   * Closes every file whose path begins with `prefix`, those in use as soon as they no longer are.
   * Errors of closing are of no interest.
   */
  async close(prefix: string): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const [key, pooled] of this.#files) {
      if (!key.slice(key.indexOf(":") + 1).startsWith(prefix)) continue;
      this.#files.delete(key);
      pooled.abandoned = true;
      if (pooled.users === 0) closing.push(closeQuietly(pooled));
    }
    await Promise.all(closing);
  }

  #makeRoom(): void {
    if (this.#files.size <= this.filesMax) return;
    for (const [key, pooled] of this.#files) {
      if (pooled.users > 0) continue;
      this.#files.delete(key);
      void closeQuietly(pooled);
      if (this.#files.size <= this.filesMax) return;
    }
  }
}

/** A file that was only read, or that a sync has covered, loses nothing if closing fails. */
async function closeQuietly(pooled: Pooled): Promise<void> {
  try {
    await (await pooled.opening).close();
  } catch (error) {
    assert(error instanceof DiskError, `closing a file: ${String(error)}`);
  }
}
