/** Stories of one connection, on a file of its own. */
import { expect, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { SqliteConnection } from "../../src/metadata/sqlite.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../support/temporary.ts";

/** A new database with the tables of `script`. */
async function connectionIn(
  directory: TemporaryDirectory,
  script: string,
): Promise<SqliteConnection> {
  const path = join(directory.path, "m.db");
  fs.writeFileSync(path, "");
  const connection = new SqliteConnection(path);
  await connection.sql.script(script);
  return connection;
}

test("values come back as they were, in whatever place of a statement", async () => {
  using directory = temporaryDirectory();
  const connection = await connectionIn(directory, "create table rows (a, b, c, d, e)");
  const { sql } = connection;
  const values = [new Uint8Array([0, 255]), "ü'\\\n", Number.MAX_SAFE_INTEGER, null, -0.5] as const;
  const [bytes, text, integer, nothing, real] = values;
  await sql`insert into rows values (${bytes}, ${text}, ${integer}, ${nothing}, ${real})`;
  await sql.unsafe("insert into rows values ($1, $2, $3, $4, $5)", [...values].reverse());
  expect(await sql`select * from rows where b = ${text}`).toEqual([
    { a: bytes, b: text, c: integer, d: nothing, e: real },
  ]);
  expect(await sql`select * from rows where e = ${bytes}`).toEqual([
    { a: real, b: nothing, c: integer, d: text, e: bytes },
  ]);
  connection.close();
});

const failures = [
  ["its work rejects", "select no_such_function()", "SQLITE_ERROR"],
  ["its commit is refused", "insert into children values (7)", "SQLITE_CONSTRAINT_FOREIGNKEY"],
  ["SQLite has ended it", "insert or rollback into rows values (1)", "SQLITE_CONSTRAINT_UNIQUE"],
] as const;

test.each(failures)("if %s, a transaction leaves nothing behind", async (_, statement, code) => {
  using directory = temporaryDirectory();
  const connection = await connectionIn(
    directory,
    `pragma foreign_keys = on;
     create table rows (value integer unique);
     create table children (value references rows (value) deferrable initially deferred);`,
  );
  const failing = connection.begin(async (sql) => {
    await sql`insert into rows values (${1})`;
    await sql.unsafe(statement, []);
  });
  expect(await failing.catch((error: unknown) => error)).toMatchObject({ code });
  const next = connection.begin(async (sql) => {
    await sql`insert into rows values (${2})`;
    return await sql`select value from rows`;
  });
  expect(await next).toEqual([{ value: 2 }]);
  connection.close();
});

test("closed, it is one file again, and refuses everything but to be closed", async () => {
  using directory = temporaryDirectory();
  const connection = await connectionIn(
    directory,
    "pragma journal_mode = wal; create table rows (value integer)",
  );
  await connection.sql`insert into rows values (${1})`;
  expect(fs.readdirSync(directory.path)).toContain("m.db-wal");
  connection.close();
  connection.close();
  expect(fs.readdirSync(directory.path)).toEqual(["m.db"]);
  const closed = { code: "ERR_SQLITE_CONNECTION_CLOSED", message: "Connection closed" };
  const { sql, begin } = connection;
  for (const ask of [
    () => sql`select 1`,
    () => sql.script("select 1"),
    () => begin(async () => 1),
  ]) {
    const refused: unknown = await Promise.resolve(ask()).catch((error: unknown) => error);
    expect(refused).toMatchObject(closed);
  }
});

test("a file that is not there is not made", () => {
  using directory = temporaryDirectory();
  expect(() => new SqliteConnection(join(directory.path, "m.db"))).toThrow("unable to open");
  expect(fs.readdirSync(directory.path)).toEqual([]);
});
