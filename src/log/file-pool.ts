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
  /** It could not be opened: there is nothing to close. */
  failed: boolean;
}

/** See the head of this file. Rejections are the disk's. An `action` uses no other file. */
export class FilePool {
  /** Least recently used first. */
  readonly #files = new Map<string, Pooled>();
  /** Files that are open, opening or closing. Invariant: at most `filesMax`. */
  #openCount = 0;
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
   * Closes every file whose path begins with `prefix`, those in use as soon as they no longer are.
   * Errors of closing are of no interest.
   */
  async close(prefix: string): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const [key, pooled] of this.#files) {
      if (!key.slice(key.indexOf(":") + 1).startsWith(prefix)) continue;
      this.#files.delete(key);
      pooled.abandoned = true;
      if (pooled.users === 0) closing.push(this.#close(pooled));
    }
    await Promise.all(closing);
  }

  #open(key: string, path: string, mode: OpenMode): Pooled {
    const opening = this.disk.open(path, mode).catch((error: unknown) => {
      pooled.failed = true;
      if (this.#files.get(key) === pooled) this.#files.delete(key);
      this.#closed();
      throw error;
    });
    const pooled: Pooled = { opening, users: 0, abandoned: false, failed: false };
    this.#openCount += 1;
    return pooled;
  }

  /** Resolves once a file was closed, or may be. */
  #roomMade(): Promise<void> {
    const idle = this.#idle();
    if (idle) return this.#close(idle);
    return new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Takes the file out of the pool that nobody has used for longest. */
  #idle(): Pooled | null {
    for (const [key, pooled] of this.#files) {
      if (pooled.users > 0) continue;
      this.#files.delete(key);
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
