/**
 * The metadata in a database. Today SQLite, one file (`sqlite.ts`); the statements and the schema
 * are kept to what PostgreSQL understands too, and how SQLite's own file is opened is all here.
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
 * SQLite runs on the calling thread: a transaction holds the event loop for what it computes,
 * never for the device, save in two cases: when the database is made, and while it is closed.
 */
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
import { SqliteConnection } from "./sqlite.ts";
import { sqlTopics } from "./topics.ts";
import { type Statement, Transactions } from "./transactions.ts";
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
  const connected = await connect(path, what);
  if (connected instanceof Refusal) {
    // Not before SQLite has closed it, whose locks would be dropped.
    await database.close();
    return connected;
  }
  const { connection, version } = connected;
  const log = new WriteAheadLog({
    ...seams,
    execute: (text) => connection.sql.script(text),
    connection,
    database,
    isLeftOver,
    onLarge: () => void carryOver(),
  });
  const transactions = new Transactions(connection.begin, log, logger, what);
  const carryOver = async (): Promise<void> => {
    const refused = await transactions.alone("carrying the log over", () => log.carryOver());
    if (refused !== null) logger.warn("metadata log not carried over", { reason: refused.message });
  };
  const close = async (): Promise<void> => {
    // After a failed sync it stays open: SQLite would carry over what nobody has synced.
    const refused = await transactions.alone("closing", async () => {
      await log.durable();
      connection.close();
      await log.close();
    });
    if (refused !== null) logger.error("metadata not closed", { reason: refused.message });
  };
  const unready = (await openLog(transactions, log)) ?? (await migrate(transactions, version));
  if (unready !== null) {
    if (transactions.sealedBy !== null) return unready;
    connection.close();
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

/** Opens the file, checked and set up; tells the version of its schema. Refused, it is closed. */
async function connect(
  path: string,
  what: string,
): Promise<{ readonly connection: SqliteConnection; readonly version: number } | Refusal> {
  let connection: SqliteConnection;
  try {
    connection = new SqliteConnection(path);
  } catch (error) {
    return databaseRefusal(error, `${what}: opening`);
  }
  const version = await prepareSqlite(connection.sql, path);
  if (!(version instanceof Refusal)) return { connection, version };
  connection.close();
  return version;
}

/** A full disk does not keep it from being read. */
async function openLog(
  transactions: Transactions<Statement>,
  log: WriteAheadLog,
): Promise<Refusal | null> {
  const refused = await transactions.alone("opening the log", () => log.open());
  return refused?.code === "DISK_FULL" ? null : refused;
}

/**
 * Checks the file, then sets it up: see the head of this file for the order. Returns the version of
 * its schema.
 */
async function prepareSqlite(sql: Statement, path: string): Promise<number | Refusal> {
  const refuse = (reason: string): Refusal =>
    new Refusal("KAFKA_STORAGE_ERROR", `metadata ${path}: ${reason}`);
  const unreadable = (reason: string): Refusal =>
    refuse(
      `${reason}. Nothing was changed. Put back a copy of it; or move it away: topics are then ` +
        "found again by their directories, other metadata starts empty",
    );
  try {
    await sql.script(`pragma busy_timeout = ${metadataBusyMsMax}`);
    await sql.script("pragma locking_mode = exclusive");
    const [check] = await sql`pragma quick_check(1)`;
    if (check?.["quick_check"] !== "ok") {
      const damage = String(check?.["quick_check"]).replaceAll("\n", " ");
      return unreadable(`it is damaged: ${damage}`);
    }
    const version = await sqliteSchemaVersion(sql);
    if (version === null) return unreadable("it is a database, but not one of Obelisk's");
    if (version > schemaSteps.length) {
      return refuse(
        `its schema has version ${version} and was written by a newer Obelisk; this one knows ` +
          `${schemaSteps.length}. Nothing was changed. Start the newer one`,
      );
    }
    await sql.script("pragma journal_mode = wal");
    await sql.script("pragma synchronous = normal");
    await sql.script("pragma wal_autocheckpoint = 0");
    await sql.script("pragma foreign_keys = on");
    const ignored = await pragmaNotInEffect(sql);
    return ignored === null ? version : refuse(ignored);
  } catch (error) {
    if (isUnreadable(error)) return unreadable(reasonOf(error));
    return databaseRefusal(error, `metadata ${path}: opening`);
  }
}

/** The version of the schema, 0 for an empty database; `null`: somebody else's database. */
async function sqliteSchemaVersion(sql: Statement): Promise<number | null> {
  const tables = await sql`select name from sqlite_master where type = 'table'`;
  if (tables.length === 0) return 0;
  if (!tables.some((table) => table["name"] === "schema_version")) return null;
  const [row] = await sql`select version from schema_version`;
  return row === undefined ? null : Number(row["version"]);
}

/** A pragma that SQLite does not know or cannot set is ignored without an error. */
async function pragmaNotInEffect(sql: Statement): Promise<string | null> {
  const wanted = {
    locking_mode: "exclusive",
    journal_mode: "wal",
    synchronous: 1,
    wal_autocheckpoint: 0,
    foreign_keys: 1,
  };
  const [set] = await sql`
    select * from pragma_locking_mode, pragma_journal_mode, pragma_synchronous,
                  pragma_foreign_keys`;
  // This one is no table.
  const [automatic] = await sql`pragma wal_autocheckpoint`;
  for (const [name, value] of Object.entries(wanted)) {
    const inEffect = { ...set, ...automatic }[name];
    if (inEffect !== value) return `pragma ${name} stays ${inEffect}`;
  }
  return null;
}

/** All missing steps in one transaction: a crash leaves the old schema or the new one. */
async function migrate(
  transactions: Transactions<Statement>,
  from: number,
): Promise<Refusal | null> {
  if (from === schemaSteps.length) return null;
  return await transactions.run("bringing the schema up to date", async (sql) => {
    for (const step of schemaSteps.slice(from)) await sql.script(step);
    await sql`delete from schema_version`;
    await sql`insert into schema_version (version) values (${schemaSteps.length})`;
    return null;
  });
}
