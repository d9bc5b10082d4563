/**
 * The seam between the broker and whatever holds its bytes. Production runs on `local.ts`; tests
 * run the same code on a disk in memory that knows what was synced and fails on demand.
 *
 * Paths are relative to the disk's root, with `/` between parts, never absolute, never with `..`.
 * Every method that fails rejects (or, where synchronous, throws) with a {@link DiskError}; no
 * other exception crosses this seam. Nothing here retries.
 */

/** Why a disk operation failed, as far as a caller may act on it. */
export type DiskErrorKind =
  /** No space, quota or file-size limit (ENOSPC, EDQUOT, EFBIG). Frees up; may be tried later. */
  | "full"
  /** The path does not exist (ENOENT, ENOTDIR). */
  | "missing"
  /** The path exists already (EEXIST, ENOTEMPTY). */
  | "exists"
  /** Not permitted, or a read-only medium (EACCES, EPERM, EROFS). */
  | "denied"
  /** Too many open files (EMFILE, ENFILE). */
  | "exhausted"
  /** Anything else, EIO above all: what was written since the last sync may be gone. */
  | "failed";

/** The only exception of this folder. The message names operation, path and system error. */
export class DiskError extends Error {
  override readonly name = "DiskError";
  constructor(
    readonly kind: DiskErrorKind,
    readonly operation: string,
    readonly path: string,
    override readonly cause?: unknown,
  ) {
    const reason = cause instanceof Error ? cause.message : (cause ?? kind);
    super(`${operation} ${path}: ${String(reason)}`);
  }
}

/**
 * How a file is opened.
 * - `read`: must exist; read only.
 * - `append`: made if missing; `append` and `truncate` allowed; a write rests in the page cache
 *   until `sync`.
 * - `append-durable`: the same, and `append` resolves only once the device has the bytes
 *   (O_DSYNC: one trip to the thread pool where write and fdatasync would take two).
 * - `update`: made if missing; `writeAt` and `truncate` allowed.
 */
export type OpenMode = "read" | "append" | "append-durable" | "update";

/** What {@link Disk.list} says of one entry; `bytes` is 0 for what is no file. */
export interface DiskEntry {
  readonly name: string;
  readonly kind: "file" | "directory" | "other";
  readonly bytes: number;
}

/** One open file. */
export interface DiskFile {
  readonly path: string;
  /** Its length now, in bytes. */
  size(): Promise<number>;
  /**
   * Appends all chunks at the end, in order. On rejection the file holds any prefix of them: the
   * caller truncates to the length it knows. At most one `append` may be under way on a file (two
   * would be reordered); the chunks must not change until it settles.
   */
  append(chunks: readonly Uint8Array[]): Promise<void>;
  /** Overwrites bytes at `position` (mode `update`), growing the file if it must. */
  writeAt(position: number, bytes: Uint8Array): Promise<void>;
  /** Fills `into` from `position`; resolves to the count read, short only at the file's end. */
  read(position: number, into: Uint8Array): Promise<number>;
  /** Resolves once all that was written before the call is on the device (fdatasync). */
  sync(): Promise<void>;
  /** Cuts or grows the file to `bytes`. Durable only after `sync`. */
  truncate(bytes: number): Promise<void>;
  /** Releases the file; further calls reject. Does not sync. Closing twice is allowed. */
  close(): Promise<void>;
}

/** What a disk lies on. */
export interface Volume {
  readonly totalBytes: number;
  /** What a writer may still use. */
  readonly freeBytes: number;
}

/** A tree of files. */
export interface Disk {
  /** Opens a file. A file that was made is durable only after {@link syncDirectory}. */
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /**
   * The entries of a directory, sorted by name.
   * @param isSizeNeeded of which names; the size of others may be 0, which saves a call for each
   */
  list(path: string, isSizeNeeded?: (name: string) => boolean): Promise<readonly DiskEntry[]>;
  /** Makes a directory and its parents, durably; existing ones are left as they are. */
  makeDirectory(path: string): Promise<void>;
  /** Renames a file or directory, durably (both parents synced); replaces a file at `to`. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or a whole directory tree; a missing path is no error. */
  remove(path: string): Promise<void>;
  /** Makes the creation, renaming and removal of this directory's entries durable. */
  syncDirectory(path: string): Promise<void>;
  /** Replaces a file as a whole: temporary file, sync, rename, directory sync. */
  writeWhole(path: string, bytes: Uint8Array): Promise<void>;
  /** The content of a whole file. */
  readWhole(path: string): Promise<Uint8Array>;
  /**
   * A memory map of a file that nobody will change, cut or grow while it is mapped: the process
   * dies of SIGBUS otherwise. Synchronous, and it reads no byte by itself. Never store into it.
   */
  map(path: string): Uint8Array;
  /**
   * Gives a map back, rather than leave it to the garbage collector: until then the file's blocks
   * stay on the disk, though it be removed. No view of it may be used afterwards.
   */
  unmap(map: Uint8Array): void;
  volume(): Promise<Volume>;
}
