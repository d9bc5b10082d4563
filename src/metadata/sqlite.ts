/**
 * One SQLite database (`bun:sqlite`), behind the interface that the metadata's statements are
 * written for. `Bun.SQL` has the same underneath, and takes 6 ms of a start and 6 MB of memory to
 * put another interface over it; SQLite runs on the calling thread either way.
 *
 * Invariants:
 * - no prepared statement outlives its run: SQLite keeps a database open, and its log with it, as
 *   long as there is one;
 * - after `begin` has settled no transaction is open, however it ended.
 */
import { Database } from "bun:sqlite";
import { resolve } from "node:path";
import type { Begin, Statement, Value } from "./transactions.ts";

/** What is asked of a database after it was closed. Its code is the one that `Bun.SQL` gives it. */
class ConnectionClosed extends Error {
  readonly code = "ERR_SQLITE_CONNECTION_CLOSED";

  constructor() {
    super("Connection closed");
  }
}

/** See the head of this file. Everything rejects with SQLite's errors, by their codes. */
export class SqliteConnection {
  readonly #database: Database;
  #isClosed = false;
  /** Statements, each by itself or within the transaction that is open. */
  readonly sql: Statement;

  /** Opens a file that is there. Throws SQLite's error. */
  constructor(path: string) {
    // Absolute, because SQLite reads what begins with `file:` as a URL with options.
    this.#database = new Database(resolve(path), { readwrite: true });
    const tagged = (texts: TemplateStringsArray, ...values: Value[]) =>
      this.#rows(texts.join("?"), values);
    this.sql = Object.assign(tagged, {
      unsafe: (text: string, values: Value[]) => this.#rows(text, values),
      script: (text: string) => this.#script(text),
    });
  }

  /** See {@link Begin}. */
  readonly begin: Begin<Statement> = async (work) => {
    await this.#script("begin");
    try {
      const result = await work(this.sql);
      await this.#script("commit");
      return result;
    } catch (error) {
      // SQLite has undone it by itself after some errors, and refuses to do it again.
      if (this.#database.inTransaction) await this.#script("rollback");
      throw error;
    }
  };

  /** Carries its log over and closes it. Throws SQLite's error; calling it twice is allowed. */
  close(): void {
    if (this.#isClosed) return;
    this.#database.close(true);
    this.#isClosed = true;
  }

  async #rows(text: string, values: Value[]): Promise<Record<string, unknown>[]> {
    const statement = this.#opened().prepare<Record<string, unknown>, Value[]>(text);
    try {
      return statement.all(...values);
    } finally {
      statement.finalize();
    }
  }

  async #script(text: string): Promise<void> {
    this.#opened().run(text);
  }

  #opened(): Database {
    if (this.#isClosed) throw new ConnectionClosed();
    return this.#database;
  }
}
