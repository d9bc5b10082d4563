/**
 * A database's errors, as far as anybody may act on them. An error is recognised by its code
 * (SQLite's result codes, `SQLITE_*`, and `ERR_SQLITE_*` of the connection), or it is the disk's,
 * from a sync of ours; any other is a programmer's and is never turned into a refusal.
 */
import { Refusal, type RefusalCode } from "../base/refusal.ts";
import { DiskError } from "../disk/disk.ts";

/** The refusal for a database's error: `what`, then the reason. Throws any other error on. */
export function databaseRefusal(error: unknown, what: string): Refusal {
  if (error instanceof DiskError) {
    return new Refusal("KAFKA_STORAGE_ERROR", `${what}: ${error.message}`);
  }
  const code = codeOf(error);
  if (code === null) throw error;
  return new Refusal(
    refusalCodes.get(code) ?? "KAFKA_STORAGE_ERROR",
    `${what}: ${reasonOf(error)}`,
  );
}

/** What a database's error says, for people. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === "SQLITE_BUSY") return "another process has it open (SQLITE_BUSY)";
  return `${error instanceof Error ? error.message : String(error)} (${code})`;
}

/** Whether a file's content is no database, not a whole one, or of an unknown format. */
export const isUnreadable = (error: unknown): boolean =>
  /^SQLITE_(NOTADB|CORRUPT|ERROR$)/.test(codeOf(error) ?? "");

/** Whether a file or a directory could not be synced, by SQLite or by us. */
export const isFailedSync = (error: unknown): boolean =>
  error instanceof DiskError
    ? error.operation !== "open"
    : /^SQLITE_IOERR_(DIR_)?FSYNC$/.test(codeOf(error) ?? "");

const refusalCodes: ReadonlyMap<string, RefusalCode> = new Map([
  ["SQLITE_FULL", "DISK_FULL"],
  ["ERR_SQLITE_CONNECTION_CLOSED", "SHUTTING_DOWN"],
]);

function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" && /^(ERR_)?SQLITE_/.test(error.code) ? error.code : null;
}
