import { expect, test } from "bun:test";
import { databaseRefusal, isFailedSync, isUnreadable } from "../../src/metadata/database-errors.ts";

const databaseError = (code: string, message = "of the database"): Error =>
  Object.assign(new Error(message), { code });

test.each([
  ["SQLITE_FULL", "DISK_FULL"],
  ["ERR_SQLITE_CONNECTION_CLOSED", "SHUTTING_DOWN"],
  ["SQLITE_IOERR_WRITE", "KAFKA_STORAGE_ERROR"],
  ["SQLITE_READONLY", "KAFKA_STORAGE_ERROR"],
] as const)("%s is refused as %s, with the database's words", (code, expected) => {
  const refusal = databaseRefusal(databaseError(code, "some reason"), "metadata: adding a topic");
  expect(refusal.code).toBe(expected);
  expect(refusal.message).toBe(`metadata: adding a topic: some reason (${code})`);
});

test("a locked database says who may have it", () => {
  const refusal = databaseRefusal(databaseError("SQLITE_BUSY", "database is locked"), "opening");
  expect(refusal.message).toBe("opening: another process has it open (SQLITE_BUSY)");
});

test("an error that is not a database's is a programmer's, and is thrown on", () => {
  const error = new TypeError("undefined is not a function");
  expect(() => databaseRefusal(error, "adding a topic")).toThrow(error);
  const foreign = databaseError("ENOENT");
  expect(() => databaseRefusal(foreign, "adding a topic")).toThrow(foreign);
});

test("only a failed fsync of a file or of a directory ends all trust", () => {
  const codes = [
    "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_DIR_FSYNC",
    "SQLITE_IOERR_WRITE",
    "SQLITE_FULL",
  ];
  expect(codes.filter((code) => isFailedSync(databaseError(code)))).toEqual([
    "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_DIR_FSYNC",
  ]);
});

test("a file that is no database is told from one that cannot be read just now", () => {
  const codes = ["SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR", "SQLITE_BUSY", "SQLITE_IOERR"];
  expect(codes.filter((code) => isUnreadable(databaseError(code)))).toEqual([
    "SQLITE_NOTADB",
    "SQLITE_CORRUPT",
    "SQLITE_ERROR",
  ]);
});
