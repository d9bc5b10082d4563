/**
 * The metadata in a database, through `Bun.SQL`. Today SQLite, one file; the statements and the
 * schema are kept to what PostgreSQL understands too, and everything that is SQLite's own is in
 * `openSqliteMetadata`.
 *
 * How the file is opened, and why:
 * - `journal_mode = wal`, `synchronous = normal`: a commit is one append, and one sync that is ours
 *   and off the event loop (`write-ahead-log.ts`). A transaction has its result after it
 *   (`transactions.ts`); those that commit meanwhile share the next one.
 * - `locking_mode = exclusive`, before anything else: no other process may write the file, and the
 *   index of the WAL lies in memory. It would otherwise be a mapped file that must grow when the
 *   database is opened, and a broker could not start on a full disk to make room again.
 * - A file that is not a database, is damaged, belongs to something else or was written by a newer
 *   version is refused before anything is written, and never replaced: the topics' directories can
 *   be adopted again, what else is in it cannot.
 *
 * Bun runs SQLite on the calling thread: a transaction holds the event loop for what it computes,
 * never for the device, save in two cases: when the database is made, and while it is closed.
 */
import { pathToFileURL, SQL, type TransactionSQL } from "bun";
import { basename, dirname } from "node:path";
import type { Logger } from "../base/logger.ts";
import { Refusal } from "../base/refusal.ts";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { localDisk } from "../disk/local.ts";
import { metadataBusyMsMax, metadataWalBytesMax } from "../limits.ts";
import { sqlBrokerConfigs } from "./broker-configs.ts";
import { sqlCluster } from "./cluster.ts";
import { databaseRefusal, isUnreadable, reasonOf } from "./database-errors.ts";
import { type ExitGuard, processExit } from "./exit-guard.ts";
import { sqlGroups } from "./groups.ts";
import type { Metadata } from "./metadata.ts";
import { sqlProducerIds } from "./producers.ts";
import { schemaSteps } from "./schema.ts";
import { sqlTopics } from "./topics.ts";
import { Transactions } from "./transactions.ts";
import { isLogLeftOver, WriteAheadLog } from "./write-ahead-log.ts";

/** What a test may put in the place of. */
export interface MetadataSeams {
  /** Whose root is the directory of the file. */
  readonly disk: Disk;
  readonly exits: ExitGuard;
  /** Bytes at which the log is carried over. */
  readonly walBytesMax: number;
}

/**
 * Opens the metadata in the SQLite file at `path`, made if it is missing, and brings its schema up
 * to date. Refuses with KAFKA_STORAGE_ERROR, or DISK_FULL if the schema has no room.
 */
export async function openSqliteMetadata(
  path: string,
  logger: Logger,
  seams: MetadataSeams = {
    disk: localDisk(dirname(path)),
    exits: processExit,
    walBytesMax: metadataWalBytesMax,
  },
): Promise<Metadata | Refusal> {
  const what = `metadata ${path}`;
  let database: DiskFile;
  let isLeftOver: boolean;
  try {
    // SQLite would make it readable for everybody; its WAL takes over these permissions.
    database = await seams.disk.open(basename(path), "append");
    isLeftOver = await isLogLeftOver(seams.disk, basename(path));
  } catch (error) {
    return databaseRefusal(error, what);
  }
  // A URL, since Bun reads what follows a question mark in a plain path as options.
  const sql = new SQL({ adapter: "sqlite", filename: pathToFileURL(path) });
  const version = await prepareSqlite(sql, path);
  if (version instanceof Refusal) {
    await sql.close();
    // Not before: it would drop SQLite's locks.
    await database.close();
    return version;
  }
  const log = new WriteAheadLog({
    ...seams,
    execute: (text) => sql.unsafe(text),
    connection: sql,
    database,
    isLeftOver,
    onLarge: () => void carryOver(),
  });
  const begin = async <T>(work: (sql: TransactionSQL) => Promise<T>): Promise<T> =>
    (await sql.begin(work)) as T;
  const transactions = new Transactions<TransactionSQL>(begin, log, logger, what);
  const carryOver = async (): Promise<void> => {
    const refused = await transactions.alone("carrying the log over", () => log.carryOver());
    if (refused !== null) logger.warn("metadata log not carried over", { reason: refused.message });
  };
  const close = async (): Promise<void> => {
    // After a failed sync it stays open: SQLite would carry over what nobody has synced.
    const refused = await transactions.alone("closing", async () => {
      await log.durable();
      await sql.close();
      await log.close();
    });
    if (refused !== null) logger.error("metadata not closed", { reason: refused.message });
  };
  const unready = (await openLog(transactions, log)) ?? (await migrate(transactions, version));
  if (unready !== null) {
    if (transactions.sealedBy !== null) return unready;
    await sql.close();
    await log.close();
    return unready;
  }
  let closing: Promise<void> | null = null;
  return {
    topics: sqlTopics(transactions),
    groups: sqlGroups(transactions),
    brokerConfigs: sqlBrokerConfigs(transactions),
    producerIds: sqlProducerIds(transactions),
    cluster: sqlCluster(transactions),
    close: () => (closing ??= close()),
  };
}

/** A full disk does not keep it from being read. */
async function openLog(
  transactions: Transactions<TransactionSQL>,
  log: WriteAheadLog,
): Promise<Refusal | null> {
  const refused = await transactions.alone("opening the log", () => log.open());
  return refused?.code === "DISK_FULL" ? null : refused;
}

/**
 * Checks the file, then sets it up: see the head of this file for the order. Returns the version of
 * its schema.
 */
async function prepareSqlite(sql: SQL, path: string): Promise<number | Refusal> {
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
    await sql.unsafe("pragma synchronous = normal");
    await sql.unsafe("pragma wal_autocheckpoint = 0");
    await sql.unsafe("pragma foreign_keys = on");
    const ignored = await pragmaNotInEffect(sql);
    return ignored === null ? version : refuse(ignored);
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
    synchronous: 1,
    wal_autocheckpoint: 0,
    foreign_keys: 1,
  };
  const [set]: Record<string, string | number>[] = await sql`
    select * from pragma_locking_mode, pragma_journal_mode, pragma_synchronous,
                  pragma_foreign_keys`;
  // This one is no table.
  const [automatic]: Record<string, string | number>[] = await sql`pragma wal_autocheckpoint`;
  for (const [name, value] of Object.entries(wanted)) {
    const inEffect = { ...set, ...automatic }[name];
    if (inEffect !== value) return `pragma ${name} stays ${inEffect}`;
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
