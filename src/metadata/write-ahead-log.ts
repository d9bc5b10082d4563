/**
 * SQLite's write-ahead log (the file `<database>-wal`), synced by us and on the thread pool: by
 * itself SQLite syncs on the calling thread, and the event loop would stand still for the device.
 * With `synchronous = normal` it does not sync at a commit. The other moments are taken from it,
 * too, with `synchronous = off` around the statement and the sync that is missing by our hand:
 *
 * - Carrying the log over into the database (`wal_autocheckpoint` is 0). 1. The log is synced.
 *   2. Its pages are copied into the database. 3. The database is synced. 4. The log is cut to
 *   nothing. 5. The log is synced. No transaction may run from 1 to 5. A power cut before 4 is
 *   durable finds the whole log, and copying it once more changes nothing; a later one finds a
 *   whole database. A sync here is `DiskFile.sync`, and what that is worth on this system (ext4 and
 *   XFS write a changed size with fdatasync; on macOS see the README).
 * - The first write into an empty log. SQLite syncs the log's head by itself, lest pages of a new
 *   round be read with an old head. After step 5 there is no old head, so it need not be: a head
 *   or a page that is missing after a power cut ends the log there, by its checksums, and nothing
 *   of it was acknowledged.
 *
 * Invariants:
 * - `synchronous` is never off while there is a transaction of anybody else;
 * - from step 2 to step 3, and for ever after a failed sync, the process may not exit in a way that
 *   has the runtime close the database (`exit-guard.ts`);
 * - both files are open as long as SQLite has them open: closing any descriptor of the database
 *   would drop the locks that SQLite holds on it for this process (POSIX, fcntl). The log has none.
 */
import { assert } from "../base/assert.ts";
import { type Disk, DiskError, type DiskFile } from "../disk/disk.ts";
import type { ExitGuard } from "./exit-guard.ts";
import { SharedSync } from "./shared-sync.ts";
import type { Durability } from "./transactions.ts";

/** Runs one statement without parameters, outside of any transaction. */
export type Execute = (text: string) => PromiseLike<void>;

/** What a write-ahead log is made of. */
export interface WriteAheadLogParts {
  /** Whose root holds both files. */
  readonly disk: Disk;
  readonly exits: ExitGuard;
  /** A log of so many bytes is large. */
  readonly walBytesMax: number;
  /** SQLite, which has the database open with a write-ahead log. */
  readonly execute: Execute;
  /** What {@link ExitGuard.hold} keeps alive. */
  readonly connection: object;
  /** For step 3: open before SQLite opened it, closed by {@link WriteAheadLog.close}. */
  readonly database: DiskFile;
  /** Whether the log held something before SQLite opened it: who was killed may not have synced. */
  readonly isLeftOver: boolean;
  /** Asks for a {@link WriteAheadLog.carryOver}, since the log is large. */
  readonly onLarge: () => void;
}

/** The name of the log of a database. */
const walOf = (database: string): string => `${database}-wal`;

/** Whether there is a log that holds something. Rejects with a `DiskError`. */
export async function isLogLeftOver(disk: Disk, database: string): Promise<boolean> {
  try {
    const file = await disk.open(walOf(database), "read");
    const bytes = await file.size();
    await file.close();
    return bytes > 0;
  } catch (error) {
    if (error instanceof DiskError && error.kind === "missing") return false;
    throw error;
  }
}

/** See the head of this file. */
export class WriteAheadLog implements Durability {
  readonly #sync = new SharedSync(() => this.#syncFiles());
  /** Whether the directory is known to have the log's name. */
  #isNamed = false;
  /** Whether it was asked for a carrying over that is still to come. */
  #isAsked = false;

  #file: DiskFile | null = null;

  constructor(private readonly parts: WriteAheadLogParts) {
    if (parts.isLeftOver) this.#sync.wrote();
  }

  /** Before anything else. Rejects as the disk or the database; with the latter it may be used. */
  async open(): Promise<void> {
    const { disk, database } = this.parts;
    this.#file = await disk.open(walOf(database.path), "read");
    await this.#begin();
  }

  wrote(): void {
    this.#sync.wrote();
  }

  durable(): Promise<void> {
    return this.#sync.durable();
  }

  seal(): void {
    this.parts.exits.hold(this.parts.connection);
  }

  /**
   * Carries the log over into the database: see the head of this file. Rejects as the database or
   * the disk; unless a sync has failed all is as before then, and it may be tried again.
   */
  async carryOver(): Promise<void> {
    const { database, exits, connection, execute } = this.parts;
    this.#isAsked = false;
    await this.#sync.durable();
    const release = exits.hold(connection);
    try {
      await this.#withoutSync("pragma wal_checkpoint(passive)");
      await database.sync();
    } catch (error) {
      // Copied and not synced is the one state in which it stays held: whoever asked seals.
      if (!(error instanceof DiskError)) release();
      throw error;
    }
    release();
    await execute("pragma wal_checkpoint(truncate)");
    await this.#opened().sync();
    await this.#begin();
  }

  /** Gives the files free, once SQLite has closed the database. */
  async close(): Promise<void> {
    await this.#file?.close();
    await this.parts.database.close();
  }

  /**
   * Writes the head into an empty log, with a page that says what it said before. Rejects as the
   * database, after which SQLite syncs the head at the first commit.
   */
  async #begin(): Promise<void> {
    await this.#withoutSync("pragma user_version = 0");
  }

  /** Runs one statement of ours while SQLite does not sync. */
  async #withoutSync(statement: string): Promise<void> {
    const { execute } = this.parts;
    await execute("pragma synchronous = off");
    try {
      await execute(statement);
    } finally {
      await execute("pragma synchronous = normal");
    }
  }

  /** The first time the directory too, which SQLite does at its own first sync only. */
  async #syncFiles(): Promise<void> {
    const { disk, onLarge, walBytesMax } = this.parts;
    const file = this.#opened();
    const named = this.#isNamed ? null : disk.syncDirectory(".");
    const [bytes] = await Promise.all([file.size(), file.sync(), named]);
    this.#isNamed = true;
    if (bytes < walBytesMax || this.#isAsked) return;
    this.#isAsked = true;
    onLarge();
  }

  #opened(): DiskFile {
    assert(this.#file !== null, "the log is open before anything is written");
    return this.#file;
  }
}
