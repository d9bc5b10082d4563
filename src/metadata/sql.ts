/**
 * The metadata in a database, through `Bun.SQL`. Today SQLite, one file; the statements and the
 * schema are kept to what PostgreSQL understands too, and everything that is SQLite's own is in
 * `openSqliteMetadata`.
 *
 * How the file is opened, and why:
 * - `journal_mode = wal`, `synchronous = full`: a commit is one append and one fsync.
 * - `locking_mode = exclusive`, before anything else: no other process may write the file, and the
 *   index of the WAL lies in memory. It would otherwise be a mapped file that must grow when the
 *   database is opened, and a broker could not start on a full disk to make room again.
 * - A file that is not a database, is damaged, belongs to something else or was written by a newer
 *   version is refused before anything is written, and never replaced: the topics' directories can
 *   be adopted again, what else is in it cannot.
 *
 * Bun runs SQLite on the calling thread: a commit holds the event loop for one fsync. Metadata
 * changes seldom; what changes often must be batched by its caller.
 */
import { pathToFileURL, SQL, type TransactionSQL } from "bun";
import { closeSync, openSync } from "node:fs";
import { Refusal } from "../base/refusal.ts";
import { metadataBusyMsMax } from "../limits.ts";
import { sqlBrokerConfigs } from "./broker-configs.ts";
import { sqlCluster } from "./cluster.ts";
import { databaseRefusal, isUnreadable, reasonOf } from "./database-errors.ts";
import { sqlGroups } from "./groups.ts";
import type { Metadata } from "./metadata.ts";
import { sqlProducerIds } from "./producers.ts";
import { schemaSteps } from "./schema.ts";
import { sqlTopics } from "./topics.ts";
import { Transactions } from "./transactions.ts";

/**
 * Opens the metadata in the SQLite file at `path`, made if it is missing, and brings its schema up
 * to date. Refuses with KAFKA_STORAGE_ERROR, or DISK_FULL if the schema has no room.
 */
export async function openSqliteMetadata(path: string): Promise<Metadata | Refusal> {
  try {
    // SQLite would make it readable for everybody; its WAL takes over these permissions.
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    return new Refusal("KAFKA_STORAGE_ERROR", `metadata ${path}: ${String(error)}`);
  }
  // A URL, since Bun reads what follows a question mark in a plain path as options.
  const sql = new SQL({ adapter: "sqlite", filename: pathToFileURL(path) });
  const transactions = new Transactions<TransactionSQL>(
    async <T>(work: (sql: TransactionSQL) => Promise<T>) => (await sql.begin(work)) as T,
    `metadata ${path}`,
  );
  const refused = await prepareSqlite(sql, path, transactions);
  if (refused !== null) {
    await sql.close();
    return refused;
  }
  return {
    topics: sqlTopics(transactions),
    groups: sqlGroups(transactions),
    brokerConfigs: sqlBrokerConfigs(transactions),
    producerIds: sqlProducerIds(transactions),
    cluster: sqlCluster(transactions),
    close: () => sql.close(),
  };
}

/** Checks the file, then sets it up: see the head of this file for the order. */
async function prepareSqlite(
  sql: SQL,
  path: string,
  transactions: Transactions<TransactionSQL>,
): Promise<Refusal | null> {
  const refuse = (reason: string): Refusal =>
    new Refusal("KAFKA_STORAGE_ERROR", `metadata ${path}: ${reason}`);
  const unreadable = (reason: string): Refusal =>
    refuse(
      `${reason}. Nothing was changed. Put back a copy of it; or move it away: topics are then ` +
        "found again by their directories, other metadata starts empty",
    );
  try {
    await sql.unsafe(`pragma busy_timeout = ${metadataBusyMsMax}`);
    await sql.unsafe("pragma locking_mode = exclusive");
    const [check]: { quick_check: string }[] = await sql.unsafe("pragma quick_check(1)");
    if (check?.quick_check !== "ok") {
      return unreadable(`it is damaged: ${check?.quick_check.replaceAll("\n", " ")}`);
    }
    const version = await sqliteSchemaVersion(sql);
    if (version === null) return unreadable("it is a database, but not one of Obelisk's");
    if (version > schemaSteps.length) {
      return refuse(
        `its schema has version ${version} and was written by a newer Obelisk; this one knows ` +
          `${schemaSteps.length}. Nothing was changed. Start the newer one`,
      );
    }
    await sql.unsafe("pragma journal_mode = wal");
    await sql.unsafe("pragma synchronous = full");
    await sql.unsafe("pragma foreign_keys = on");
    const ignored = await pragmaNotInEffect(sql);
    return ignored === null ? await migrate(transactions, version) : refuse(ignored);
  } catch (error) {
    if (isUnreadable(error)) return unreadable(reasonOf(error));
    return databaseRefusal(error, `metadata ${path}: opening`);
  }
}

/** The version of the schema, 0 for an empty database; `null`: somebody else's database. */
async function sqliteSchemaVersion(sql: SQL): Promise<number | null> {
  const tables: { name: string }[] = await sql`select name from sqlite_master where type = 'table'`;
  if (tables.length === 0) return 0;
  if (!tables.some((table) => table.name === "schema_version")) return null;
  const rows: { version: number }[] = await sql`select version from schema_version`;
  return rows[0]?.version ?? null;
}

/** A pragma that SQLite does not know or cannot set is ignored without an error. */
async function pragmaNotInEffect(sql: SQL): Promise<string | null> {
  const wanted = {
    locking_mode: "exclusive",
    journal_mode: "wal",
    synchronous: 2,
    foreign_keys: 1,
  };
  const [set]: Record<string, string | number>[] = await sql`
    select * from pragma_locking_mode, pragma_journal_mode, pragma_synchronous,
                  pragma_foreign_keys`;
  for (const [name, value] of Object.entries(wanted)) {
    if (set?.[name] !== value) return `pragma ${name} stays ${set?.[name]}`;
  }
  return null;
}

/** All missing steps in one transaction: a crash leaves the old schema or the new one. */
async function migrate(
  transactions: Transactions<TransactionSQL>,
  from: number,
): Promise<Refusal | null> {
  if (from === schemaSteps.length) return null;
  return await transactions.run("bringing the schema up to date", async (sql) => {
    for (const step of schemaSteps.slice(from)) await sql.unsafe(step);
    await sql`delete from schema_version`;
    await sql`insert into schema_version (version) values (${schemaSteps.length})`;
    return null;
  });
}
