import { expect, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../support/temporary.ts";

const guard = join(import.meta.dir, "..", "..", "src", "metadata", "exit-guard.ts");

/** A program that commits a row without closing the database, and then ends somehow. */
const program = (path: string, before: string, end: string): string => `
  import { Database } from "bun:sqlite";
  import { processExit } from ${JSON.stringify(guard)};
  const database = new Database(${JSON.stringify(path)});
  database.run("pragma journal_mode = wal");
  database.run("create table rows (value integer)");
  ${before}
  ${end}
`;

/** The files of the database after the program has ended, and how it did. */
async function endOf(before: string, end: string): Promise<[code: number, names: string[]]> {
  using directory = temporaryDirectory();
  const text = program(join(directory.path, "m.db"), before, end);
  const child = Bun.spawn([process.execPath, "-e", text], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  const code = await child.exited;
  return [
    code,
    fs
      .readdirSync(directory.path)
      .filter((name) => !name.endsWith("-shm"))
      .sort(),
  ];
}

const ends = ["process.exit(1);", "throw new Error('uncaught');", "setTimeout(() => {}, 1);"];

test.each(ends)("unguarded, the runtime closes the database at its end: %s", async (end) => {
  expect((await endOf("", end))[1]).toEqual(["m.db"]);
});

test.each(ends)("guarded, the log is left to the next start: %s", async (end) => {
  const [code, names] = await endOf("processExit.hold(database);", end);
  expect(names).toEqual(["m.db", "m.db-wal"]);
  expect(code).toBe(137);
});

test("a guard that was released does not count any more", async () => {
  const [code, names] = await endOf("processExit.hold(database)();", "process.exit(3);");
  expect([code, names]).toEqual([3, ["m.db"]]);
});
