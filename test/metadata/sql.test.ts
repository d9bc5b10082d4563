/** Stories of the database file; what its tables do is in `topics.test.ts`. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { Refusal } from "../../src/base/refusal.ts";
import type { TopicRow } from "../../src/metadata/metadata.ts";
import { openSqliteMetadata } from "../../src/metadata/sql.ts";
import { MemoryLogger } from "../fake/logger.ts";
import { unwrap } from "../support/log-world.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";

const topic: TopicRow = {
  id: "5f0c9c0e-7a55-4a3e-9d0b-1c6f3a0f2b11",
  name: "orders",
  partitionCount: 3,
  state: "ready",
  createdAt: 1_754_705_528_480,
  config: { fsync: "never" },
};

/** The database as anybody's tool sees it. */
function behindItsBack(path: string, ...statements: string[]): void {
  using database = new Database(path);
  for (const statement of statements) database.run(statement);
}

/** A whole, closed database with one topic; its path. */
async function writtenIn(directory: string): Promise<string> {
  const path = join(directory, "obelisk.db");
  const metadata = unwrap(await openSqliteMetadata(path, new MemoryLogger()));
  expect(await metadata.topics.insert(topic)).toBeNull();
  await metadata.close();
  return path;
}

/** Expects that opening is refused with `message`, and that the file is as it was. */
async function expectRefusedUntouched(path: string, message: RegExp): Promise<void> {
  const before = fs.readFileSync(path);
  const refused = await openSqliteMetadata(path, new MemoryLogger());
  expect(String(refused)).toMatch(message);
  expect(refused).toBeInstanceOf(Refusal);
  expect(fs.readFileSync(path).equals(before)).toBe(true);
  expect(fs.readdirSync(join(path, ".."))).toEqual(["obelisk.db"]);
}

test("a new database belongs to its owner alone, and is one file once it is closed", async () => {
  using directory = temporaryDirectory();
  const path = await writtenIn(directory.path);
  expect(fs.statSync(path).mode & 0o777).toBe(0o600);
  expect(fs.readdirSync(directory.path)).toEqual(["obelisk.db"]);
});

test("any path will do, also one that looks like a URL with options", async () => {
  using directory = temporaryDirectory();
  const inner = join(directory.path, "what?mode=ro#50%25 ü");
  fs.mkdirSync(inner);
  await writtenIn(inner);
  expect(fs.readdirSync(inner)).toEqual(["obelisk.db"]);
});

test("while it is open no other process reads or writes it", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "obelisk.db");
  const metadata = unwrap(await openSqliteMetadata(path, new MemoryLogger()));
  expect(() => behindItsBack(path, "select * from topics")).toThrow("locked");
  await metadata.close();
  behindItsBack(path, "select * from topics");
});

test("what was acknowledged is there after the process was killed", async () => {
  using directory = temporaryDirectory();
  const metadata = unwrap(
    await openSqliteMetadata(join(directory.path, "obelisk.db"), new MemoryLogger()),
  );
  await metadata.topics.insert(topic);
  // Copies of the files at this moment are what a killed process leaves.
  using killed = temporaryDirectory();
  for (const name of fs.readdirSync(directory.path)) {
    fs.copyFileSync(join(directory.path, name), join(killed.path, name));
  }
  await metadata.close();
  const after = unwrap(
    await openSqliteMetadata(join(killed.path, "obelisk.db"), new MemoryLogger()),
  );
  expect(await after.topics.all()).toEqual([topic]);
  await after.close();
});

test("an empty file is a new database: creation may stop before its first byte", async () => {
  using directory = temporaryDirectory();
  fs.writeFileSync(join(directory.path, "obelisk.db"), "");
  await writtenIn(directory.path);
});

test("a directory that is not there is refused, and not made", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "missing", "obelisk.db");
  expect(String(await openSqliteMetadata(path, new MemoryLogger()))).toMatch(
    /KAFKA_STORAGE_ERROR.*ENOENT/,
  );
  expect(fs.readdirSync(directory.path)).toEqual([]);
});

test("a file that is no database is refused and stays as it is", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "obelisk.db");
  fs.writeFileSync(path, "my diary, and nobody's database. ".repeat(100));
  await expectRefusedUntouched(path, /not a database.*Nothing was changed/);
});

test("a damaged database is refused and stays as it is", async () => {
  using directory = temporaryDirectory();
  const path = await writtenIn(directory.path);
  const bytes = fs.readFileSync(path);
  // The second page is the root of the first table; its first bytes say what kind of page it is.
  fs.writeFileSync(path, bytes.fill(0xee, 4096, 4096 + 16));
  await expectRefusedUntouched(path, /damaged.*move it away/);
});

test("a database of another program is refused and stays as it is", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "obelisk.db");
  behindItsBack(path, "create table diary (day text, entry text)");
  await expectRefusedUntouched(path, /not one of Obelisk's/);
});

test("a database of a newer Obelisk is refused and stays as it is", async () => {
  using directory = temporaryDirectory();
  const path = await writtenIn(directory.path);
  behindItsBack(path, "update schema_version set version = 1000");
  await expectRefusedUntouched(path, /version 1000 .*newer Obelisk.*this one knows \d+/);
});

test.each([
  ["id", "'../../etc'"],
  ["state", "'redy'"],
  ["partition_count", "0"],
  ["partition_count", "1073741825"],
  ["created_at", "'yesterday'"],
])("a row whose %s has become %s is refused by name", async (column, value) => {
  using directory = temporaryDirectory();
  const path = await writtenIn(directory.path);
  behindItsBack(path, `update topics set ${column} = ${value}`);
  const metadata = unwrap(await openSqliteMetadata(path, new MemoryLogger()));
  const refused = await metadata.topics.all();
  expect(String(refused)).toMatch(new RegExp(`KAFKA_STORAGE_ERROR.*"orders".*${column}`));
  await metadata.close();
});

/** A volume of 1 MiB, if this process may mount one. */
function tinyVolume(): ({ readonly path: string } & Disposable) | null {
  const directory = temporaryDirectory();
  const { path } = directory;
  const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", path]);
  if (!mounted.success) {
    directory[Symbol.dispose]();
    return null;
  }
  return {
    path,
    [Symbol.dispose]() {
      Bun.spawnSync(["umount", path]);
      directory[Symbol.dispose]();
    },
  };
}

/** Writes until nothing more fits; returns the file that holds it. */
function fill(directory: string): string {
  const path = join(directory, "ballast");
  const file = fs.openSync(path, "w");
  try {
    while (fs.writeSync(file, new Uint8Array(4096)) === 4096);
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" });
  } finally {
    fs.closeSync(file);
  }
  return path;
}

const canMount = process.platform === "linux" && process.getuid?.() === 0;
const testOnVolume = skipUnless(canMount, "only root may mount a volume that can be filled");

testOnVolume("on a full disk it opens, reads and refuses; with room it goes on", async () => {
  using volume = tinyVolume();
  if (volume === null) throw new Error("root could not mount a tmpfs");
  const path = await writtenIn(volume.path);
  const ballast = fill(volume.path);
  const metadata = unwrap(await openSqliteMetadata(path, new MemoryLogger()));
  expect(await metadata.topics.all()).toEqual([topic]);
  expect(await metadata.topics.setState(topic.id, "deleting")).toMatchObject({ code: "DISK_FULL" });
  expect(await metadata.topics.all()).toEqual([topic]);
  fs.rmSync(ballast);
  expect(await metadata.topics.setState(topic.id, "deleting")).toBeNull();
  await metadata.close();
});
